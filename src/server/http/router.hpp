#pragma once
// Which route answers a request: a pure table of method and path pattern. Built once, then only
// read.
//
//   Router router;
//   const auto status = router.add("GET", "/api/cockpit-agent/{agent_id}/status");
//   router.match("GET", "/api/cockpit-agent/web%2D1/status")->parameters["agent_id"]  // "web-1"

#include <cstddef>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cockpit::http {

struct Match {
    std::size_t route;                              ///< what add() returned
    std::map<std::string, std::string> parameters;  ///< by name, percent-decoded, never empty text
};

struct RouteFailure {
    int status;  ///< 400 ill-formed escape, 404 no such path, 405 path known but not for this
                 ///< method
    std::string detail;  ///< a sentence for the client
    std::string allow;   ///< with 405: the value of the Allow header, "GET, HEAD, POST"
};

class Router {
  public:
    /// `pattern` begins with / and is made of segments, each fixed text or one {parameter}; a
    /// parameter matches exactly one segment that is not empty. Returns the number of the route: 0,
    /// 1, 2, … Throws std::invalid_argument for an ill-formed pattern and for a second route of the
    /// same method and shape.
    std::size_t add(std::string_view method, std::string_view pattern);

    /// `raw_path` is still percent-encoded, without the query: it is cut at / first and decoded
    /// after, so that an encoded slash stays inside its segment. Of the patterns that match and
    /// have the method, the one whose first differing segment is fixed wins over the one where it
    /// is a parameter. HEAD is answered by the route of GET where none was added for HEAD itself.
    std::expected<Match, RouteFailure> match(std::string_view method,
                                             std::string_view raw_path) const;

  private:
    struct Segment {
        std::string text;  ///< fixed text, or the parameter's name
        bool is_parameter;
    };
    struct Route {
        std::string method;
        std::vector<Segment> segments;
    };
    static bool same_shape(const Route& a, const Route& b);
    static bool is_more_specific(const Route& a, const Route& b);
    static bool accepts(const Route& route, const std::vector<std::string>& segments);
    std::string methods_for(const std::vector<std::string>& segments) const;

    std::vector<Route> routes_;
};

}  // namespace cockpit::http

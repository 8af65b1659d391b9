#pragma once
// A request and a response as the endpoints see them: no socket, no Beast.

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cockpit::http {

struct Request {
    std::string method;    ///< upper case
    std::string path;      ///< percent-decoded, always begins with /
    std::string raw_path;  ///< as sent, without the query: what Router::match takes
    std::vector<std::pair<std::string, std::string>> query;  ///< percent-decoded, in order
    std::map<std::string, std::string> headers;              ///< names in lower case
    std::string body;
    std::string peer_address;  ///< without the port
    /// Names this request in the log and, as X-Request-Id, in the answer: the client's own where it
    /// is 1 to 64 letters, digits, dots, underscores and hyphens, else made up.
    std::string id;

    std::optional<std::string_view> header(std::string_view lower_case_name) const;
    std::optional<std::string_view> query_value(std::string_view name) const;
};

/// A body that is made while it is sent.
class BodyStream {
  public:
    virtual ~BodyStream() = default;
    /// The next piece, never empty; nothing: that was all. Asked for when the one before was given
    /// to the system, so a slow client holds one piece. Cancelled when the client leaves. What it
    /// throws cuts the connection.
    virtual boost::asio::awaitable<std::optional<std::string>> next() = 0;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    std::shared_ptr<BodyStream> stream;  ///< instead of `body`
};

/// RFC 9457: {"type":"about:blank","title":…,"status":…,"detail":…} as application/problem+json.
Response problem(int status, std::string_view detail);

/// Answers one request. What it throws becomes a 500 problem and a line in the log.
using Handler = std::function<boost::asio::awaitable<Response>(const Request&)>;

}  // namespace cockpit::http

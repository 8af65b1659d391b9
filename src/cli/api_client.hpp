#pragma once
// The server's HTTP API for one context, over libcurl: proxies, TLS and its system-wide trust are
// curl's. Blocking; one thread.

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "cli/contexts.hpp"

namespace cockpit::cli {

class ApiClient {
  public:
    explicit ApiClient(Context context);
    ~ApiClient();

    using Headers = std::map<std::string, std::string>;
    struct Answer {
        int status = 0;
        std::string body;
    };

    /// The JSON of a 2xx answer. Throws Failure for every other: with the server's own sentence,
    /// the exit code that fits and, where there is one, a hint.
    boost::json::object call(std::string_view method, const std::string& path,
                             const boost::json::object* body = nullptr, Headers headers = {});
    boost::json::object get(const std::string& path) { return call("GET", path); }
    boost::json::object post(const std::string& path, const boost::json::object& body,
                             Headers headers = {}) {
        return call("POST", path, &body, std::move(headers));
    }
    /// Whatever the answer is. Throws Failure when there is none.
    Answer send(std::string_view method, const std::string& path,
                const boost::json::object* body = nullptr, Headers headers = {});

    /// As call() does with it.
    boost::json::object read(const Answer& answer) const;

    /// What to do with bytes of a stream as they come; false ends it.
    using Sink = std::function<bool(std::string_view)>;
    /// GETs a stream until it or the sink ends; false when the connection broke before. Throws
    /// Failure for an answer that is no 2xx.
    bool stream(const std::string& path, const Headers& headers, const Sink& sink);

    const Context& context() const { return context_; }
    /// For a part of a path or a query.
    static std::string escape(std::string_view text);

  private:
    struct Easy;
    Context context_;
};

}  // namespace cockpit::cli

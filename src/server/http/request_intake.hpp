#pragma once
// From what the parser read to what the endpoints see, and the answers to what can be no request.
// Pure.

#include <boost/system/error_code.hpp>
#include <optional>
#include <string_view>

#include "server/http/listener.hpp"
#include "server/http/message.hpp"

namespace cockpit::http {

struct RequestLine {
    std::string_view method;
    std::string_view target;
    unsigned version = 11;  ///< 10 or 11
};

/// Adds a header field; one that came before is continued (RFC 9110, section 5.3).
void add_header(Request& request, std::string_view name, std::string_view value);

/// Fills in method, path and query of a request whose headers are added already. The answer to
/// give, if the request must be refused.
std::optional<Response> take_request_line(Request& request, const RequestLine& line,
                                          std::size_t host_headers);

/// The answer to what Beast's parser refused with `failed`.
Response malformed(const boost::system::error_code& failed, const ListenerSettings& settings);

/// Whether a client's X-Request-Id may stand in our log and answer.
bool is_sane_request_id(std::string_view id);

}  // namespace cockpit::http

#pragma once
// The answer of an HTTP/1.1 server (RFC 9112) as far as a client that asks one question per
// connection needs it. Beast would do it too, for 300 kB more in the agent
// (measured with -Os, LTO and gc-sections).

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cockpit::commands {

struct HttpReply {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;                            ///< chunks already joined
};

/// Reads an answer from all bytes that came so far. Nothing: more bytes are needed. `ended` says
/// that no more will come. The error is a sentence about what is wrong with the answer.
std::expected<std::optional<HttpReply>, std::string> parse_reply(std::string_view bytes,
                                                                 bool ended);

/// For use inside a path: everything but letters, digits and "-._~" becomes %XX (RFC 3986).
std::string percent_encode(std::string_view text);

}  // namespace cockpit::commands

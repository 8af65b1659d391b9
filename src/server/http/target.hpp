#pragma once
// The target of a request line (RFC 9112, section 3.2) taken apart and percent-decoded (RFC 3986).
// Pure.

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cockpit::http {

/// The text with %XX replaced by the byte it stands for. The error is a sentence: an escape that is
/// not two hexadecimal digits, a NUL (encoded or not), or bytes that are not UTF-8.
std::expected<std::string, std::string> percent_decode(std::string_view text);

struct Target {
    std::string raw_path;  ///< as sent, without the query; begins with /
    std::string path;
    std::vector<std::pair<std::string, std::string>>
        query;  ///< + stands for a space, as in HTML forms
};

/// Takes the origin form ("/path?query") and the absolute form ("http://host/path?query"), whose
/// host is dropped. The error is a sentence for the client.
std::expected<Target, std::string> parse_target(std::string_view target);

}  // namespace cockpit::http

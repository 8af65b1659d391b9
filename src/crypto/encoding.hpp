#pragma once
// Bytes as text. Pure functions.

#include <optional>
#include <string>
#include <string_view>

namespace cockpit::crypto {

/// Base64 with padding (RFC 4648, section 4).
std::string to_base64(std::string_view bytes);
/// Nothing for text that is not well-formed base64.
std::optional<std::string> from_base64(std::string_view text);

/// Base64 for places where + / = would need escapes (RFC 4648, section 5, no padding).
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

/// Lower-case hexadecimal digits.
std::string to_hex(std::string_view bytes);

}  // namespace cockpit::crypto

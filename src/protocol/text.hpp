#pragma once
// Checks of text on the wire. Pure functions.

#include <string>
#include <string_view>

namespace cockpit::protocol {

/// Whether the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view bytes);

/// The same bytes with each ill-formed part replaced by U+FFFD, for places that only hold text.
std::string to_utf8(std::string_view bytes);

}  // namespace cockpit::protocol

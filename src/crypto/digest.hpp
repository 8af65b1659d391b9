#pragma once
// Hashes and message authentication. Pure functions; results are raw bytes.

#include <string>
#include <string_view>

namespace cockpit::crypto {

/// SHA-256 (FIPS 180-4), 32 bytes.
std::string sha256(std::string_view bytes);

/// HMAC-SHA-256 (RFC 2104), 32 bytes, for a key of any length.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

/// Compares secrets in time that does not depend on where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace cockpit::crypto

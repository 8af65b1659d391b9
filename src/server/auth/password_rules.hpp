#pragma once
// What a password must be, and passwords made by us. Length is the only strength we can check;
// rules about kinds of characters make passwords worse (NIST SP 800-63B, section 5.1.1.2).

#include <expected>
#include <string>
#include <string_view>

namespace cockpit::auth {

inline constexpr std::size_t min_password_length = 12;   ///< characters of UTF-8
inline constexpr std::size_t max_password_bytes = 1024;  ///< so that hashing stays bounded

/// The error is a sentence that says what would be right.
std::expected<void, std::string> check_new_password(std::string_view username,
                                                    std::string_view password);

/// 24 letters and digits (120 random bits) without the look-alikes l, o, 0 and 1.
std::string generate_password();

}  // namespace cockpit::auth

#pragma once
// Who asks, and what they may. Values; pure functions.

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cockpit::auth {

/// The permission that includes every other one.
inline constexpr std::string_view everything = "*";

struct Permission {
    std::string_view name;
    std::string_view meaning;
};
/// All permissions there are, `everything` included. A name outside this list is granted to nobody.
std::span<const Permission> known_permissions();

/// Somebody whose token was checked, as the account was at that moment.
struct Identity {
    std::string username;
    std::vector<std::string> permissions;
    bool must_change_password = false;
    std::string token_hash;  ///< of the token they came with
    std::string token_name;  ///< "session", or the name of an API token
    std::int64_t expires_at_ms = 0;

    bool may(std::string_view permission) const;
};

/// Whether `permissions` include `permission`.
bool includes(std::span<const std::string> permissions, std::string_view permission);

/// Sorted and without repetition; the error is a sentence that names the first unknown permission.
std::expected<std::vector<std::string>, std::string> check_permissions(
    std::vector<std::string> permissions);

/// 1 to 64 of a-z 0-9 . _ @ -, the first a letter or a digit. The error is a sentence.
std::expected<void, std::string> check_username(std::string_view username);

}  // namespace cockpit::auth

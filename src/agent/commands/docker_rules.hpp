#pragma once
// Which containers a command may name. Pure.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace cockpit::commands {

/// Nothing, or the sentence why this host refuses it; `parameter` is where the name stood.
std::expected<void, std::string> check_container(std::string_view parameter,
                                                 const std::string& wanted,
                                                 const std::vector<std::string>& allowed);

}  // namespace cockpit::commands

#pragma once

#include <expected>
#include <filesystem>
#include <string>

namespace cockpit::server {

/// Makes the directory, for its owner only (0700), when it is not there. The error is a sentence.
std::expected<void, std::string> make_state_directory(const std::filesystem::path& directory);

std::filesystem::path server_key_file(const std::filesystem::path& state_directory);

}  // namespace cockpit::server

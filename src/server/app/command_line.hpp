#pragma once
// The words of `cockpit-server`'s command line, and the settings they and the environment make.

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/environment.hpp"
#include "config/server_settings.hpp"

namespace cockpit::server {

struct CommandLine {
    enum class Action { serve, join_token };
    Action action = Action::serve;
    bool standalone = false;
    std::optional<std::filesystem::path> state_directory;
    std::optional<std::uint16_t> port;
    std::optional<std::string> listen_address;
    std::optional<std::filesystem::path> env_file;
    std::int64_t token_uses = 1;
    std::chrono::seconds token_lifetime{24 * 3600};
};

/// What to do, or the code to exit with: --help, --version and mistakes have been answered on the
/// terminal.
std::expected<CommandLine, int> parse_command_line(int argc, char** argv);

/// Flags win over the environment, the environment over the .env file. Every mistake is one line.
std::expected<config::ServerSettings, std::vector<std::string>> settings_of(
    const CommandLine& line, const config::Environment& process_environment);

/// Where standalone mode's own Redis listens.
std::filesystem::path standalone_redis_socket(const std::filesystem::path& state_directory);

}  // namespace cockpit::server

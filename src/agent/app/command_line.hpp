#pragma once
// The agent's few flags; everything else it is told by environment and .env file.

#include <expected>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/environment.hpp"

namespace cockpit::agent_app {

struct CommandLine {
    bool help = false;
    bool version = false;
    std::optional<std::filesystem::path> env_file;            ///< --env-file FILE
    bool check_commands = false;                              ///< --check-commands [DIR]
    std::optional<std::filesystem::path> commands_directory;  ///< DIR; nothing: COMMANDS_DIR
};

/// `words` without the program's name. The error is a sentence.
std::expected<CommandLine, std::string> parse_command_line(std::span<const char* const> words);

extern const std::string_view help_text;

/// The process's environment, and beneath it the file's: `env_file` must exist, or else `.env` in
/// the working directory if there is one.
std::expected<config::Environment, std::string> gather_environment(const CommandLine& line);

}  // namespace cockpit::agent_app

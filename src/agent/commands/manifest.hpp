#pragma once
// What the host's owner wrote about one command: a file <name>.toml, read and checked as a whole.
// docs/commands.md describes every key.

#include <sys/types.h>

#include <chrono>
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/commands/text_template.hpp"
#include "protocol/command_schema.hpp"
#include "runtime/child_process.hpp"

namespace cockpit::commands {

/// What of a parameter concerns this host alone; the rest is in the schema.
struct ParameterRule {
    bool must_exist = false;           ///< paths
    bool may_begin_with_dash = false;  ///< the command is known to take it for no option
};

/// The user a command runs as, and what its environment says of it.
struct RunAs {
    std::string name;
    std::string home;
    std::optional<runtime::ChildUser> change;  ///< nothing: it is the agent's own
};

struct Manifest {
    protocol::CommandSchema schema;
    std::vector<TextTemplate> arguments;  ///< [0] has no placeholder
    std::map<std::string, TextTemplate> environment;
    std::optional<TextTemplate> resource;
    std::optional<TextTemplate> working_directory;
    std::map<std::string, ParameterRule> rules;  ///< by parameter, each is there
    RunAs user;
    std::string source;  ///< the file's text
};

struct ManifestContext {
    std::chrono::milliseconds default_timeout{30'000};  ///< COMMAND_TIMEOUT
};

/// 1 to 50 characters, the first a letter: a-z 0-9 _ - (the API and the table of commands take 50).
bool is_command_name(std::string_view name);

/// `file` is what sentences call it, `text` what it holds; its name without ".toml" is the
/// command's. Errors are all that is wrong, each "file:line:column: what is wrong and what would be
/// right". Looks users up (getpwnam(3)): not for the I/O thread.
std::expected<Manifest, std::vector<std::string>> read_manifest(const std::filesystem::path& file,
                                                                std::string_view text,
                                                                const ManifestContext& context);

}  // namespace cockpit::commands

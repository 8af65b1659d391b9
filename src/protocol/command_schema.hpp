#pragma once
// What a command takes and how it behaves, as its host declares it. The agent validates with it
// (its word is the last), and its hello carries it to the server, so that API, page and terminal
// can refuse wrong input before anything is sent.

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cockpit::protocol {

struct ParameterSchema {
    enum class Type { string, integer, boolean };

    std::string name;
    Type type = Type::string;
    bool required = false;
    std::string description;
    std::optional<std::string> default_text;  ///< used when the parameter is absent (strings only)
    std::size_t max_length = 4096;            ///< bytes, for strings
};

struct CommandSchema {
    std::string name;
    std::string description;
    std::vector<ParameterSchema> parameters;
    bool idempotent = false;           ///< may be tried again after an unknown outcome
    bool pure = false;                 ///< changes nothing: skips the journal
    std::int64_t timeout_ms = 30'000;  ///< how long it may run on this host at most
};

/// The parameters with defaults filled in, or a sentence that names what is wrong and what would be
/// right: unknown, missing and wrong-typed parameters, too long text, NUL in text.
std::expected<boost::json::object, std::string> validate_parameters(
    const CommandSchema& schema, const boost::json::object& parameters);

/// echo, git_pull and docker_restart as the original defined them. Also what a host of the original
/// protocol is taken to mean by these names in its capability list.
const std::vector<CommandSchema>& original_commands();
const CommandSchema* find_command(const std::vector<CommandSchema>& commands,
                                  std::string_view name);

/// A list of schemas as JSON text and back; what cannot be read is left out.
std::string to_text(const std::vector<CommandSchema>& commands);
std::vector<CommandSchema> command_schemas_from_text(std::string_view text);

boost::json::object to_json(const CommandSchema& schema);
std::expected<CommandSchema, std::string> command_schema_from_json(const boost::json::object& json);

}  // namespace cockpit::protocol

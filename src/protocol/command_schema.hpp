#pragma once
// What a command takes and how it behaves, as its host declares it. The agent validates with it
// (its word is the last), and its hello carries it to the server, so that API, page and terminal
// can refuse wrong input before anything is sent.

#include <boost/json/array.hpp>
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
    /// Used when the parameter is absent; for an integer or a boolean its JSON text.
    std::optional<std::string> default_text;
    std::size_t max_length = 4096;       ///< bytes, for strings
    std::optional<std::string> pattern;  ///< strings: all of it must match, see text_pattern.hpp
    std::vector<std::string> values;     ///< strings: unless empty, it must be one of these
    std::optional<std::int64_t> minimum;
    std::optional<std::int64_t> maximum;
    /// Strings: it must be an absolute path at or below this one. Said of the words of the path;
    /// the host looks at its file system, too.
    std::optional<std::string> root;
    /// Strings: travels and is kept only sealed to the host's key, see sealed_value.hpp.
    bool secret = false;
};

struct CommandSchema {
    std::string name;
    std::string description;
    std::vector<ParameterSchema> parameters;
    bool idempotent = false;           ///< may be tried again after an unknown outcome
    bool pure = false;                 ///< changes nothing: skips the journal
    std::int64_t timeout_ms = 30'000;  ///< how long it may run on this host at most
};

/// A host may declare so many; more are left out, or make the command unreadable.
inline constexpr std::size_t most_commands = 100;
inline constexpr std::size_t most_parameters = 50;
inline constexpr std::size_t longest_text_parameter = 65'536;

/// The parameters with defaults filled in, or a sentence that names what is wrong and what would be
/// right: unknown, missing and wrong-typed parameters, too long text, NUL in text, text or numbers
/// outside of what the schema allows. The sentence never holds the value. Secrets are given in the
/// clear.
std::expected<boost::json::object, std::string> validate_parameters(
    const CommandSchema& schema, const boost::json::object& parameters);

/// echo, git_pull and docker_restart as the original defined them. Also what a host of the original
/// protocol is taken to mean by these names in its capability list.
const std::vector<CommandSchema>& original_commands();
const CommandSchema* find_command(const std::vector<CommandSchema>& commands,
                                  std::string_view name);

/// A list of schemas as JSON text and back. What cannot be read, and what goes beyond
/// most_commands, is left out: a host that declares one bad command keeps the others.
std::string to_text(const std::vector<CommandSchema>& commands);
std::vector<CommandSchema> command_schemas_from_text(std::string_view text);
std::vector<CommandSchema> command_schemas_from_json(const boost::json::array& list);

/// Nothing, or what is wrong with a value of this parameter, as the rest of a sentence that begins
/// with the parameter's name.
std::optional<std::string> wrong_value(const ParameterSchema& parameter,
                                       const boost::json::value& value);
/// The default as the value it stands for; null for text that is none of the parameter's type.
boost::json::value default_value(const ParameterSchema& parameter);

boost::json::object to_json(const CommandSchema& schema);
std::expected<CommandSchema, std::string> command_schema_from_json(const boost::json::object& json);

}  // namespace cockpit::protocol

#include "protocol/command_schema.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "protocol/json_fields.hpp"

namespace cockpit::protocol {
namespace json = boost::json;
namespace {

std::string_view type_word(ParameterSchema::Type type) {
    switch (type) {
        case ParameterSchema::Type::string:
            return "string";
        case ParameterSchema::Type::integer:
            return "integer";
        case ParameterSchema::Type::boolean:
            return "boolean";
    }
    return "string";
}

std::string_view with_article(ParameterSchema::Type type) {
    switch (type) {
        case ParameterSchema::Type::string:
            return "a string";
        case ParameterSchema::Type::integer:
            return "an integer";
        case ParameterSchema::Type::boolean:
            return "a boolean";
    }
    return "a string";
}

std::optional<ParameterSchema::Type> parse_type(std::string_view word) {
    if (word == "string") return ParameterSchema::Type::string;
    if (word == "integer") return ParameterSchema::Type::integer;
    if (word == "boolean") return ParameterSchema::Type::boolean;
    return std::nullopt;
}

bool has_type(const json::value& value, ParameterSchema::Type type) {
    switch (type) {
        case ParameterSchema::Type::string:
            return value.is_string();
        case ParameterSchema::Type::integer:
            return value.is_int64() || value.is_uint64();
        case ParameterSchema::Type::boolean:
            return value.is_bool();
    }
    return false;
}

std::string name_list(const std::vector<ParameterSchema>& parameters) {
    if (parameters.empty()) return "it takes none";
    std::string list;
    for (const auto& parameter : parameters) {
        list += (list.empty() ? "it takes " : ", ") + parameter.name;
    }
    return list;
}

ParameterSchema parameter_from_json(const JsonFields& fields) {
    const auto type = parse_type(fields.text("type"));
    if (!type) JsonFields::wrong("type", "string, integer or boolean");
    const auto max_length = fields.integer("max_length");
    if (max_length < 0) JsonFields::wrong("max_length", "a number of bytes");
    return {.name = fields.text("name"),
            .type = *type,
            .required = fields.boolean("required"),
            .description = fields.text("description"),
            .default_text = fields.optional_text("default"),
            .max_length = static_cast<std::size_t>(max_length)};
}

}  // namespace

std::expected<json::object, std::string> validate_parameters(const CommandSchema& schema,
                                                             const json::object& parameters) {
    for (const auto& [name, value] : parameters) {
        const bool known = std::ranges::any_of(
            schema.parameters, [&](const ParameterSchema& p) { return p.name == name; });
        if (!known) {
            return std::unexpected("unknown parameter '" + std::string(name) + "' for command '" +
                                   schema.name + "': " + name_list(schema.parameters));
        }
    }
    json::object checked;
    for (const auto& parameter : schema.parameters) {
        const json::value* value = parameters.if_contains(parameter.name);
        // The original's callers send null for "not given".
        if (value == nullptr || value->is_null()) {
            if (parameter.required) {
                return std::unexpected("parameter '" + parameter.name + "' of command '" +
                                       schema.name + "' is missing: it is a required " +
                                       std::string(type_word(parameter.type)));
            }
            if (parameter.default_text) checked[parameter.name] = *parameter.default_text;
            continue;
        }
        if (!has_type(*value, parameter.type)) {
            return std::unexpected("parameter '" + parameter.name + "' of command '" + schema.name +
                                   "' must be " + std::string(with_article(parameter.type)));
        }
        if (const auto* text = value->if_string()) {
            if (text->size() > parameter.max_length) {
                return std::unexpected("parameter '" + parameter.name + "' is longer than " +
                                       std::to_string(parameter.max_length) + " bytes");
            }
            if (text->find('\0') != json::string::npos) {
                return std::unexpected("parameter '" + parameter.name +
                                       "' contains a NUL character, which no command can take");
            }
        }
        checked[parameter.name] = *value;
    }
    return checked;
}

const std::vector<CommandSchema>& original_commands() {
    using Type = ParameterSchema::Type;
    static const std::vector<CommandSchema> commands{
        {.name = "echo",
         .description = "Health check: answers with the message",
         .parameters = {{.name = "message",
                         .type = Type::string,
                         .description = "what to answer",
                         .default_text = "pong",
                         .max_length = 65536}},
         .idempotent = true,
         .pure = true,
         .timeout_ms = 30'000},
        {.name = "git_pull",
         .description = "Fast-forward a git work tree to its remote branch",
         .parameters = {{.name = "repository_path",
                         .type = Type::string,
                         .required = true,
                         .description = "one of the host's GIT_REPO_PATH"},
                        {.name = "branch",
                         .type = Type::string,
                         .description = "branch of the remote 'origin'",
                         .default_text = "main",
                         .max_length = 255}},
         .idempotent = true,
         .timeout_ms = 30'000},
        {.name = "docker_restart",
         .description = "Restart a container and wait until it runs again",
         .parameters = {{.name = "container_name",
                         .type = Type::string,
                         .required = true,
                         .description = "one of the host's DOCKER_CONTAINER_NAME",
                         .max_length = 255}},
         .idempotent = true,
         .timeout_ms = 60'000},
    };
    return commands;
}

const CommandSchema* find_command(const std::vector<CommandSchema>& commands,
                                  std::string_view name) {
    const auto found = std::ranges::find(commands, name, &CommandSchema::name);
    return found == commands.end() ? nullptr : &*found;
}

json::object to_json(const CommandSchema& schema) {
    json::array parameters;
    for (const auto& parameter : schema.parameters) {
        json::object one{{"name", parameter.name},
                         {"type", type_word(parameter.type)},
                         {"required", parameter.required},
                         {"description", parameter.description},
                         {"max_length", parameter.max_length}};
        if (parameter.default_text) one["default"] = *parameter.default_text;
        parameters.push_back(std::move(one));
    }
    return {{"name", schema.name},
            {"description", schema.description},
            {"parameters", std::move(parameters)},
            {"idempotent", schema.idempotent},
            {"pure", schema.pure},
            {"timeout_ms", schema.timeout_ms}};
}

std::expected<CommandSchema, std::string> command_schema_from_json(const json::object& object) {
    try {
        const JsonFields fields(object);
        CommandSchema schema{.name = fields.text("name"),
                             .description = fields.text("description"),
                             .idempotent = fields.boolean("idempotent"),
                             .pure = fields.boolean("pure"),
                             .timeout_ms = fields.integer("timeout_ms")};
        if (schema.timeout_ms < 1) JsonFields::wrong("timeout_ms", "a positive integer");
        for (const auto& item : fields.array("parameters")) {
            if (!item.is_object()) JsonFields::wrong("parameters", "a list of objects");
            schema.parameters.push_back(parameter_from_json(JsonFields(item.get_object())));
        }
        return schema;
    } catch (const std::invalid_argument& sentence) {
        return std::unexpected(std::string("not a command schema: ") + sentence.what());
    }
}

std::string to_text(const std::vector<CommandSchema>& commands) {
    json::array list;
    for (const auto& command : commands)
        list.push_back(to_json(command));
    return json::serialize(list);
}

std::vector<CommandSchema> command_schemas_from_text(std::string_view text) {
    std::vector<CommandSchema> commands;
    boost::system::error_code failed;
    const auto parsed = json::parse(text, failed);
    if (failed || !parsed.is_array()) return commands;
    for (const auto& item : parsed.get_array()) {
        if (!item.is_object()) continue;
        if (auto schema = command_schema_from_json(item.get_object())) {
            commands.push_back(*std::move(schema));
        }
    }
    return commands;
}

}  // namespace cockpit::protocol

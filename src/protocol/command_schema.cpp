#include "protocol/command_schema.hpp"

#include <boost/json.hpp>

namespace cockpit::protocol {
namespace json = boost::json;
namespace {

std::string_view type_word(ParameterSchema::Type type) {
    switch (type) {
        case ParameterSchema::Type::string: return "string";
        case ParameterSchema::Type::integer: return "integer";
        case ParameterSchema::Type::boolean: return "boolean";
    }
    return "string";
}

std::optional<ParameterSchema::Type> parse_type(std::string_view word) {
    if (word == "string") return ParameterSchema::Type::string;
    if (word == "integer") return ParameterSchema::Type::integer;
    if (word == "boolean") return ParameterSchema::Type::boolean;
    return std::nullopt;
}

bool has_type(const json::value& value, ParameterSchema::Type type) {
    switch (type) {
        case ParameterSchema::Type::string: return value.is_string();
        case ParameterSchema::Type::integer: return value.is_int64() || value.is_uint64();
        case ParameterSchema::Type::boolean: return value.is_bool();
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
                                   "' must be a " + std::string(type_word(parameter.type)));
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
        CommandSchema schema;
        schema.name = json::value_to<std::string>(object.at("name"));
        schema.description = json::value_to<std::string>(object.at("description"));
        schema.idempotent = object.at("idempotent").as_bool();
        schema.pure = object.at("pure").as_bool();
        schema.timeout_ms = object.at("timeout_ms").to_number<std::int64_t>();
        for (const auto& item : object.at("parameters").as_array()) {
            const auto& one = item.as_object();
            const auto type = parse_type(one.at("type").as_string());
            if (!type) return std::unexpected("a parameter has an unknown type");
            ParameterSchema parameter{
                .name = json::value_to<std::string>(one.at("name")),
                .type = *type,
                .required = one.at("required").as_bool(),
                .description = json::value_to<std::string>(one.at("description")),
                .max_length = one.at("max_length").to_number<std::size_t>()};
            if (const auto* text = one.if_contains("default")) {
                parameter.default_text = json::value_to<std::string>(*text);
            }
            schema.parameters.push_back(std::move(parameter));
        }
        return schema;
    } catch (const std::exception& wrong) {
        return std::unexpected(std::string("not a command schema: ") + wrong.what());
    }
}

}  // namespace cockpit::protocol

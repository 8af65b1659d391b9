#include "protocol/command_schema.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "protocol/json_fields.hpp"
#include "protocol/text_pattern.hpp"

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

std::string_view kind_word(const ParameterSchema& parameter) {
    return parameter.secret ? "secret" : type_word(parameter.type);
}

std::string_view with_article(const ParameterSchema& parameter) {
    switch (parameter.type) {
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

std::string joined(const std::vector<std::string>& words) {
    std::string list;
    for (const auto& word : words)
        list += (list.empty() ? "" : ", ") + word;
    return list;
}

// By words alone: "/srv/../etc" is not below "/srv"; symbolic links only the host can see.
bool below(std::string_view path, std::string_view root) {
    const auto normal = [](std::string_view text) {
        auto words = std::filesystem::path(text).lexically_normal().string();
        while (words.size() > 1 && words.ends_with('/'))
            words.pop_back();
        return words;
    };
    if (!path.starts_with('/')) return false;
    const auto inner = normal(path);
    const auto outer = normal(root);
    return outer == "/" || inner == outer || inner.starts_with(outer + "/");
}

std::optional<std::string> wrong_text(const ParameterSchema& parameter, std::string_view text) {
    if (text.find('\0') != std::string_view::npos) {
        return "contains a NUL character, which no command can take";
    }
    if (text.size() > parameter.max_length) {
        return "is longer than " + std::to_string(parameter.max_length) + " bytes";
    }
    if (!parameter.values.empty() &&
        std::ranges::find(parameter.values, text) == parameter.values.end()) {
        return "must be one of: " + joined(parameter.values);
    }
    if (parameter.pattern && !matches_pattern(*parameter.pattern, text)) {
        return "must match the pattern " + *parameter.pattern;
    }
    if (parameter.root && !below(text, *parameter.root)) {
        return "must be an absolute path at or below " + *parameter.root;
    }
    return std::nullopt;
}

std::optional<std::string> wrong_number(const ParameterSchema& parameter,
                                        const json::value& value) {
    // What does not fit 64 bits with a sign is larger than any maximum there can be.
    const bool huge = value.is_uint64() && value.get_uint64() > INT64_MAX;
    const auto number = huge                ? INT64_MAX
                        : value.is_uint64() ? static_cast<std::int64_t>(value.get_uint64())
                                            : value.get_int64();
    const bool low = parameter.minimum && number < *parameter.minimum;
    const bool high = parameter.maximum && (huge || number > *parameter.maximum);
    if (!low && !high) return std::nullopt;
    if (!parameter.maximum) return "must be at least " + std::to_string(*parameter.minimum);
    if (!parameter.minimum) return "must be at most " + std::to_string(*parameter.maximum);
    return "must be from " + std::to_string(*parameter.minimum) + " to " +
           std::to_string(*parameter.maximum);
}

std::vector<std::string> text_list(const JsonFields& fields, std::string_view name) {
    std::vector<std::string> list;
    if (fields.absent(name)) return list;
    for (const auto& item : fields.array(name)) {
        if (!item.is_string()) JsonFields::wrong(name, "a list of texts");
        list.emplace_back(item.get_string());
    }
    return list;
}

ParameterSchema parameter_from_json(const JsonFields& fields) {
    const auto type = parse_type(fields.text("type"));
    if (!type) JsonFields::wrong("type", "string, integer or boolean");
    const auto max_length = fields.integer("max_length");
    if (max_length < 0) JsonFields::wrong("max_length", "a number of bytes");
    ParameterSchema parameter{.name = fields.text("name"),
                              .type = *type,
                              .required = fields.boolean("required"),
                              .description = fields.text("description"),
                              .default_text = fields.optional_text("default"),
                              .max_length = static_cast<std::size_t>(max_length),
                              .pattern = fields.optional_text("pattern"),
                              .values = text_list(fields, "values"),
                              .minimum = fields.optional_integer("minimum"),
                              .maximum = fields.optional_integer("maximum"),
                              .root = fields.optional_text("root"),
                              .secret = !fields.absent("secret") && fields.boolean("secret")};
    if (parameter.pattern) {
        if (auto right = check_pattern(*parameter.pattern); !right) {
            throw std::invalid_argument("field 'pattern' is refused: " + right.error());
        }
    }
    if (parameter.root && !parameter.root->starts_with('/')) {
        JsonFields::wrong("root", "an absolute path");
    }
    return parameter;
}

}  // namespace

std::optional<std::string> wrong_value(const ParameterSchema& parameter, const json::value& value) {
    if (!has_type(value, parameter.type)) {
        return "must be " + std::string(with_article(parameter));
    }
    if (const auto* text = value.if_string()) return wrong_text(parameter, *text);
    if (value.is_number()) return wrong_number(parameter, value);
    return std::nullopt;
}

json::value default_value(const ParameterSchema& parameter) {
    if (parameter.type == ParameterSchema::Type::string)
        return json::string(*parameter.default_text);
    boost::system::error_code failed;
    auto value = json::parse(*parameter.default_text, failed);
    return !failed && has_type(value, parameter.type) ? value : json::value(nullptr);
}

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
                                       std::string(kind_word(parameter)));
            }
            if (!parameter.default_text) continue;
            auto filled = default_value(parameter);
            if (!filled.is_null()) checked[parameter.name] = std::move(filled);
            continue;
        }
        if (const auto wrong = wrong_value(parameter, *value)) {
            return std::unexpected("parameter '" + parameter.name + "' of command '" + schema.name +
                                   "' " + *wrong);
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
        if (parameter.pattern) one["pattern"] = *parameter.pattern;
        if (!parameter.values.empty()) one["values"] = json::value_from(parameter.values);
        if (parameter.minimum) one["minimum"] = *parameter.minimum;
        if (parameter.maximum) one["maximum"] = *parameter.maximum;
        if (parameter.root) one["root"] = *parameter.root;
        if (parameter.secret) one["secret"] = true;
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
        if (fields.array("parameters").size() > most_parameters) {
            JsonFields::wrong("parameters", "a list of at most " + std::to_string(most_parameters));
        }
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

std::vector<CommandSchema> command_schemas_from_json(const json::array& list) {
    std::vector<CommandSchema> commands;
    for (const auto& item : list) {
        if (commands.size() == most_commands) break;
        if (!item.is_object()) continue;
        if (auto schema = command_schema_from_json(item.get_object())) {
            commands.push_back(*std::move(schema));
        }
    }
    return commands;
}

std::vector<CommandSchema> command_schemas_from_text(std::string_view text) {
    boost::system::error_code failed;
    const auto parsed = json::parse(text, failed);
    if (failed || !parsed.is_array()) return {};
    return command_schemas_from_json(parsed.get_array());
}

}  // namespace cockpit::protocol

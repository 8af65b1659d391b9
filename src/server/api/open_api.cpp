#include "server/api/open_api.hpp"

#include <boost/json/array.hpp>
#include <map>

#include "server/api/shape.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

using Type = Field::Type;
constexpr std::string_view base = "/api/cockpit-agent/";

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

// The path without what all of them begin with.
std::string_view own_path(std::string_view pattern) {
    if (pattern.starts_with(base)) return pattern.substr(base.size());
    pattern.remove_prefix(1);
    return pattern;
}

std::string operation_of(const Endpoint& endpoint) {
    auto name = lower(endpoint.method) + "_";
    for (const char c : own_path(endpoint.pattern)) {
        const bool word =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (word) {
            name += c;
        } else if (!name.ends_with('_')) {
            name += '_';
        }
    }
    while (name.ends_with('_'))
        name.pop_back();
    return name;
}

// The original's paths name one subject in several ways; a reader looks for it in one place.
std::string tag_of(const Endpoint& endpoint) {
    static const std::map<std::string_view, std::string_view> subjects{
        {"list", "agents"},          {"events", "agents"},
        {"targets", "groups"},       {"command", "commands"},
        {"git-pull", "commands"},    {"docker-restart", "commands"},
        {"history", "commands"},     {"overview", "commands"},
        {"plans", "runs"},           {"maintenance-windows", "schedules"},
        {"deployments", "services"}, {"webhooks", "notifications"},
        {"healthz", "server"},       {"readyz", "server"},
        {"openapi", "server"}};
    const auto path = own_path(endpoint.pattern);
    const auto word = path.substr(0, path.find_first_of("/."));
    if (word.starts_with('{')) return "agents";
    const auto subject = subjects.find(word);
    return std::string(subject == subjects.end() ? word : subject->second);
}

void bound(json::object& schema, std::string_view least, std::string_view most,
           const Field& field) {
    if (field.min_length > 0) schema[least] = field.min_length;
    schema[most] = field.max_length;
}

json::object any_object() {
    return {{"type", "object"}, {"additionalProperties", true}};
}

json::object schema_of(const Field& field) {
    json::object schema;
    switch (field.type) {
        case Type::text:
            schema["type"] = "string";
            bound(schema, "minLength", "maxLength", field);
            break;
        case Type::integer:
        case Type::number:
            schema["type"] = field.type == Type::integer ? "integer" : "number";
            if (field.min) schema["minimum"] = *field.min;
            if (field.max) schema["maximum"] = *field.max;
            break;
        case Type::boolean:
            schema["type"] = "boolean";
            break;
        case Type::object:
            schema = any_object();
            break;
        case Type::text_list:
        case Type::object_list:
            schema["type"] = "array";
            schema["items"] =
                field.type == Type::text_list ? json::object{{"type", "string"}} : any_object();
            bound(schema, "minItems", "maxItems", field);
            break;
        case Type::amount:
            schema["oneOf"] =
                json::array{json::object{{"type", "integer"}, {"minimum", 0}},
                            json::object{{"type", "string"}, {"pattern", "^[0-9]+%?$"}}};
            break;
    }
    if (!field.description.empty()) schema["description"] = field.description;
    return schema;
}

json::array parameters_of(const Endpoint& endpoint) {
    json::array list;
    std::string_view rest = endpoint.pattern;
    for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
        rest.remove_prefix(open + 1);
        list.push_back(json::object{{"name", rest.substr(0, rest.find('}'))},
                                    {"in", "path"},
                                    {"required", true},
                                    {"schema", json::object{{"type", "string"}}}});
    }
    for (const auto& field : endpoint.query) {
        list.push_back(json::object{{"name", field.name},
                                    {"in", "query"},
                                    {"required", field.required},
                                    {"schema", schema_of(field)}});
    }
    for (const auto& name : endpoint.headers) {
        list.push_back(json::object{{"name", name},
                                    {"in", "header"},
                                    {"required", false},
                                    {"schema", json::object{{"type", "string"}}}});
    }
    return list;
}

json::object body_of(const Endpoint& endpoint) {
    json::object properties;
    json::array required;
    for (const auto& field : endpoint.body) {
        properties[field.name] = schema_of(field);
        if (field.required) required.emplace_back(field.name);
    }
    json::object schema{
        {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    const bool any_required = !required.empty();
    if (any_required) schema["required"] = std::move(required);
    return {{"required", any_required},
            {"content",
             json::object{{"application/json", json::object{{"schema", std::move(schema)}}}}}};
}

json::object problem(std::string_view description) {
    return {{"description", description},
            {"content", json::object{{"application/problem+json",
                                      json::object{{"schema", json::object{{"$ref",
                                                                            "#/components/schemas/"
                                                                            "Problem"}}}}}}}};
}

json::object success(const Endpoint& endpoint, std::string_view when) {
    json::object response{{"description", when}};
    if (!endpoint.answer.empty()) {
        response["content"] = json::object{
            {"application/json", json::object{{"schema", schema_of_type(endpoint.answer)}}}};
    }
    return response;
}

json::object responses_of(const Endpoint& endpoint) {
    json::object responses;
    for (const auto& [status, when] : endpoint.responses) {
        responses[std::to_string(status)] = status >= 400 ? problem(when) : success(endpoint, when);
    }
    if (endpoint.guard != Endpoint::Guard::open) {
        responses.emplace("401", problem("no token, or none that is good"));
    }
    if (endpoint.guard == Endpoint::Guard::permission) {
        responses.emplace("403", problem("needs the permission " + endpoint.permission));
    }
    responses.emplace("default", problem("what went wrong, as a sentence for a person"));
    return responses;
}

json::object operation(const Endpoint& endpoint) {
    json::object made{{"operationId", operation_of(endpoint)},
                      {"summary", endpoint.summary},
                      {"tags", json::array{tag_of(endpoint)}}};
    if (auto parameters = parameters_of(endpoint); !parameters.empty()) {
        made["parameters"] = std::move(parameters);
    }
    if (!endpoint.body.empty()) made["requestBody"] = body_of(endpoint);
    made["responses"] = responses_of(endpoint);
    if (endpoint.guard == Endpoint::Guard::open) {
        made["security"] = json::array();
    } else if (!endpoint.permission.empty()) {
        made["description"] = "Needs the permission `" + endpoint.permission + "`.";
    }
    return made;
}

json::object components() {
    const json::object text{{"type", "string"}};
    json::object schemas{
        {"Problem",
         json::object{
             {"type", "object"},
             {"description",
              "RFC 9457. Where a command is concerned its fields stand beside these, and "
              "`status` is its word."},
             {"required", json::array{"type", "title", "detail"}},
             {"properties", json::object{{"type", text}, {"title", text}, {"detail", text}}}}}};
    for (const auto& shape : shapes())
        schemas[shape.name] = schema_of_shape(shape);
    return {{"securitySchemes",
             json::object{{"token", json::object{{"type", "http"}, {"scheme", "bearer"}}}}},
            {"schemas", std::move(schemas)}};
}

}  // namespace

json::object open_api_document(std::span<const Endpoint> endpoints, std::string_view version) {
    json::object paths;
    for (const auto& endpoint : endpoints) {
        auto& path = paths[endpoint.pattern];
        if (!path.is_object()) path = json::object();
        path.get_object()[lower(endpoint.method)] = operation(endpoint);
    }
    return {{"openapi", "3.1.0"},
            {"info", json::object{{"title", "Cockpit"}, {"version", version}}},
            {"security", json::array{json::object{{"token", json::array()}}}},
            {"paths", std::move(paths)},
            {"components", components()}};
}

}  // namespace cockpit::api

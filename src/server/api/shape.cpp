#include "server/api/shape.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>
#include <stdexcept>
#include <string>

#include "server/api/shape_lists.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

bool cut_end(std::string_view& text, std::string_view end) {
    if (!text.ends_with(end)) return false;
    text.remove_suffix(end.size());
    return true;
}

json::object or_null(json::object schema) {
    auto* type = schema.if_contains("type");
    if (type == nullptr) {
        return {{"oneOf", json::array{std::move(schema), json::object{{"type", "null"}}}}};
    }
    *type = json::array{*type, "null"};
    return schema;
}

json::object of_word(std::string_view word) {
    static const std::map<std::string_view, std::string_view> simple{
        {"text", "string"}, {"integer", "integer"}, {"number", "number"}, {"boolean", "boolean"}};
    if (word == "any") return {};
    if (word == "object") return {{"type", "object"}, {"additionalProperties", true}};
    if (const auto found = simple.find(word); found != simple.end()) {
        return {{"type", found->second}};
    }
    if (std::ranges::find(shapes(), word, &Shape::name) == shapes().end()) {
        throw std::invalid_argument("'" + std::string(word) + "' is no type and no shape");
    }
    return {{"$ref", "#/components/schemas/" + std::string(word)}};
}

std::vector<Shape> all() {
    auto list = host_shapes();
    for (auto&& more : {run_shapes(), event_shapes()})
        list.insert(list.end(), more.begin(), more.end());
    return list;
}

}  // namespace

std::span<const Shape> shapes() {
    static const std::vector<Shape> list = all();
    return list;
}

json::object schema_of_type(std::string_view type) {
    if (cut_end(type, "?")) return or_null(schema_of_type(type));
    if (cut_end(type, "[]")) return {{"type", "array"}, {"items", schema_of_type(type)}};
    if (cut_end(type, "{}")) {
        return {{"type", "object"}, {"additionalProperties", schema_of_type(type)}};
    }
    return of_word(type);
}

json::object schema_of_shape(const Shape& shape) {
    if (!shape.words.empty()) {
        json::array words;
        for (const auto word : shape.words)
            words.emplace_back(word);
        return {{"type", "string"}, {"enum", std::move(words)}};
    }
    json::object properties;
    json::array required;
    for (const auto& member : shape.members) {
        auto name = member.name;
        if (!cut_end(name, "?")) required.emplace_back(name);
        properties[name] = schema_of_type(member.type);
    }
    return {{"type", "object"},
            {"required", std::move(required)},
            {"properties", std::move(properties)}};
}

}  // namespace cockpit::api

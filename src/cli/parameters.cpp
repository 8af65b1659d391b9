#include "cli/parameters.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "cli/failure.hpp"

namespace cockpit::cli {
namespace json = boost::json;
namespace {

bool is_text(const json::object& schema, std::string_view name) {
    const auto* parameters = schema.if_contains("parameters");
    if (parameters == nullptr || !parameters->is_array()) return false;
    for (const auto& parameter : parameters->get_array()) {
        const auto* fields = parameter.if_object();
        if (fields == nullptr) continue;
        const auto* called = fields->if_contains("name");
        const auto* type = fields->if_contains("type");
        if (called != nullptr && type != nullptr && called->is_string() &&
            called->get_string() == name)
            return type->is_string() && type->get_string() == "string";
    }
    return false;
}

}  // namespace

json::object parameters_of(const std::vector<std::string>& words, const json::object& schema) {
    json::object parameters;
    for (const auto& word : words) {
        const auto equals = word.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw Failure(Exit::usage, "'" + word + "' is no parameter",
                          "parameters are NAME=VALUE, as in message=hello");
        }
        const auto name = word.substr(0, equals);
        const auto text = word.substr(equals + 1);
        if (parameters.contains(name)) throw Failure(Exit::usage, "'" + name + "' is there twice");
        boost::system::error_code error;
        auto value = json::parse(text, error);
        if (error || is_text(schema, name)) value = text;
        parameters[name] = std::move(value);
    }
    return parameters;
}

}  // namespace cockpit::cli

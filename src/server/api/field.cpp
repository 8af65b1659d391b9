#include "server/api/field.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <charconv>
#include <cmath>

namespace cockpit::api {
namespace json = boost::json;
namespace {

std::string_view type_words(Field::Type type) {
    switch (type) {
        case Field::Type::text:
            return "a string";
        case Field::Type::integer:
            return "an integer";
        case Field::Type::number:
            return "a number";
        case Field::Type::boolean:
            return "true or false";
        case Field::Type::object:
            return "an object";
        case Field::Type::text_list:
            return "a list of strings";
        case Field::Type::object_list:
            return "a list of objects";
        case Field::Type::amount:
            return "a number, or a share such as \"10%\"";
    }
    return "a value";
}

std::string quoted(const Field& field) {
    return "'" + field.name + "'";
}

bool has_type(const json::value& value, Field::Type type) {
    switch (type) {
        case Field::Type::text:
            return value.is_string();
        case Field::Type::integer:
            return value.is_int64();
        case Field::Type::number:
            return value.is_number();
        case Field::Type::boolean:
            return value.is_bool();
        case Field::Type::object:
            return value.is_object();
        case Field::Type::amount:
            return value.is_int64() || value.is_string();
        case Field::Type::text_list:
            return value.is_array() &&
                   std::ranges::all_of(value.get_array(),
                                       [](const json::value& one) { return one.is_string(); });
        case Field::Type::object_list:
            return value.is_array() &&
                   std::ranges::all_of(value.get_array(),
                                       [](const json::value& one) { return one.is_object(); });
    }
    return false;
}

std::string names_of(std::span<const Field> fields) {
    if (fields.empty()) return "there are none";
    std::string names;
    for (const auto& field : fields) {
        names += (names.empty() ? "there are " : ", ") + field.name;
    }
    return names;
}

// Text from the client goes back into a sentence, so it is kept short.
std::string shortened(std::string_view text) {
    return text.size() <= 64 ? std::string(text) : std::string(text.substr(0, 64)) + "…";
}

std::optional<std::string> wrong_range(const Field& field, double value) {
    const bool low = field.min && value < static_cast<double>(*field.min);
    const bool high = field.max && value > static_cast<double>(*field.max);
    if (!low && !high) return std::nullopt;
    if (field.min && field.max) {
        return quoted(field) + " must be from " + std::to_string(*field.min) + " to " +
               std::to_string(*field.max);
    }
    return quoted(field) + (low ? " must be at least " + std::to_string(*field.min)
                                : " must be at most " + std::to_string(*field.max));
}

std::optional<std::string> wrong_length(const Field& field, std::size_t length,
                                        std::string_view unit) {
    if (length == 0 && field.min_length > 0) return quoted(field) + " must not be empty";
    if (length < field.min_length) {
        return quoted(field) + " must have at least " + std::to_string(field.min_length) + " " +
               std::string(unit);
    }
    if (length > field.max_length) {
        return quoted(field) + " must have at most " + std::to_string(field.max_length) + " " +
               std::string(unit);
    }
    return std::nullopt;
}

std::optional<std::string> wrong_value(const Field& field, const json::value& value) {
    if (!has_type(value, field.type)) {
        return quoted(field) + " must be " + std::string(type_words(field.type));
    }
    switch (field.type) {
        case Field::Type::text:
            return wrong_length(field, value.get_string().size(), "bytes");
        case Field::Type::text_list:
        case Field::Type::object_list:
            return wrong_length(field, value.get_array().size(), "entries");
        case Field::Type::integer:
            return wrong_range(field, value.to_number<double>());
        case Field::Type::number: {
            const auto number = value.to_number<double>();
            if (!std::isfinite(number)) return quoted(field) + " is not a finite number";
            return wrong_range(field, number);
        }
        case Field::Type::boolean:
        case Field::Type::object:
        case Field::Type::amount:
            return std::nullopt;
    }
    return std::nullopt;
}

template <typename Number>
std::optional<json::value> parse_number(std::string_view text) {
    Number number{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return json::value(number);
}

std::optional<json::value> from_text(Field::Type type, std::string_view text) {
    switch (type) {
        case Field::Type::text:
            return json::value(json::string_view(text.data(), text.size()));
        case Field::Type::integer:
            return parse_number<std::int64_t>(text);
        case Field::Type::number:
            return parse_number<double>(text);
        case Field::Type::boolean:
            if (text == "true") return json::value(true);
            if (text == "false") return json::value(false);
            return std::nullopt;
        case Field::Type::object:
        case Field::Type::text_list:
        case Field::Type::amount:
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

std::expected<json::object, std::string> check_fields(std::span<const Field> fields,
                                                      const json::object& given) {
    for (const auto& [name, value] : given) {
        if (std::ranges::none_of(fields, [&](const Field& field) { return field.name == name; })) {
            return std::unexpected("unknown field '" + shortened(name) + "'; " + names_of(fields));
        }
    }
    json::object checked;
    for (const auto& field : fields) {
        const auto* value = given.if_contains(field.name);
        if (value == nullptr || value->is_null()) {
            if (!field.required) continue;
            return std::unexpected(quoted(field) + " is missing; it must be " +
                                   std::string(type_words(field.type)));
        }
        if (auto wrong = wrong_value(field, *value)) return std::unexpected(*std::move(wrong));
        checked[field.name] = *value;
    }
    return checked;
}

std::expected<json::object, std::string> check_query(
    std::span<const Field> fields, const std::vector<std::pair<std::string, std::string>>& given) {
    json::object values;
    for (const auto& [name, text] : given) {
        const auto field = std::ranges::find(fields, name, &Field::name);
        if (field == fields.end()) {
            return std::unexpected("unknown query parameter '" + shortened(name) + "'; " +
                                   names_of(fields));
        }
        auto value = from_text(field->type, text);
        if (!value) {
            return std::unexpected(quoted(*field) + " must be " +
                                   std::string(type_words(field->type)));
        }
        if (!values.emplace(name, *std::move(value)).second) {
            return std::unexpected(quoted(*field) + " is given twice in the query");
        }
    }
    return check_fields(fields, values);
}

std::optional<std::string> text_of(const json::object& checked, std::string_view name) {
    const auto* value = checked.if_contains(name);
    if (value == nullptr) return std::nullopt;
    return std::string(value->as_string());
}

std::optional<std::int64_t> integer_of(const json::object& checked, std::string_view name) {
    const auto* value = checked.if_contains(name);
    if (value == nullptr) return std::nullopt;
    return value->as_int64();
}

std::optional<double> number_of(const json::object& checked, std::string_view name) {
    const auto* value = checked.if_contains(name);
    if (value == nullptr) return std::nullopt;
    return value->to_number<double>();
}

std::optional<bool> boolean_of(const json::object& checked, std::string_view name) {
    const auto* value = checked.if_contains(name);
    if (value == nullptr) return std::nullopt;
    return value->as_bool();
}

std::optional<std::vector<std::string>> list_of(const json::object& checked,
                                                std::string_view name) {
    const auto* value = checked.if_contains(name);
    if (value == nullptr) return std::nullopt;
    return json::value_to<std::vector<std::string>>(*value);
}

}  // namespace cockpit::api

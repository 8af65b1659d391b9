#include "agent/commands/toml_document.hpp"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#include <toml++/toml.h>

#include <algorithm>

namespace cockpit::commands {
namespace {

TextPosition position_of(const toml::source_region& region) {
    return {region.begin.line, region.begin.column};
}

TomlValue value_of(const toml::node& node) {
    TomlValue result{.value = TomlValue::Other{}, .position = position_of(node.source())};
    if (const auto* table = node.as_table()) {
        TomlValue::Table entries;
        for (const auto& [key, value] : *table) {
            entries.push_back({std::string(key.str()), position_of(key.source()), value_of(value)});
        }
        std::ranges::sort(entries, [](const TomlEntry& a, const TomlEntry& b) {
            return std::pair(a.position.line, a.position.column) <
                   std::pair(b.position.line, b.position.column);
        });
        result.value = std::move(entries);
    } else if (const auto* array = node.as_array()) {
        TomlValue::Array items;
        for (const auto& item : *array)
            items.push_back(value_of(item));
        result.value = std::move(items);
    } else if (const auto* text = node.as_string()) {
        result.value = text->get();
    } else if (const auto* number = node.as_integer()) {
        result.value = number->get();
    } else if (const auto* boolean = node.as_boolean()) {
        result.value = boolean->get();
    }
    return result;
}

}  // namespace

std::string_view TomlValue::kind() const {
    switch (value.index()) {
        case 1:
            return "a text";
        case 2:
            return "an integer";
        case 3:
            return "a boolean";
        case 4:
            return "a list";
        case 5:
            return "a table";
        default:
            return "a number with a point, a date or a time";
    }
}

std::expected<TomlValue, TomlError> parse_toml(std::string_view text) {
    const auto parsed = toml::parse(text);
    if (!parsed) {
        return std::unexpected(TomlError{position_of(parsed.error().source()),
                                         std::string(parsed.error().description())});
    }
    return value_of(parsed.table());
}

}  // namespace cockpit::commands

#pragma once
// A TOML document (https://toml.io/en/v1.0.0) as a tree of values that know where they stand, so
// that every complaint about one can name its line. toml++ reads it, in one translation unit only:
// its header is among the heaviest there are.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cockpit::commands {

/// Both count from 1.
struct TextPosition {
    std::size_t line = 1;
    std::size_t column = 1;
};

struct TomlEntry;

struct TomlValue {
    struct Other {};  ///< a floating point number, a date or a time: none is of use to us
    using Array = std::vector<TomlValue>;
    using Table = std::vector<TomlEntry>;  ///< in the order of the file

    std::variant<Other, std::string, std::int64_t, bool, Array, Table> value;
    TextPosition position;

    const Table* table() const { return std::get_if<Table>(&value); }
    const Array* array() const { return std::get_if<Array>(&value); }
    const std::string* text() const { return std::get_if<std::string>(&value); }
    /// "a text", "a table"…: for sentences.
    std::string_view kind() const;
};

struct TomlEntry {
    std::string key;
    TextPosition position;
    TomlValue value;
};

struct TomlError {
    TextPosition position;
    std::string reason;
};

/// The root is a table.
std::expected<TomlValue, TomlError> parse_toml(std::string_view text);

}  // namespace cockpit::commands

#include "cli/table.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace cockpit::cli {
namespace json = boost::json;
namespace {

// In code points: what a terminal shows in one place for most of what hosts are called.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string member(const json::value& row, const std::string& name) {
    const auto* object = row.if_object();
    const auto* value = object == nullptr ? nullptr : object->if_contains(name);
    return value == nullptr ? "-" : cell(*value);
}

}  // namespace

std::string printable(std::string_view text) {
    std::string shown(text);
    for (auto& c : shown) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < ' ' && c != '\n' && c != '\t') || byte == 0x7f) c = '?';
    }
    return shown;
}

std::string cell(const json::value& value) {
    std::string text;
    if (value.is_null()) return "-";
    if (value.is_string()) {
        text = value.get_string();
    } else if (const auto* list = value.if_array()) {
        for (const auto& one : *list)
            text += (text.empty() ? "" : ",") + cell(one);
    } else if (const auto* object = value.if_object()) {
        for (const auto& [name, one] : *object)
            text += (text.empty() ? "" : ",") + std::string(name) + "=" + cell(one);
    } else {
        text = json::serialize(value);
    }
    text = printable(text);
    std::ranges::replace(text, '\n', ' ');
    std::ranges::replace(text, '\t', ' ');
    return text.empty() ? "-" : text;
}

std::string table(const std::vector<Column>& columns, const json::array& rows) {
    std::vector<std::vector<std::string>> lines(1);
    for (const auto& column : columns)
        lines[0].push_back(column.title);
    for (const auto& row : rows) {
        auto& line = lines.emplace_back();
        for (const auto& column : columns)
            line.push_back(member(row, column.member));
    }
    std::vector<std::size_t> widths(columns.size());
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i)
            widths[i] = std::max(widths[i], width(line[i]));
    }
    std::string text;
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            text += line[i];
            if (i + 1 < line.size()) text.append(widths[i] - width(line[i]) + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

std::string formatted(Format format, const std::vector<Column>& columns, const json::array& rows) {
    if (format == Format::table) return table(columns, rows);
    if (format == Format::json) return json::serialize(rows) + "\n";
    std::string text;
    for (const auto& row : rows)
        text += json::serialize(row) + "\n";
    return text;
}

}  // namespace cockpit::cli

#pragma once
// Lists of objects as people and programs read them. Pure.

#include <boost/json/array.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace cockpit::cli {

enum class Format { table, json, jsonl };

/// A column shows a member of each object: lists joined by commas, objects as name=value, null as
/// "-". Control characters are shown as "?": what a host says must not move the cursor.
struct Column {
    std::string title;
    std::string member;
};

std::string table(const std::vector<Column>& columns, const boost::json::array& rows);
/// One line.
std::string cell(const boost::json::value& value);
/// A copy that a terminal can be given: no control characters but line ends and tabs.
std::string printable(std::string_view text);

/// `rows` in this format; a table has these columns.
std::string formatted(Format format, const std::vector<Column>& columns,
                      const boost::json::array& rows);

}  // namespace cockpit::cli

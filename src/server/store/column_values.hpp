#pragma once
// How our values become columns and come back: the one place of these rules.
//
// Text: PostgreSQL holds no NUL and nothing that is not UTF-8, and output of hosts may be any
// bytes. Both databases get the same: ill-formed parts and NUL become U+FFFD. Times: milliseconds
// since the Unix epoch become the database's own TIMESTAMP in UTC. SQLite has no such type and
// keeps the text `YYYY-MM-DD HH:MM:SS.mmm`, whose order is the order of time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/store/connection.hpp"

namespace cockpit::store {

/// The text as a database holds it.
std::string storable_text(std::string_view text);

Value text_value(std::optional<std::string_view> text);
Value integer_value(std::int64_t number);
Value integer_value(std::optional<std::int64_t> number);
/// For columns of the type INTEGER, which PostgreSQL gives 32 bits: clamped to them.
Value small_integer_value(std::optional<std::int64_t> number);
Value boolean_value(bool value);
Value timestamp_value(std::optional<std::int64_t> milliseconds);

/// From year 0 to 9999; what lies outside is clamped.
std::string format_timestamp(std::int64_t milliseconds);
/// Understands what either database, or the original's SQLAlchemy, writes: fraction of 0 to 9
/// digits, `T` or a space between, an offset from UTC at the end. Nothing for anything else.
std::optional<std::int64_t> parse_timestamp(std::string_view text);
/// Null, and text that is no time, is nothing.
std::optional<std::int64_t> timestamp_cell(const std::optional<std::string>& cell);

}  // namespace cockpit::store

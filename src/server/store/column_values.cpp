#include "server/store/column_values.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>

#include "protocol/text.hpp"

namespace cockpit::store {
namespace {

constexpr std::int64_t ms_per_day = 86'400'000;
constexpr std::string_view replacement = "\xef\xbf\xbd";

// Reads exactly `digits` digits and removes them from the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int number = 0;
    for (const char c : text.substr(0, digits)) {
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    return number;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

std::int64_t take_fraction_ms(std::string_view& text) {
    if (!take(text, ".")) return 0;
    std::int64_t value = 0;
    int scale = 100;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        value += (text.front() - '0') * scale;
        scale /= 10;
        text.remove_prefix(1);
    }
    return value;
}

// `Z`, `+02`, `+02:00`, `+0200` or nothing.
std::optional<std::int64_t> take_offset_ms(std::string_view& text) {
    if (text.empty() || take(text, "Z")) return 0;
    const int sign = text.front() == '-' ? -1 : 1;
    if (!take(text, "+-")) return std::nullopt;
    const auto hours = take_number(text, 2);
    if (!hours) return std::nullopt;
    std::optional<int> minutes = 0;
    if (!text.empty()) {
        take(text, ":");
        minutes = take_number(text, 2);
        if (!minutes) return std::nullopt;
    }
    return sign * (*hours * 60 + *minutes) * std::int64_t{60'000};
}

}  // namespace

std::string storable_text(std::string_view text) {
    std::string out = protocol::is_utf8(text) ? std::string(text) : protocol::to_utf8(text);
    if (out.find('\0') == std::string::npos) return out;
    std::string without_nul;
    without_nul.reserve(out.size() + 16);
    for (const char c : out) {
        if (c == '\0') {
            without_nul += replacement;
        } else {
            without_nul += c;
        }
    }
    return without_nul;
}

Value text_value(std::optional<std::string_view> text) {
    if (!text) return std::monostate{};
    return storable_text(*text);
}

Value integer_value(std::int64_t number) {
    return number;
}

Value integer_value(std::optional<std::int64_t> number) {
    if (!number) return std::monostate{};
    return *number;
}

Value small_integer_value(std::optional<std::int64_t> number) {
    if (!number) return std::monostate{};
    return std::clamp<std::int64_t>(*number, std::numeric_limits<std::int32_t>::min(),
                                    std::numeric_limits<std::int32_t>::max());
}

Value boolean_value(bool value) {
    return std::int64_t{value};
}

Value timestamp_value(std::optional<std::int64_t> milliseconds) {
    if (!milliseconds) return std::monostate{};
    return format_timestamp(*milliseconds);
}

std::string format_timestamp(std::int64_t milliseconds) {
    using namespace std::chrono;
    // 0001-01-01 and 9999-12-31, in days from 1970: PostgreSQL's text has four digits between them.
    constexpr std::int64_t first = -719'162 * ms_per_day;
    constexpr std::int64_t last = 2'932'897 * ms_per_day - 1;
    const auto at = sys_time<std::chrono::milliseconds>(
        std::chrono::milliseconds(std::clamp(milliseconds, first, last)));
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss time(at - day);
    char buffer[64];
    std::snprintf(
        buffer, sizeof buffer, "%04d-%02u-%02u %02d:%02d:%02d.%03d", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    return buffer;
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
    using namespace std::chrono;
    const auto year_number = take_number(text, 4);
    if (!year_number || !take(text, "-")) return std::nullopt;
    const auto month_number = take_number(text, 2);
    if (!month_number || !take(text, "-")) return std::nullopt;
    const auto day_number = take_number(text, 2);
    if (!day_number) return std::nullopt;
    const year_month_day date(year(*year_number), month(static_cast<unsigned>(*month_number)),
                              day(static_cast<unsigned>(*day_number)));
    if (!date.ok()) return std::nullopt;
    const std::int64_t midnight = sys_days(date).time_since_epoch().count() * ms_per_day;
    if (text.empty()) return midnight;

    if (!take(text, " T")) return std::nullopt;
    const auto hours_number = take_number(text, 2);
    if (!hours_number || !take(text, ":")) return std::nullopt;
    const auto minutes_number = take_number(text, 2);
    if (!minutes_number || !take(text, ":")) return std::nullopt;
    const auto seconds_number = take_number(text, 2);
    if (!seconds_number || *hours_number > 24 || *minutes_number > 59 || *seconds_number > 60) {
        return std::nullopt;
    }
    const std::int64_t fraction = take_fraction_ms(text);
    const auto offset = take_offset_ms(text);
    if (!offset || !text.empty()) return std::nullopt;
    return midnight +
           ((*hours_number * 60 + *minutes_number) * std::int64_t{60} + *seconds_number) * 1000 +
           fraction - *offset;
}

std::optional<std::int64_t> timestamp_cell(const std::optional<std::string>& cell) {
    return cell ? parse_timestamp(*cell) : std::nullopt;
}

const std::optional<std::string>& Rows::Row::cell(std::size_t column) const {
    return rows_.cells.at(index_ * rows_.columns + column);
}

std::string Rows::Row::text(std::size_t column) const {
    return cell(column).value_or("");
}

std::optional<std::int64_t> Rows::Row::integer(std::size_t column) const {
    const auto& digits = cell(column);
    if (!digits) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] =
        std::from_chars(digits->data(), digits->data() + digits->size(), number);
    if (error != std::errc() || end != digits->data() + digits->size()) {
        throw DatabaseError(DatabaseError::Kind::refused,
                            "the database holds '" + *digits + "' where a whole number belongs");
    }
    return number;
}

bool Rows::Row::boolean(std::size_t column) const {
    const auto& word = cell(column);
    return word && (*word == "t" || *word == "1" || *word == "true");
}

}  // namespace cockpit::store

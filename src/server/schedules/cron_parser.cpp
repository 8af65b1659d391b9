#include <algorithm>
#include <span>
#include <vector>

#include "server/schedules/cron.hpp"

namespace cockpit::schedules {
namespace {

constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> day_names{"sun", "mon", "tue", "wed",
                                                    "thu", "fri", "sat"};

struct FieldRule {
    std::string_view name;
    int min;
    int max;
    std::span<const std::string_view> names;  ///< the first stands for `first_name`
    int first_name = 0;
};
const std::array<FieldRule, 6> rules{{{"second", 0, 59, {}},
                                      {"minute", 0, 59, {}},
                                      {"hour", 0, 23, {}},
                                      {"day of month", 1, 31, {}},
                                      {"month", 1, 12, month_names, 1},
                                      {"day of week", 0, 7, day_names, 0}}};

struct Nickname {
    std::string_view name;
    std::string_view meaning;
};
constexpr std::array<Nickname, 7> nicknames{{{"@yearly", "0 0 1 1 *"},
                                             {"@annually", "0 0 1 1 *"},
                                             {"@monthly", "0 0 1 * *"},
                                             {"@weekly", "0 0 * * 0"},
                                             {"@daily", "0 0 * * *"},
                                             {"@midnight", "0 0 * * *"},
                                             {"@hourly", "0 * * * *"}}};

struct Piece {
    std::string_view text;
    std::size_t column;
};

bool is_space(char c) {
    return c == ' ' || c == '\t';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
std::string lower(std::string_view text) {
    std::string result(text);
    for (auto& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

std::vector<Piece> words_of(std::string_view text) {
    std::vector<Piece> words;
    for (std::size_t at = 0; at < text.size();) {
        if (is_space(text[at])) {
            ++at;
            continue;
        }
        const auto begin = at;
        while (at < text.size() && !is_space(text[at]))
            ++at;
        words.push_back({text.substr(begin, at - begin), begin + 1});
    }
    return words;
}

std::string range_of(const FieldRule& rule) {
    auto text = std::to_string(rule.min) + " to " + std::to_string(rule.max);
    if (!rule.names.empty()) {
        text += ", or " + std::string(rule.names.front()) + " to " + std::string(rule.names.back());
    }
    return text;
}

std::unexpected<CronError> wrong(const FieldRule& rule, std::size_t column,
                                 const std::string& sentence) {
    return std::unexpected(
        CronError{column, "the field " + std::string(rule.name) + " " + sentence});
}

// What an error repeats must be short and printable.
std::string quoted(std::string_view text) {
    std::string shown = "'";
    for (const char c : text.substr(0, 20))
        shown += c >= ' ' && c <= '~' ? c : '?';
    return shown + (text.size() > 20 ? "…'" : "'");
}

std::expected<int, CronError> number_in(const FieldRule& rule, Piece piece) {
    const auto name = std::ranges::find(rule.names, lower(piece.text));
    if (name != rule.names.end())
        return rule.first_name + static_cast<int>(name - rule.names.begin());
    const bool digits = !piece.text.empty() && std::ranges::all_of(piece.text, is_digit);
    if (!digits) {
        const auto has =
            piece.text.empty() ? std::string("lacks a value") : "has " + quoted(piece.text);
        return wrong(rule, piece.column, has + " where a value must stand: " + range_of(rule));
    }
    int value = piece.text.size() > 4 ? 10'000 : 0;
    for (const char c : piece.text.substr(0, 4))
        value = value * 10 + (c - '0');
    if (piece.text.size() > 4 || value < rule.min || value > rule.max) {
        return wrong(rule, piece.column,
                     "cannot be " + quoted(piece.text) + "; it goes from " + range_of(rule));
    }
    return value;
}

std::expected<int, CronError> step_in(const FieldRule& rule, Piece piece) {
    const bool digits =
        !piece.text.empty() && piece.text.size() <= 4 && std::ranges::all_of(piece.text, is_digit);
    int value = 0;
    if (digits) {
        for (const char c : piece.text)
            value = value * 10 + (c - '0');
    }
    if (value < 1 || value > rule.max) {
        return wrong(rule, piece.column,
                     "has the step " + quoted(piece.text) + "; a step is a number from 1 to " +
                         std::to_string(rule.max));
    }
    return value;
}

std::expected<std::uint64_t, CronError> part_in(const FieldRule& rule, Piece part) {
    int step = 1;
    bool stepped = false;
    auto range = part;
    if (const auto slash = part.text.find('/'); slash != std::string_view::npos) {
        const auto read = step_in(rule, {part.text.substr(slash + 1), part.column + slash + 1});
        if (!read) return std::unexpected(read.error());
        step = *read;
        stepped = true;
        range.text = part.text.substr(0, slash);
    }
    int first = rule.min;
    // 0 and 7 are one day, which `*` must not count twice.
    int last = rule.name == "day of week" ? 6 : rule.max;
    if (range.text != "*") {
        const auto dash = range.text.find('-');
        const auto from = number_in(rule, {range.text.substr(0, dash), range.column});
        if (!from) return std::unexpected(from.error());
        first = last = *from;
        if (dash != std::string_view::npos) {
            const Piece end{range.text.substr(dash + 1), range.column + dash + 1};
            const auto to = number_in(rule, end);
            if (!to) return std::unexpected(to.error());
            last = *to;
            if (last == 0 && first > 0 && lower(end.text) == "sun") last = 7;
            if (last < first) {
                return wrong(rule, range.column,
                             "has the range " + quoted(range.text) +
                                 ", which runs backwards; write two ranges with a comma");
            }
        } else if (stepped) {
            return wrong(rule, range.column,
                         "has a step after a single value; write a range before it, or *");
        }
    }
    std::uint64_t set = 0;
    for (int value = first; value <= last; value += step)
        set |= std::uint64_t{1} << (rule.name == "day of week" ? value % 7 : value);
    return set;
}

std::expected<std::uint64_t, CronError> set_in(const FieldRule& rule, Piece field) {
    std::uint64_t set = 0;
    for (std::size_t at = 0;;) {
        const auto comma = std::min(field.text.find(',', at), field.text.size());
        const auto part = part_in(rule, {field.text.substr(at, comma - at), field.column + at});
        if (!part) return std::unexpected(part.error());
        set |= *part;
        if (comma == field.text.size()) return set;
        at = comma + 1;
    }
}

// Whether some month of the set has some day of the set, in a leap year.
bool can_be(std::uint64_t days, std::uint64_t months) {
    constexpr std::array<int, 13> longest{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (std::size_t month = 1; month <= 12; ++month) {
        const auto of_month = (std::uint64_t{2} << longest[month]) - 2;
        if ((months >> month & 1) != 0 && (days & of_month) != 0) return true;
    }
    return false;
}

}  // namespace

class CronParser {
  public:
    static std::expected<Cron, CronError> fields(const std::vector<Piece>& words) {
        Cron cron;
        const std::size_t skipped = 6 - words.size();
        if (skipped == 1) cron.sets_[0] = 1;
        const auto begins_with_star = [&](std::size_t field) {
            return words[field - skipped].text.starts_with('*');
        };
        for (std::size_t field = skipped; field < 6; ++field) {
            const auto set = set_in(rules[field], words[field - skipped]);
            if (!set) return std::unexpected(set.error());
            cron.sets_[field] = *set;
        }
        cron.fixed_times_ = !begins_with_star(1) && !begins_with_star(2);
        cron.either_day_ = !begins_with_star(3) && !begins_with_star(5);
        if (!cron.either_day_ && !can_be(cron.sets_[3], cron.sets_[4])) {
            return wrong(rules[3], words[3 - skipped].column,
                         "names days that none of the months has: this would never be due");
        }
        return cron;
    }
};

std::expected<Cron, CronError> Cron::parse(std::string_view text) {
    if (text.size() > max_bytes) {
        return std::unexpected(CronError{max_bytes + 1, "the expression is longer than " +
                                                            std::to_string(max_bytes) + " bytes"});
    }
    auto words = words_of(text);
    if (words.empty()) {
        return std::unexpected(
            CronError{1,
                      "the expression is empty; five fields must be there: minute, hour, day of "
                      "month, month, day of week"});
    }
    if (words.front().text.starts_with('@')) {
        const auto known = std::ranges::find(nicknames, lower(words.front().text), &Nickname::name);
        if (known == nicknames.end()) {
            return std::unexpected(
                CronError{words.front().column,
                          quoted(words.front().text) +
                              " is not known; there are @yearly, @annually, @monthly, @weekly, "
                              "@daily, @midnight, @hourly"});
        }
        if (words.size() > 1) {
            return std::unexpected(
                CronError{words[1].column, "nothing may follow " + std::string(known->name)});
        }
        words = words_of(known->meaning);
    }
    if (words.size() < 5) {
        return std::unexpected(CronError{
            text.size() + 1,
            "the field " + std::string(rules[words.size() + 1].name) + " is missing; there are " +
                std::to_string(words.size()) +
                " fields, and five must be there: minute, hour, day of month, month, day of week "
                "(six with the second before them)"});
    }
    if (words.size() > 6) {
        return std::unexpected(
            CronError{words[6].column,
                      "there are more than six fields: second, minute, hour, day "
                      "of month, month, day of week"});
    }
    return CronParser::fields(words);
}

}  // namespace cockpit::schedules

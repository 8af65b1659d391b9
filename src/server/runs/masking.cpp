#include "server/runs/masking.hpp"

#include <algorithm>
#include <array>

namespace cockpit::runs {
namespace {

// Bounds what is looked at from one place, so that the whole stays linear.
constexpr std::size_t longest_token = 64;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_word(char c) {
    return is_digit(c) || is_letter(c) || c == '_';
}
char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

template <std::size_t count>
bool is_one_of(std::string_view word, const std::array<std::string_view, count>& words) {
    return std::ranges::find(words, word) != words.end();
}

constexpr std::array<std::string_view, 19> names_of_days_and_months{
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar",
    "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 29> units_of_time{
    "ns",  "us",   "µs",     "ms",      "s",     "sec",   "secs",   "second", "seconds", "m",
    "min", "mins", "minute", "minutes", "h",     "hr",    "hrs",    "hour",   "hours",   "d",
    "day", "days", "w",      "week",    "weeks", "month", "months", "year",   "years"};
constexpr std::array<std::string_view, 22> units_of_size{
    "B",  "K",  "M",  "G",  "T",  "P",   "KB",  "MB",  "GB",  "TB",  "PB",
    "kB", "Ki", "Mi", "Gi", "Ti", "KiB", "MiB", "GiB", "TiB", "PiB", "bytes"};

/// Reads tokens at the front of a text. Each function takes the token if it is there.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    std::size_t at = 0;

    char here() const { return at < text_.size() ? text_[at] : '\0'; }
    std::string_view rest() const { return text_.substr(std::min(at, text_.size())); }
    bool take(char c) {
        if (here() != c) return false;
        ++at;
        return true;
    }
    bool take_any(std::string_view characters) {
        if (at >= text_.size() || !characters.contains(here())) return false;
        ++at;
        return true;
    }
    /// Between `least` and `most` digits, and no digit after them.
    bool digits(std::size_t least, std::size_t most) { return run(is_digit, least, most); }
    bool hex(std::size_t least, std::size_t most) { return run(is_hex, least, most); }
    std::string_view word() const {
        std::size_t end = at;
        while (end < text_.size() && end - at < longest_token &&
               (is_letter(text_[end]) || static_cast<unsigned char>(text_[end]) >= 0x80))
            ++end;
        return text_.substr(at, end - at);
    }

  private:
    bool run(bool (*belongs)(char), std::size_t least, std::size_t most) {
        std::size_t count = 0;
        while (count <= most && at + count < text_.size() && belongs(text_[at + count]))
            ++count;
        if (count < least || count > most) return false;
        at += count;
        return true;
    }
    std::string_view text_;
};

// How much of the text's front is one; 0 for nothing.

std::size_t time_of_day(std::string_view text) {
    Reader reader(text);
    if (!reader.digits(1, 2) || !reader.take(':') || !reader.digits(2, 2)) return 0;
    const auto minutes = reader.at;
    if (!reader.take(':') || !reader.digits(2, 2)) {
        return reader.here() == ':' || is_word(reader.here()) ? 0 : minutes;
    }
    const auto seconds = reader.at;
    if (reader.here() == ':') return 0;
    if (!reader.take_any(".,") || !reader.digits(1, 9)) reader.at = seconds;
    return reader.at;
}

std::size_t zone(std::string_view text) {
    Reader reader(text);
    if (reader.take('Z') && !is_word(reader.here())) return 1;
    reader.at = 0;
    if (!reader.take_any("+-") || !reader.digits(2, 4)) return 0;
    const auto hours = reader.at;
    if (!reader.take(':') || !reader.digits(2, 2)) reader.at = hours;
    return reader.at;
}

std::size_t date(std::string_view text) {
    Reader reader(text);
    const auto part = [&reader](std::size_t least, std::size_t most) {
        return reader.take_any("-/.") && reader.digits(least, most);
    };
    if (!reader.digits(4, 4) || !part(1, 2) || !part(1, 2)) {
        reader.at = 0;
        if (!reader.digits(1, 2) || !part(1, 2) || !part(4, 4)) return 0;
    }
    const auto day = reader.at;
    if (!reader.take_any("T ")) return is_word(reader.here()) ? 0 : day;
    const auto clock = time_of_day(reader.rest());
    if (clock == 0) return day;
    reader.at += clock;
    return reader.at + zone(reader.rest());
}

std::size_t day_or_month(std::string_view text) {
    Reader reader(text);
    const auto name = reader.word();
    if (!is_one_of(name, names_of_days_and_months)) return 0;
    reader.at += name.size();
    while (reader.at < longest_token && reader.take(' ')) {
    }
    const bool more = is_digit(reader.here()) || is_one_of(reader.word(), names_of_days_and_months);
    return more ? name.size() : 0;
}

std::size_t ipv4(std::string_view text) {
    Reader reader(text);
    for (int part = 0; part < 4; ++part) {
        if ((part > 0 && !reader.take('.')) || !reader.digits(1, 3)) return 0;
    }
    if (is_word(reader.here())) return 0;
    const auto address = reader.at;
    if (reader.take('.') && is_digit(reader.here())) return 0;
    reader.at = address;
    if (!reader.take_any(":/") || !reader.digits(1, 5)) reader.at = address;
    return reader.at;
}

// IPv6, and the addresses of network cards.
std::size_t colon_address(std::string_view text) {
    std::size_t end = 0;
    std::size_t colons = 0;
    while (end < text.size() && end < longest_token && (is_hex(text[end]) || text[end] == ':')) {
        colons += text[end] == ':';
        ++end;
    }
    const bool is_shortened = text.substr(0, end).contains("::");
    if (end < text.size() && is_word(text[end])) return 0;
    if (!(colons == 5 || colons == 7 || (colons >= 2 && is_shortened))) return 0;
    if (text[end - 1] == ':' && !text.substr(0, end).ends_with("::")) --end;
    Reader reader(text);
    reader.at = end;
    if (!reader.take('/') || !reader.digits(1, 3)) reader.at = end;
    return reader.at;
}

std::size_t hexadecimal_id(std::string_view text) {
    Reader reader(text);
    if (reader.hex(8, 8) && reader.take('-') && reader.hex(4, 4) && reader.take('-') &&
        reader.hex(4, 4) && reader.take('-') && reader.hex(4, 4) && reader.take('-') &&
        reader.hex(12, 12)) {
        return reader.at;
    }
    reader.at = text.starts_with("0x") ? 2 : 0;
    const auto begin = reader.at;
    if (!reader.hex(begin > 0 ? 1 : 7, longest_token) || is_word(reader.here())) return 0;
    const auto digits = text.substr(begin, reader.at - begin);
    return begin > 0 || std::ranges::any_of(digits, is_digit) ? reader.at : 0;
}

std::size_t number(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size() && is_digit(text[end]))
        ++end;
    while (end > 0 && end + 1 < text.size() && (text[end] == '.' || text[end] == ',') &&
           is_digit(text[end + 1])) {
        ++end;
        while (end < text.size() && is_digit(text[end]))
            ++end;
    }
    return end;
}

// After a number: how long a unit of it is, with the space before it.
template <std::size_t count>
std::size_t unit(std::string_view text, const std::array<std::string_view, count>& units,
                 std::size_t shortest_after_space) {
    Reader reader(text);
    const bool space = reader.take(' ');
    const auto name = reader.word();
    if (space && name.size() < shortest_after_space) return 0;
    if (!is_one_of(name, units)) return 0;
    reader.at += name.size();
    return is_digit(reader.here()) || reader.here() == '_' ? 0 : reader.at;
}

class Masker {
  public:
    Masker(std::string_view text, std::span<const std::string> names)
        : text_(text), names_(names) {}

    std::string run() {
        out_.reserve(text_.size());
        while (at_ < text_.size())
            step();
        while (out_.ends_with(' ') || out_.ends_with('\n'))
            out_.pop_back();
        return std::move(out_);
    }

  private:
    bool inside_word() const { return at_ > 0 && is_word(text_[at_ - 1]); }

    void step() {
        const auto rest = text_.substr(at_);
        if (!inside_word() && mask_token(rest)) return;
        if (is_digit(rest.front())) return mask_number(rest);
        copy(rest.front());
    }

    bool mask_token(std::string_view rest) {
        if (const auto length = host_name(rest)) return put("<host>", length);
        if (const auto length = date(rest)) return put("<time>", length);
        if (const auto length = time_of_day(rest)) return put("<time>", length);
        if (const auto length = day_or_month(rest)) return put("<time>", length);
        if (const auto length = ipv4(rest)) return put("<ip>", length);
        if (const auto length = colon_address(rest)) return put("<ip>", length);
        if (const auto length = hexadecimal_id(rest)) return put("#", length);
        return false;
    }

    void mask_number(std::string_view rest) {
        const auto digits = number(rest);
        const auto after = rest.substr(digits);
        if (!inside_word()) {
            if (const auto time = unit(after, units_of_time, 2)) {
                put("<duration>", digits + time);
                return;
            }
            if (const auto size = unit(after, units_of_size, 2)) {
                put("#", digits + size);
                return;
            }
        }
        put("#", digits);
    }

    std::size_t host_name(std::string_view rest) const {
        if (at_ > 0 && (text_[at_ - 1] == '-' || text_[at_ - 1] == '.')) return 0;
        std::size_t longest = 0;
        for (const auto& name : names_) {
            if (name.empty() || name.size() <= longest || name.size() > rest.size()) continue;
            if (!std::ranges::equal(rest.substr(0, name.size()), name, {}, lower, lower)) continue;
            const auto after = rest.substr(name.size());
            const bool goes_on = !after.empty() && (is_word(after[0]) || after[0] == '-');
            if (!goes_on) longest = name.size();
        }
        return longest;
    }

    bool put(std::string_view mask, std::size_t length) {
        at_ += length;
        const bool collapses = mask == "<time>" || mask == "<duration>";
        const bool repeated = collapses && out_.ends_with(' ') &&
                              std::string_view(out_).substr(0, out_.size() - 1).ends_with(mask);
        if (repeated) {
            out_.pop_back();
        } else {
            out_ += mask;
        }
        return true;
    }

    void copy(char c) {
        ++at_;
        if (c == '\r') return;
        if (c == '\t') c = ' ';
        if (c == '\n') {
            while (out_.ends_with(' '))
                out_.pop_back();
        }
        const bool drawn = c == ' ' || c == '+' || c == '-' || c == '=' || c == '*';
        if (drawn && out_.ends_with(c)) return;
        out_ += c;
    }

    std::string_view text_;
    std::span<const std::string> names_;
    std::size_t at_ = 0;
    std::string out_;
};

}  // namespace

std::string masked(std::string_view output, std::span<const std::string> names) {
    return Masker(output, names).run();
}

}  // namespace cockpit::runs

#include "redis/keepalive.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <string_view>

namespace cockpit::redis {
namespace {

using std::chrono::milliseconds;

bool is_word(const std::string& text, std::string_view word) {
    return text.size() == word.size() && strncasecmp(text.data(), word.data(), word.size()) == 0;
}

bool is_any_of(const std::string& text, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](auto word) { return is_word(text, word); });
}

/// Zero means for ever, as in all of Redis' commands. Redis itself refuses what is not a number.
std::optional<milliseconds> parse_wait(const std::string& text, double unit_ms) {
    double number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc() || !std::isfinite(number) || number < 0) return milliseconds(0);
    if (number == 0 || number * unit_ms > 1e12) return std::nullopt;
    return milliseconds(static_cast<std::int64_t>(std::ceil(number * unit_ms)));
}

}  // namespace

std::optional<milliseconds> block_time(const Command& command) {
    const auto none = milliseconds(0);
    if (command.size() < 3) return none;
    const std::string& name = command.front();
    const char first = name.empty() ? '\0' : static_cast<char>(name[0] | 0x20);
    if (first == 'x') {
        if (!is_any_of(name, {"XREAD", "XREADGROUP"})) return none;
        for (std::size_t i = 1; i + 1 < command.size() && !is_word(command[i], "STREAMS"); ++i) {
            if (is_word(command[i], "GROUP")) {
                i += 2;  // a group or a consumer may be called "block"
            } else if (is_word(command[i], "BLOCK")) {
                return parse_wait(command[i + 1], 1);
            }
        }
        return none;
    }
    if (first == 'b') {
        if (is_any_of(name, {"BLMPOP", "BZMPOP"})) return parse_wait(command[1], 1000);
        if (is_any_of(name, {"BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BZPOPMIN", "BZPOPMAX"})) {
            return parse_wait(command.back(), 1000);
        }
        return none;
    }
    if (first == 'w' && is_any_of(name, {"WAIT", "WAITAOF"})) return parse_wait(command.back(), 1);
    return none;
}

void Keepalive::begin(std::int64_t now) {
    last_ = now;
    waiting_ = false;
}

void Keepalive::waiting(std::int64_t now, std::optional<milliseconds> block) {
    last_ = now;
    waiting_ = true;
    block_ = block ? std::optional(block->count()) : std::nullopt;
}

std::optional<std::int64_t> Keepalive::due() const {
    if (!waiting_) return last_ + period_;
    if (!block_) return std::nullopt;
    return last_ + period_ + *block_;
}

Keepalive::Verdict Keepalive::check(std::int64_t now) const {
    const auto moment = due();
    if (!moment || now < *moment) return Verdict::nothing;
    return waiting_ ? Verdict::lost : Verdict::ping;
}

std::int64_t Keepalive::next_check(std::int64_t now) const {
    const auto moment = due();
    return moment ? std::clamp(*moment, now + 1, now + period_) : now + period_;
}

}  // namespace cockpit::redis

#include "server/targets/pattern.hpp"

#include <algorithm>
#include <optional>

namespace cockpit::targets {
namespace {

bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

// Members of a class, beside its brackets: what may stand in a pattern without quotes.
bool may_be_member(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-/:@+~%").contains(c);
}

// The bytes of the code point at `at`. Labels come from hosts: ill-formed bytes count one each.
std::size_t code_point_length(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return std::min(length, text.size() - at);
}

struct Member {
    char low;
    char high;
    std::size_t next;
};

Member member_at(std::string_view text, std::size_t at) {
    const bool range = at + 2 < text.size() && text[at + 1] == '-' && text[at + 2] != ']';
    return range ? Member{text[at], text[at + 2], at + 3} : Member{text[at], text[at], at + 1};
}

struct Step {
    std::size_t pattern;
    std::size_t text;
};

std::optional<Step> match_class(std::string_view pattern, std::size_t p, std::string_view text,
                                std::size_t t) {
    const bool negated = pattern[++p] == '!';
    if (negated) ++p;
    bool found = false;
    while (pattern[p] != ']') {
        const auto member = member_at(pattern, p);
        found = found || (is_ascii(text[t]) && member.low <= text[t] && text[t] <= member.high);
        p = member.next;
    }
    if (found == negated) return std::nullopt;
    return Step{p + 1, t + code_point_length(text, t)};
}

// One character of the text by one piece of the pattern that is no star.
std::optional<Step> match_one(std::string_view pattern, std::size_t p, std::string_view text,
                              std::size_t t) {
    if (p == pattern.size()) return std::nullopt;
    if (pattern[p] == '?') return Step{p + 1, t + code_point_length(text, t)};
    if (pattern[p] == '[') return match_class(pattern, p, text, t);
    if (pattern[p] != text[t]) return std::nullopt;
    return Step{p + 1, t + 1};
}

}  // namespace

std::expected<std::size_t, ClassFault> end_of_class(std::string_view text, std::size_t at) {
    const auto begin = at++;
    if (at < text.size() && text[at] == '!') ++at;
    if (at < text.size() && text[at] == ']') {
        return std::unexpected(ClassFault{begin, "a class is empty; expected [abc] or [a-z]"});
    }
    while (at < text.size() && text[at] != ']') {
        const auto member = member_at(text, at);
        if (!may_be_member(member.low)) break;
        if (!may_be_member(member.high)) {
            at += 2;
            break;
        }
        if (member.low > member.high) {
            return std::unexpected(
                ClassFault{at, "the range " + std::string(text.substr(at, 3)) +
                                   " runs backwards; expected the smaller one first"});
        }
        at = member.next;
    }
    if (at < text.size() && text[at] == ']') return at + 1;
    if (at == text.size() || text[at] == ' ') {
        return std::unexpected(ClassFault{begin, "the class is not closed; expected ']'"});
    }
    return std::unexpected(ClassFault{
        at, "a class holds letters, digits, . _ - / : @ + ~ % and ranges of them; expected ']'"});
}

bool glob_matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    // The last star, and where the text went on after what it stands for: only the last one needs
    // to be tried with more.
    std::optional<Step> star;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = Step{++p, t};
        } else if (const auto step = match_one(pattern, p, text, t)) {
            p = step->pattern;
            t = step->text;
        } else if (star) {
            star->text += code_point_length(text, star->text);
            p = star->pattern;
            t = star->text;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

bool Pattern::matches(std::string_view candidate) const {
    return is_glob ? glob_matches(text, candidate) : text == candidate;
}

}  // namespace cockpit::targets

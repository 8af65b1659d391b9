#include "protocol/text_pattern.hpp"

#include <regex.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <vector>

namespace cockpit::protocol {
namespace {

constexpr std::size_t largest_count = 255;  // RE_DUP_MAX as POSIX guarantees it
constexpr std::size_t largest_size = 2000;  // what the pattern grows to, repetitions written out
constexpr std::size_t deepest_group = 20;

using Refusal = std::optional<std::string>;

// Walks over the pattern and adds up how large it becomes when each counted repetition is written
// out, which is what regcomp(3) of glibc does.
class PatternReader {
  public:
    explicit PatternReader(std::string_view pattern) : text_(pattern) {}

    Refusal read() {
        while (at_ < text_.size()) {
            if (auto refusal = one()) return refusal;
            if (sizes_.front() > largest_size) return too_large();
        }
        if (sizes_.size() > 1) return "a '(' is not closed";
        return std::nullopt;
    }

  private:
    static Refusal too_large() {
        return "its repetitions multiply to more than " + std::to_string(largest_size) + " parts";
    }

    Refusal one() {
        const char c = text_[at_++];
        switch (c) {
            case '\\':
                return escape();
            case '[':
                return bracket();
            case '(':
                if (sizes_.size() > deepest_group) return "its groups are nested too deeply";
                sizes_.push_back(0);
                may_repeat_ = false;
                return std::nullopt;
            case ')':
                return close_group();
            case '*':
            case '+':
            case '?':
                return repeat(1);
            case '{':
                return counted();
            case '|':
            case '^':
            case '$':
                may_repeat_ = false;
                return std::nullopt;
            default:
                atom(1);
                return std::nullopt;
        }
    }

    void atom(std::size_t size) {
        last_size_ = size;
        sizes_.back() += size;
        may_repeat_ = true;
    }

    Refusal escape() {
        if (at_ == text_.size()) return "it ends in '\\'";
        const unsigned char c = static_cast<unsigned char>(text_[at_++]);
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if ((c >= '0' && c <= '9') || letter || c >= 0x80) {
            return "'\\" + std::string(1, c < 0x80 ? static_cast<char>(c) : '?') +
                   "' has no meaning in it; '\\' goes before a character such as . or *, and "
                   "[0-9], [A-Za-z0-9_] and [[:space:]] stand for digits, word characters and "
                   "space";
        }
        atom(1);
        return std::nullopt;
    }

    Refusal bracket() {
        if (at_ < text_.size() && text_[at_] == '^') ++at_;
        if (at_ < text_.size() && text_[at_] == ']') ++at_;
        while (at_ < text_.size() && text_[at_] != ']') {
            const bool named = text_[at_] == '[' && at_ + 1 < text_.size() &&
                               std::string_view(":.=").find(text_[at_ + 1]) != text_.npos;
            if (!named) {
                ++at_;
                continue;
            }
            const char end[] = {text_[at_ + 1], ']'};
            const auto close = text_.find(std::string_view(end, 2), at_ + 2);
            if (close == text_.npos) break;
            at_ = close + 2;
        }
        if (at_ >= text_.size() || text_[at_] != ']') return "a '[' is not closed";
        ++at_;
        atom(1);
        return std::nullopt;
    }

    Refusal close_group() {
        if (sizes_.size() == 1) return "a ')' closes nothing; write '\\)' for the character";
        const auto size = sizes_.back();
        sizes_.pop_back();
        atom(size + 1);
        return std::nullopt;
    }

    Refusal repeat(std::size_t times) {
        if (!may_repeat_) return "a repetition stands where there is nothing to repeat";
        may_repeat_ = false;
        sizes_.back() += last_size_ * (times - 1);
        if (sizes_.back() > largest_size) return too_large();
        return std::nullopt;
    }

    std::optional<std::size_t> number() {
        std::size_t value = 0;
        const char* begin = text_.data() + at_;
        const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
        if (error != std::errc() || value > largest_count) return std::nullopt;
        at_ += static_cast<std::size_t>(end - begin);
        return value;
    }

    Refusal counted() {
        const std::string right =
            "a '{' must begin a repetition such as {3}, {1,} or {1,20} with "
            "numbers up to " +
            std::to_string(largest_count) + "; write '\\{' for the character";
        const auto low = number();
        if (!low || at_ == text_.size()) return right;
        auto high = low;
        if (text_[at_] == ',') {
            ++at_;
            if (at_ < text_.size() && text_[at_] != '}') {
                high = number();
                if (!high || *high < *low) return right;
            }
        }
        if (at_ == text_.size() || text_[at_] != '}') return right;
        ++at_;
        return repeat(std::max<std::size_t>(*high, 1));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<std::size_t> sizes_{0};  // of the open groups, the whole pattern first
    std::size_t last_size_ = 0;
    bool may_repeat_ = false;
};

// The expression and what is wrong with it, freed together.
struct Compiled {
    explicit Compiled(const std::string& pattern)
        : error(::regcomp(&expression, pattern.c_str(), REG_EXTENDED | REG_NOSUB)) {}
    Compiled(const Compiled&) = delete;
    Compiled& operator=(const Compiled&) = delete;
    ~Compiled() {
        if (error == 0) ::regfree(&expression);
    }
    regex_t expression{};
    int error;
};

Refusal refusal_before_compiling(std::string_view pattern) {
    if (pattern.empty()) return "it is empty, which would allow no text but the empty one";
    if (pattern.size() > longest_pattern) {
        return "it is longer than " + std::to_string(longest_pattern) + " bytes";
    }
    if (pattern.find('\0') != pattern.npos) return "it contains a NUL character";
    return PatternReader(pattern).read();
}

}  // namespace

std::expected<void, std::string> check_pattern(std::string_view pattern) {
    if (auto refusal = refusal_before_compiling(pattern)) {
        return std::unexpected(*std::move(refusal));
    }
    const Compiled compiled{std::string(pattern)};
    if (compiled.error == 0) return {};
    char reason[128];
    ::regerror(compiled.error, &compiled.expression, reason, sizeof reason);
    return std::unexpected("it is no POSIX extended regular expression: " + std::string(reason));
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
    if (text.size() > longest_matched_text || text.find('\0') != text.npos) return false;
    if (refusal_before_compiling(pattern)) return false;
    const Compiled compiled("^(" + std::string(pattern) + ")$");
    return compiled.error == 0 &&
           ::regexec(&compiled.expression, std::string(text).c_str(), 0, nullptr, 0) == 0;
}

}  // namespace cockpit::protocol

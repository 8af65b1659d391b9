#include "server/targets/parser.hpp"

#include <algorithm>
#include <array>

#include "server/targets/characters.hpp"

namespace cockpit::targets {
namespace {

using Kind = Node::Kind;

constexpr std::string_view a_target =
    "expected an id, group:NAME, name=value, has:NAME, 'all', 'not' or '('";
constexpr std::array<std::string_view, 4> keywords{"and", "or", "not", "all"};

// Characters of other languages that people's fingers know; nothing for all others.
std::string_view advice_for(char c) {
    switch (c) {
        case ',':
        case '|':
            return "expected 'or'";
        case '&':
            return "expected 'and'";
        case '!':
            return "expected 'not'";
        case '{':
            return "expected 'or' between words, or a class such as [12]";
        case '=':
            return "expected name=value without spaces";
        case '\'':
        case '`':
            return "expected double quotes";
        default:
            return "";
    }
}

bool is_advised(char c) {
    return !advice_for(c).empty();
}

// Operands of one operator stand side by side, however they were put in parentheses.
void add_operand(Node& parent, Node operand) {
    if (operand.kind != parent.kind) {
        parent.children.push_back(std::move(operand));
        return;
    }
    for (auto& child : operand.children)
        parent.children.push_back(std::move(child));
}

}  // namespace

std::string in_lower_case(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

bool is_keyword(std::string_view word) {
    return std::ranges::find(keywords, in_lower_case(word)) != keywords.end();
}

std::expected<Node, TargetError> Parser::parse() {
    skip_space();
    if (at_end())
        return std::unexpected(fault(0, "the expression is empty; " + std::string(a_target)));
    auto root = alternative();
    if (!root) return root;
    if (!at_end()) return std::unexpected(no_operator(false));
    return root;
}

Parser::Parsed Parser::alternative() {
    auto first = conjunction();
    if (!first) return first;
    Node all{.kind = Kind::either, .column = first->column};
    for (;;) {
        const auto more = take_operator("or");
        if (!more) return std::unexpected(more.error());
        if (!*more) break;
        if (all.children.empty()) add_operand(all, *std::move(first));
        auto next = conjunction();
        if (!next) return next;
        add_operand(all, *std::move(next));
    }
    return all.children.empty() ? std::move(first) : Parsed(std::move(all));
}

Parser::Parsed Parser::conjunction() {
    auto first = factor();
    if (!first) return first;
    Node all{.kind = Kind::both, .column = first->column};
    for (;;) {
        const auto more = take_operator("and");
        if (!more) return std::unexpected(more.error());
        if (!*more) break;
        if (all.children.empty()) add_operand(all, *std::move(first));
        auto next = factor();
        if (!next) return next;
        add_operand(all, *std::move(next));
    }
    return all.children.empty() ? std::move(first) : Parsed(std::move(all));
}

Parser::Parsed Parser::factor() {
    skip_space();
    const auto begin = at_;
    const bool negated = plain_word_here() == "not";
    if (!negated && (at_end() || text_[at_] != '(')) return term();
    if (depth_ == Expression::max_depth) {
        return std::unexpected(fault(
            begin, "parentheses and 'not' are more than " + std::to_string(Expression::max_depth) +
                       " deep; expected less, or a group for a part of it"));
    }
    ++depth_;
    at_ += negated ? 3 : 1;
    auto inner = negated ? factor() : nested();
    --depth_;
    if (!inner || !negated) return inner;
    Node node{.kind = Kind::negation, .column = fault(begin, "").column};
    node.children.push_back(*std::move(inner));
    return node;
}

Parser::Parsed Parser::nested() {
    const auto begin = at_ - 1;
    auto inner = alternative();
    if (!inner) return inner;
    if (at_end()) {
        return std::unexpected(fault(at_, "the parenthesis of column " +
                                              std::to_string(fault(begin, "").column) +
                                              " is not closed; expected 'and', 'or' or ')'"));
    }
    if (text_[at_] != ')') return std::unexpected(no_operator(true));
    ++at_;
    return inner;
}

Parser::Parsed Parser::term() {
    if (at_end()) return std::unexpected(no_target(at_));
    if (text_[at_] == '"') return quoted_term();
    const auto found = word();
    if (!found) return std::unexpected(found.error());
    if (found->text.empty()) return std::unexpected(no_target(at_));
    return word_term(*found);
}

std::expected<Parser::Word, TargetError> Parser::word() {
    Word result{.begin = at_};
    const auto note_wildcard = [&] {
        if (!result.has_wildcard) result.first_wildcard = at_;
        result.has_wildcard = true;
    };
    while (!at_end()) {
        if (text_[at_] == '[') {
            note_wildcard();
            const auto end = end_of_class(text_, at_);
            if (!end) return std::unexpected(fault(end.error().at, end.error().sentence));
            at_ = *end;
        } else if (text_[at_] == '*' || text_[at_] == '?') {
            note_wildcard();
            ++at_;
        } else if (is_bare(text_[at_])) {
            ++at_;
        } else {
            break;
        }
    }
    result.end = at_;
    result.text = text_.substr(result.begin, result.end - result.begin);
    return result;
}

std::expected<bool, TargetError> Parser::take_operator(std::string_view keyword) {
    skip_space();
    const auto here = plain_word_here();
    if (here == keyword) {
        at_ += keyword.size();
        return true;
    }
    if (here != "and" && here != "or" &&
        (in_lower_case(here) == "and" || in_lower_case(here) == "or")) {
        return std::unexpected(fault(
            at_, "'" + std::string(here) + "' is a word of the language in capitals; expected '" +
                     in_lower_case(here) + "'"));
    }
    return false;
}

bool Parser::at_equals() const {
    return text_.substr(at_).starts_with('=') || text_.substr(at_).starts_with("!=");
}

void Parser::skip_space() {
    while (!at_end() && is_space(text_[at_]))
        ++at_;
}

// The word here if it is one without wildcards and not the name of a label.
std::string_view Parser::plain_word_here() const {
    auto end = at_;
    while (end < text_.size() && is_bare(text_[end]))
        ++end;
    const auto rest = text_.substr(end);
    const bool more = rest.starts_with('=') || rest.starts_with("!=") || rest.starts_with('*') ||
                      rest.starts_with('?') || rest.starts_with('[');
    return more ? std::string_view() : text_.substr(at_, end - at_);
}

std::string Parser::seen(std::size_t at) const {
    if (at == text_.size()) return "the expression ends";
    auto end = at;
    while (end < text_.size() && (is_bare(text_[end]) || text_[end] == '*' || text_[end] == '?'))
        ++end;
    if (end == at) {
        if (static_cast<unsigned char>(text_[at]) < 0x20 || text_[at] == 0x7f) {
            return "a control character";
        }
        return "'" + std::string(text_.substr(at, 1)) + "'";
    }
    // Cut between characters.
    auto shown = text_.substr(at, end - at);
    if (shown.size() <= 64) return "'" + std::string(shown) + "'";
    std::size_t cut = 64;
    while ((static_cast<unsigned char>(shown[cut]) & 0xc0) == 0x80)
        --cut;
    return "'" + std::string(shown.substr(0, cut)) + "…'";
}

TargetError Parser::fault(std::size_t at, std::string sentence) const {
    const auto before = text_.substr(0, at);
    const auto characters = std::ranges::count_if(
        before, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    return {static_cast<std::size_t>(characters) + 1, std::move(sentence)};
}

TargetError Parser::no_target(std::size_t at) const {
    if (at < text_.size() && is_advised(text_[at])) {
        return fault(at,
                     seen(at) + " is not of this language; " + std::string(advice_for(text_[at])));
    }
    if (at == text_.size()) return fault(at, "the expression ends here; " + std::string(a_target));
    return fault(at, seen(at) + " cannot stand here; " + std::string(a_target));
}

TargetError Parser::no_operator(bool parenthesis) const {
    if (is_advised(text_[at_])) {
        return fault(
            at_, seen(at_) + " is not of this language; " + std::string(advice_for(text_[at_])));
    }
    return fault(
        at_,
        (text_[at_] == ')' ? "')' closes nothing" : seen(at_) + " follows without a word between") +
            (parenthesis ? "; expected 'and', 'or' or ')'" : "; expected 'and', 'or' or the end"));
}

}  // namespace cockpit::targets

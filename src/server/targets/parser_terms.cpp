// Terms of an expression: what stands between and, or, not and parentheses.

#include <algorithm>

#include "protocol/ids.hpp"
#include "server/targets/characters.hpp"
#include "server/targets/parser.hpp"

namespace cockpit::targets {
namespace {

using Kind = Node::Kind;

}  // namespace

Parser::Parsed Parser::word_term(const Word& word) {
    if (at_equals()) {
        const auto wrong = std::ranges::find_if_not(word.text, is_label_name_character);
        if (wrong != word.text.end()) {
            const auto at = word.begin + static_cast<std::size_t>(wrong - word.text.begin());
            const bool wildcard = word.has_wildcard && at == word.first_wildcard;
            return std::unexpected(
                fault(at, wildcard ? "the name of a label has no wildcards; expected name=value"
                                   : "the name of a label has letters, digits, . _ - and /; "
                                     "expected quotes around it for anything else"));
        }
        return label_term(word.begin, std::string(word.text));
    }
    if (word.text == "*" || word.text == "all") {
        return Node{.kind = Kind::everything, .column = fault(word.begin, "").column};
    }
    if (is_keyword(word.text)) {
        if (in_lower_case(word.text) == word.text) return std::unexpected(no_target(word.begin));
        return std::unexpected(fault(word.begin, "'" + std::string(word.text) +
                                                     "' is a word of the language in capitals; "
                                                     "expected '" +
                                                     in_lower_case(word.text) +
                                                     "', or quotes around it for an id"));
    }
    if (word.text.starts_with("group:")) return group_term(word);
    if (word.text.starts_with("has:")) return has_term(word);
    return id_term(word);
}

Parser::Parsed Parser::group_term(const Word& word) {
    const auto name = word.text.substr(6);
    if (name.empty()) {
        return std::unexpected(fault(word.end,
                                     "the name of the group is missing; expected "
                                     "group:NAME"));
    }
    if (word.has_wildcard) {
        return std::unexpected(
            fault(word.first_wildcard,
                  "the name of a group has no wildcards; expected each group by name, with 'or' "
                  "between"));
    }
    if (!is_group_name(name)) {
        return std::unexpected(
            fault(word.begin + 6, "'" + std::string(name) +
                                      "' cannot be a group; expected 1 to 64 "
                                      "letters, digits, . _ -, the first a letter or a digit"));
    }
    return Node{
        .kind = Kind::group, .column = fault(word.begin, "").column, .name = std::string(name)};
}

Parser::Parsed Parser::has_term(const Word& word) {
    auto name = std::string(word.text.substr(4));
    if (name.empty() && !at_end() && text_[at_] == '"') {
        auto given = quoted();
        if (!given) return std::unexpected(given.error());
        name = *std::move(given);
        if (name.empty()) {
            return std::unexpected(
                fault(word.end, "the name of a label is empty; expected has:NAME"));
        }
    } else {
        const auto wrong = std::ranges::find_if_not(name, is_label_name_character);
        if (name.empty() || wrong != name.end()) {
            const auto at = word.begin + 4 + static_cast<std::size_t>(wrong - name.begin());
            return std::unexpected(
                fault(at, name.empty() ? "the name of the label is missing; expected has:NAME"
                                       : "the name of a label has letters, digits, . _ - and /; "
                                         "expected quotes around it for anything else"));
        }
    }
    return Node{
        .kind = Kind::has_label, .column = fault(word.begin, "").column, .name = std::move(name)};
}

Parser::Parsed Parser::id_term(const Word& word) {
    for (auto at = word.begin; at < word.end;) {
        if (text_[at] == '[') {
            at = end_of_class(text_, at).value();
            continue;
        }
        if (!is_name_character(text_[at]) && text_[at] != '*' && text_[at] != '?') {
            if (text_[at] == ':') {
                return std::unexpected(fault(
                    word.begin, "there is no prefix '" +
                                    std::string(text_.substr(word.begin, at + 1 - word.begin)) +
                                    "'; expected group:NAME or has:NAME"));
            }
            return std::unexpected(
                fault(at, "an id has letters, digits, . _ and -; expected one of them, * or ?"));
        }
        ++at;
    }
    if (!word.has_wildcard && !protocol::AgentId::parse(word.text)) {
        return std::unexpected(fault(word.begin, "no host can have the id '" +
                                                     std::string(word.text.substr(0, 64)) +
                                                     "'; expected a letter or a digit first, and "
                                                     "255 characters at most"));
    }
    return Node{.kind = Kind::id,
                .column = fault(word.begin, "").column,
                .pattern = {std::string(word.text), word.has_wildcard}};
}

Parser::Parsed Parser::quoted_term() {
    const auto begin = at_;
    auto given = quoted();
    if (!given) return std::unexpected(given.error());
    if (at_equals()) {
        if (given->empty()) {
            return std::unexpected(
                fault(begin, "the name of a label is empty; expected name=value"));
        }
        return label_term(begin, *std::move(given));
    }
    if (!protocol::AgentId::parse(*given)) {
        return std::unexpected(
            fault(begin,
                  "no host can have this id: between quotes every character means itself; expected "
                  "letters, digits, . _ and -"));
    }
    return Node{
        .kind = Kind::id, .column = fault(begin, "").column, .pattern = {*std::move(given), false}};
}

Parser::Parsed Parser::label_term(std::size_t begin, std::string name) {
    const bool negated = text_[at_] == '!';
    at_ += negated ? 2 : 1;
    auto wanted = value();
    if (!wanted) return std::unexpected(wanted.error());
    Node label{.kind = Kind::label,
               .column = fault(begin, "").column,
               .name = std::move(name),
               .pattern = *std::move(wanted)};
    if (!negated) return label;
    Node node{.kind = Kind::negation, .column = label.column};
    node.children.push_back(std::move(label));
    return node;
}

std::expected<Pattern, TargetError> Parser::value() {
    if (!at_end() && text_[at_] == '"') {
        auto given = quoted();
        if (!given) return std::unexpected(given.error());
        return Pattern{*std::move(given), false};
    }
    if (!at_end() && text_[at_] == '=') {
        return std::unexpected(fault(at_, "a label is compared with one '='; expected name=value"));
    }
    const auto found = word();
    if (!found) return std::unexpected(found.error());
    if (found->text.empty()) {
        return std::unexpected(
            fault(at_, "the value is missing (" + seen(at_) +
                           "); expected name=value, or name=\"\" for an empty one"));
    }
    if (at_equals()) {
        return std::unexpected(
            fault(at_, "'=' in a value; expected quotes around a value that holds it"));
    }
    return Pattern{std::string(found->text), found->has_wildcard};
}

std::expected<std::string, TargetError> Parser::quoted() {
    const auto begin = at_++;
    std::string result;
    while (!at_end() && text_[at_] != '"') {
        if (text_[at_] == '\\') {
            if (++at_ == text_.size()) break;
            if (text_[at_] != '"' && text_[at_] != '\\') {
                return std::unexpected(fault(at_ - 1,
                                             "a backslash between quotes; expected \\\" for "
                                             "a quote or \\\\ for a backslash"));
            }
        }
        if (static_cast<unsigned char>(text_[at_]) < 0x20 || text_[at_] == 0x7f) {
            return std::unexpected(
                fault(at_, "a control character between quotes; expected visible text"));
        }
        result += text_[at_++];
    }
    if (at_end()) return std::unexpected(fault(begin, "the quote is not closed; expected '\"'"));
    ++at_;
    return result;
}

}  // namespace cockpit::targets

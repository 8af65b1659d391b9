#include "server/targets/expression.hpp"

#include <algorithm>

#include "protocol/text.hpp"
#include "server/targets/characters.hpp"
#include "server/targets/parser.hpp"

namespace cockpit::targets {
namespace {

using Kind = Node::Kind;

std::string in_quotes(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

std::string label_name(std::string_view name) {
    const bool bare = !name.empty() && std::ranges::all_of(name, is_label_name_character);
    return bare ? std::string(name) : in_quotes(name);
}

std::string value_text(const Pattern& pattern) {
    if (pattern.is_glob) return pattern.text;
    const bool bare = !pattern.text.empty() && std::ranges::all_of(pattern.text, is_bare);
    return bare ? pattern.text : in_quotes(pattern.text);
}

std::string id_text(const Pattern& pattern) {
    return !pattern.is_glob && is_keyword(pattern.text) ? in_quotes(pattern.text) : pattern.text;
}

void print(const Node& node, std::string& out);

void print_operand(const Node& node, bool parentheses, std::string& out) {
    if (parentheses) out += '(';
    print(node, out);
    if (parentheses) out += ')';
}

void print_operands(const Node& node, std::string_view between, std::string& out) {
    bool first = true;
    for (const auto& child : node.children) {
        if (!first) out += between;
        first = false;
        print_operand(child, node.kind == Kind::both && child.kind == Kind::either, out);
    }
}

void print(const Node& node, std::string& out) {
    switch (node.kind) {
        case Kind::everything:
            out += "all";
            return;
        case Kind::id:
            out += id_text(node.pattern);
            return;
        case Kind::group:
            out += "group:" + node.name;
            return;
        case Kind::label:
            out += label_name(node.name) + "=" + value_text(node.pattern);
            return;
        case Kind::has_label:
            out += "has:" + label_name(node.name);
            return;
        case Kind::negation: {
            const auto& child = node.children.front();
            if (child.kind == Kind::label) {
                out += label_name(child.name) + "!=" + value_text(child.pattern);
                return;
            }
            out += "not ";
            print_operand(child, child.kind == Kind::both || child.kind == Kind::either, out);
            return;
        }
        case Kind::both:
            print_operands(node, " and ", out);
            return;
        case Kind::either:
            print_operands(node, " or ", out);
            return;
    }
}

void collect_groups(const Node& node, std::vector<const Node*>& found) {
    if (node.kind == Kind::group) found.push_back(&node);
    for (const auto& child : node.children)
        collect_groups(child, found);
}

}  // namespace

std::string TargetError::text() const {
    return "column " + std::to_string(column) + ": " + sentence;
}

bool Node::operator==(const Node& other) const {
    return kind == other.kind && name == other.name && pattern == other.pattern &&
           children == other.children;
}

std::expected<Expression, TargetError> Expression::parse(std::string_view text) {
    if (text.size() > max_bytes) {
        return std::unexpected(TargetError{1, "the expression has " + std::to_string(text.size()) +
                                                  " bytes; expected " + std::to_string(max_bytes) +
                                                  " at most, and a group for what is longer"});
    }
    if (!protocol::is_utf8(text)) {
        return std::unexpected(
            TargetError{1, "the expression is not well-formed UTF-8; expected text"});
    }
    auto root = Parser(text).parse();
    if (!root) return std::unexpected(std::move(root.error()));
    return Expression(*std::move(root));
}

std::string Expression::text() const {
    std::string out;
    print(root_, out);
    return out;
}

std::vector<const Node*> Expression::groups() const {
    std::vector<const Node*> found;
    collect_groups(root_, found);
    return found;
}

bool is_group_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && is_letter_or_digit(name.front()) &&
           std::ranges::all_of(name, is_name_character);
}

bool is_label_name(std::string_view name) {
    return !name.empty() && name.size() <= 63 && std::ranges::all_of(name, is_label_name_character);
}

}  // namespace cockpit::targets

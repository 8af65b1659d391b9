#pragma once
// The one language in which people say which hosts they mean (docs/targets.md has the grammar):
//
//   web-* and not (group:canary or env=test*)
//
// Parsing is pure and knows no hosts; who that is right now says resolve.hpp.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "server/targets/pattern.hpp"

namespace cockpit::targets {

/// What is wrong with an expression, and where.
struct TargetError {
    std::size_t column = 1;  ///< in characters (code points), the first is 1
    std::string sentence;    ///< what is wrong; what would be right

    std::string text() const;  ///< "column 7: …"
    bool operator==(const TargetError&) const = default;
};

/// A part of an expression. Operands of the same operator are side by side: a or b or c is one
/// node of three.
struct Node {
    enum class Kind {
        everything,  ///< all
        id,          ///< `pattern` against the host's id
        group,       ///< `name` is the group's
        label,       ///< `name` is the label's, `pattern` against its value
        has_label,   ///< `name` is the label's
        negation,    ///< of the one child
        both,        ///< all children: and
        either,      ///< any child: or
    };
    Kind kind = Kind::everything;
    std::size_t column = 1;
    std::string name;
    Pattern pattern;
    std::vector<Node> children;

    /// Whether both mean the same tree, wherever they stood.
    bool operator==(const Node& other) const;
};

class Expression {
  public:
    static constexpr std::size_t max_bytes = 4096;
    static constexpr int max_depth = 64;  ///< parentheses and `not` within each other

    static std::expected<Expression, TargetError> parse(std::string_view text);

    const Node& root() const { return root_; }
    /// The expression written in one way only: parsed again it is equal to this one.
    std::string text() const;
    /// Every mention of a group, in the order of the text.
    std::vector<const Node*> groups() const;

    bool operator==(const Expression& other) const { return root_ == other.root_; }

  private:
    explicit Expression(Node root) : root_(std::move(root)) {}
    Node root_;
};

/// 1 to 64 characters of A-Z a-z 0-9 . _ -, the first a letter or a digit.
bool is_group_name(std::string_view name);
/// 1 to 63 characters of A-Z a-z 0-9 . _ - /: what AGENT_LABELS takes.
bool is_label_name(std::string_view name);

}  // namespace cockpit::targets

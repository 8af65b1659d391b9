#pragma once
// From text to the tree of an expression: one pass, by recursive descent, without going back.

#include <expected>
#include <string>
#include <string_view>

#include "server/targets/expression.hpp"

namespace cockpit::targets {

class Parser {
  public:
    /// The text must live as long as the parser and be well-formed UTF-8.
    explicit Parser(std::string_view text) : text_(text) {}
    std::expected<Node, TargetError> parse();

  private:
    using Parsed = std::expected<Node, TargetError>;
    /// A run of characters that need no quotes, wildcards included.
    struct Word {
        std::size_t begin = 0;
        std::size_t end = 0;
        std::string_view text;
        bool has_wildcard = false;
        std::size_t first_wildcard = 0;
    };

    Parsed alternative();
    Parsed conjunction();
    Parsed factor();
    Parsed nested();
    Parsed term();
    Parsed word_term(const Word& word);
    Parsed group_term(const Word& word);
    Parsed has_term(const Word& word);
    Parsed id_term(const Word& word);
    Parsed label_term(std::size_t begin, std::string name);
    Parsed quoted_term();

    std::expected<Word, TargetError> word();
    std::expected<std::string, TargetError> quoted();
    std::expected<Pattern, TargetError> value();
    /// Whether this keyword stands here, and takes it if so. An error when it is written as AND.
    std::expected<bool, TargetError> take_operator(std::string_view keyword);

    bool at_end() const { return at_ == text_.size(); }
    bool at_equals() const;
    void skip_space();
    std::string_view plain_word_here() const;
    std::string seen(std::size_t at) const;
    TargetError fault(std::size_t at, std::string sentence) const;
    TargetError no_target(std::size_t at) const;
    TargetError no_operator(bool parenthesis) const;

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

/// Letters of ASCII only.
std::string in_lower_case(std::string_view text);

/// Whether a word of this text, in whatever case, needs quotes to be an id.
bool is_keyword(std::string_view word);

}  // namespace cockpit::targets

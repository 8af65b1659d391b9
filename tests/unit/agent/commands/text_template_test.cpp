#include "agent/commands/text_template.hpp"

#include <gtest/gtest.h>

#include <map>

namespace cockpit::commands {
namespace {

std::string filled(std::string_view text, const std::map<std::string, std::string>& values = {}) {
    const auto parsed = TextTemplate::parse(text);
    if (!parsed) return std::to_string(parsed.error().offset) + ": " + parsed.error().reason;
    return parsed->fill([&](const std::string& name) { return values.at(name); }).text;
}

TEST(TextTemplate, puts_values_in_as_they_are) {
    EXPECT_EQ(filled("--id={id}", {{"id", "a b; $(c) {id} \"'"}}), "--id=a b; $(c) {id} \"'");
    EXPECT_EQ(filled("{a}{b}-{a}", {{"a", "1"}, {"b", ""}}), "1-1");
    EXPECT_EQ(filled("{{a}} {{{b}}}", {{"b", "x"}}), "{a} {x}");
    EXPECT_EQ(filled(""), "");
}

TEST(TextTemplate, says_what_is_wrong_and_where) {
    EXPECT_EQ(filled("ab{c"),
              "2: '{' is not closed; write {name} for a parameter, '{{' for a brace");
    EXPECT_EQ(filled("{a{b}"),
              "0: '{' is not closed; write {name} for a parameter, '{{' for a brace");
    EXPECT_EQ(filled("a}b"), "1: '}' closes nothing; write '}}' for one");
    EXPECT_EQ(filled("{}"), "0: '{}' names no parameter; write {name}");
}

TEST(TextTemplate, knows_whose_value_it_begins_with) {
    const auto value = [](const std::string& name) { return name == "empty" ? "" : "-x"; };
    EXPECT_EQ(TextTemplate::parse("{a}b")->fill(value).begins_with, "a");
    EXPECT_EQ(TextTemplate::parse("{empty}{a}")->fill(value).begins_with, "a");
    EXPECT_EQ(TextTemplate::parse("-{a}")->fill(value).begins_with, std::nullopt);
    EXPECT_EQ(*TextTemplate::parse("{a}")->only_placeholder(), "a");
    EXPECT_EQ(TextTemplate::parse("{a}{a}")->only_placeholder(), nullptr);
    EXPECT_EQ(TextTemplate::parse("a")->only_placeholder(), nullptr);
}

}  // namespace
}  // namespace cockpit::commands

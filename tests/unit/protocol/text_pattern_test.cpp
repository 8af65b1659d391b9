#include "protocol/text_pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cockpit::protocol {
namespace {

using testing::HasSubstr;

TEST(TextPattern, all_of_the_text_must_match) {
    EXPECT_TRUE(matches_pattern("[a-z]+", "abc"));
    EXPECT_FALSE(matches_pattern("[a-z]+", "abc1"));
    EXPECT_FALSE(matches_pattern("[a-z]+", "1abc"));
    EXPECT_FALSE(matches_pattern("[a-z]+", ""));
    EXPECT_FALSE(matches_pattern("[a-z]+", "abc\n"));
    EXPECT_FALSE(matches_pattern("[a-z]+", std::string_view("abc\0", 4)));
    EXPECT_TRUE(matches_pattern("^[a-z]+$", "abc"));
    EXPECT_TRUE(matches_pattern("a|bc", "bc"));
    EXPECT_FALSE(matches_pattern("a|bc", "ac"));
    EXPECT_FALSE(matches_pattern("^a|b$", "ab"));
    EXPECT_TRUE(matches_pattern("([0-9]{1,3}\\.){3}[0-9]{1,3}", "192.168.0.1"));
    EXPECT_FALSE(matches_pattern("([0-9]{1,3}\\.){3}[0-9]{1,3}", "192.168.0.1.2"));
    EXPECT_TRUE(matches_pattern("[]x[:digit:]-]+", "]x1-"));
}

TEST(TextPattern, a_text_without_bound_is_not_matched) {
    EXPECT_TRUE(matches_pattern("a*", std::string(longest_matched_text, 'a')));
    EXPECT_FALSE(matches_pattern("a*", std::string(longest_matched_text + 1, 'a')));
}

TEST(TextPattern, says_what_is_wrong) {
    const std::pair<std::string, std::string> cases[] = {
        {"", "it is empty"},
        {std::string(513, 'a'), "it is longer than 512 bytes"},
        {"(a", "a '(' is not closed"},
        {"a)", "a ')' closes nothing; write '\\)'"},
        {"a|b)(c", "a ')' closes nothing"},
        {"[a", "a '[' is not closed"},
        {"[[:alpha:", "a '[' is not closed"},
        {"a\\", "it ends in '\\'"},
        {"\\d+", "'\\d' has no meaning in it; "},
        {"(a)\\1", "'\\1' has no meaning in it"},
        {"a**", "nothing to repeat"},
        {"a{2}{2}", "nothing to repeat"},
        {"*a", "nothing to repeat"},
        {"(+a)", "nothing to repeat"},
        {"a{", "a '{' must begin a repetition"},
        {"a{2,1}", "a '{' must begin a repetition"},
        {"a{256}", "numbers up to 255"},
        {"((a{100}){100}){100}", "multiply to more than 2000"},
        {"(((((a{9}){9}){9}){9}){9})", "multiply to more than 2000"},
        {std::string(30, '(') + "a" + std::string(30, ')'), "nested too deeply"},
        {"[b-a]", "it is no POSIX extended regular expression: "},
        {"[[:letter:]]", "it is no POSIX extended regular expression: "},
        {std::string("a\0b", 3), "NUL"},
    };
    for (const auto& [pattern, sentence] : cases) {
        const auto checked = check_pattern(pattern);
        ASSERT_FALSE(checked) << pattern;
        EXPECT_THAT(checked.error(), HasSubstr(sentence)) << pattern;
        EXPECT_FALSE(matches_pattern(pattern, "a")) << pattern;
    }
}

// What takes a backtracking matcher for ever.
TEST(TextPattern, a_hostile_pattern_costs_little) {
    const std::string text(4000, 'a');
    EXPECT_FALSE(matches_pattern("(a*)*b", text));
    EXPECT_FALSE(matches_pattern("(a|aa)+b", text));
    EXPECT_FALSE(matches_pattern("(a?){200}(a){200}b", text));
    EXPECT_FALSE(matches_pattern("(.*)(.*)(.*)(.*)(.*)x", text));
}

}  // namespace
}  // namespace cockpit::protocol

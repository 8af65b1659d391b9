#include "server/targets/pattern.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cockpit::targets {
namespace {

TEST(Pattern, GlobsMatchAsInAShell) {
    struct Row {
        std::string glob;
        std::string text;
        bool matches;
    };
    for (const auto& row : std::vector<Row>{
             {"", "", true},          {"", "a", false},          {"a", "", false},
             {"*", "", true},         {"*", "abc", true},        {"**", "", true},
             {"a*c", "abc", true},    {"a*c", "ac", true},       {"a*c", "abcd", false},
             {"*a*b", "xaayb", true}, {"*ab", "aab", true},      {"a?c", "abc", true},
             {"a?c", "ac", false},    {"?", "ü", true},          {"??", "ü", false},
             {"ü*", "uber", false},   {"ü*", "ürig", true},      {"*ü", "abü", true},
             {"[a-c]", "b", true},    {"[a-c]", "d", false},     {"[!a-c]", "d", true},
             {"[!a-c]", "a", false},  {"[!a-c]", "", false},     {"[!a]", "ü", true},
             {"[a-]", "-", true},     {"[-a]", "-", true},       {"[a-c-e]", "-", true},
             {"[a-c-e]", "d", false}, {"*[0-9]", "web-1", true}, {"*[0-9]?", "web-1", false},
             {"?", "\xff", true},     {"*", "\xc3", true},       {"a", "A", false}}) {
        EXPECT_EQ(glob_matches(row.glob, row.text), row.matches) << row.glob << " " << row.text;
    }
}

TEST(Pattern, ManyStarsCostLittle) {
    std::string glob;
    for (int i = 0; i < 1'000; ++i)
        glob += "*a";
    EXPECT_FALSE(glob_matches(glob + "b", std::string(4'000, 'a')));
}

TEST(Pattern, ALiteralMeansItself) {
    EXPECT_TRUE((Pattern{"a*", false}).matches("a*"));
    EXPECT_FALSE((Pattern{"a*", false}).matches("ab"));
    EXPECT_TRUE((Pattern{"a*", true}).matches("ab"));
}

}  // namespace
}  // namespace cockpit::targets

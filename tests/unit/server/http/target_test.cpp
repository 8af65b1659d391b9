#include "server/http/target.hpp"

#include <gtest/gtest.h>

namespace cockpit::http {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;
using namespace std::string_view_literals;

TEST(PercentDecode, table) {
    EXPECT_EQ(percent_decode(""), "");
    EXPECT_EQ(percent_decode("abc"), "abc");
    EXPECT_EQ(percent_decode("a%2fb%2Fc"), "a/b/c");
    EXPECT_EQ(percent_decode("100%25"), "100%");
    EXPECT_EQ(percent_decode("%E2%82%AC"), "€");
    EXPECT_EQ(percent_decode("€"), "€");
    EXPECT_EQ(percent_decode("+"), "+");
    EXPECT_EQ(percent_decode("%252F"), "%2F");
}

TEST(PercentDecode, refuses_what_is_no_text) {
    for (const auto text : {"%", "%4", "%g0", "%0g", "a%%41", "% 41"}) {
        const auto decoded = percent_decode(text);
        ASSERT_FALSE(decoded) << text;
        EXPECT_TRUE(decoded.error().contains("is no percent escape")) << decoded.error();
    }
    EXPECT_EQ(percent_decode("a%00b").error(), "a NUL character (%00) is not allowed");
    EXPECT_EQ(percent_decode("a\0b"sv).error(), "a NUL character (%00) is not allowed");
    for (const auto text : {"%FF", "%C0%AF", "%ED%A0%80", "%E2%82", "\xff"}) {
        EXPECT_EQ(percent_decode(text).error(), "the text is not well-formed UTF-8") << text;
    }
}

TEST(ParseTarget, takes_path_and_query_apart) {
    const auto target = parse_target("/a%2Fb/c%20d?x=1&y=a+b%2B&flag&=v&x=2&&e=1=2");
    ASSERT_TRUE(target) << target.error();
    EXPECT_EQ(target->raw_path, "/a%2Fb/c%20d");
    EXPECT_EQ(target->path, "/a/b/c d");
    EXPECT_EQ(
        target->query,
        (Query{{"x", "1"}, {"y", "a b+"}, {"flag", ""}, {"", "v"}, {"x", "2"}, {"e", "1=2"}}));
}

TEST(ParseTarget, knows_the_forms_of_a_target) {
    EXPECT_EQ(parse_target("/")->path, "/");
    EXPECT_EQ(parse_target("/?")->query, Query{});
    EXPECT_EQ(parse_target("//host/x")->path, "//host/x");
    EXPECT_EQ(parse_target("http://host:80/x?a=b")->path, "/x");
    EXPECT_EQ(parse_target("http://host:80/x?a=b")->query, (Query{{"a", "b"}}));
    EXPECT_EQ(parse_target("http://host")->path, "/");
    EXPECT_EQ(parse_target("http://host?a=b")->query, (Query{{"a", "b"}}));
    EXPECT_EQ(parse_target("http://[::1]:80/x")->path, "/x");
    for (const auto* wrong : {"http://", "http://[", "http://[]/x", "http://[::1", "http://a b/",
                              "http://user@host/", "http://[::1]x/"}) {
        EXPECT_FALSE(parse_target(wrong)) << wrong;
    }
    for (const auto text : {"", "*", "host:80", "x", "ftp://host/x", "?a=b"}) {
        EXPECT_EQ(parse_target(text).error(),
                  "the request target must be a path that begins with /")
            << text;
    }
}

TEST(ParseTarget, says_what_is_wrong_and_where) {
    EXPECT_TRUE(
        parse_target("/%zz").error().starts_with("in the path: '%zz' is no percent escape"));
    EXPECT_EQ(parse_target("/%00").error(), "in the path: a NUL character (%00) is not allowed");
    EXPECT_EQ(parse_target("/?a=%ff").error(),
              "in the query, value of 'a': the text is not well-formed UTF-8");
    EXPECT_EQ(parse_target("/?%00=1").error(),
              "in the query: a NUL character (%00) is not allowed");
    EXPECT_EQ(parse_target("/a#b").error(),
              "the request target contains a fragment: write # as %23");
}

}  // namespace
}  // namespace cockpit::http

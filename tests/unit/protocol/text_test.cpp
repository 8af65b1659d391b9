#include "protocol/text.hpp"

#include <gtest/gtest.h>

namespace cockpit::protocol {
namespace {

using namespace std::string_literals;

constexpr auto replacement = "\xef\xbf\xbd";

TEST(Utf8, takes_what_is_well_formed) {
    // The first and last of each length (RFC 3629, section 3), and both sides of the surrogates.
    for (const auto& text :
         {""s, "a"s, "\0"s, "\x7f"s, "\xc2\x80"s, "\xdf\xbf"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s,
          "\xee\x80\x80"s, "\xef\xbf\xbf"s, "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s, "aä€😀z"s}) {
        EXPECT_TRUE(is_utf8(text)) << text;
        EXPECT_EQ(to_utf8(text), text);
    }
}

TEST(Utf8, refuses_what_is_not) {
    for (const auto& text : {
             "\x80"s,
             "\xbf"s,
             "\xff"s,
             "\xfe"s,  // no first byte
             "\xc3"s,
             "\xe2\x82"s,
             "\xf0\x9f\x98"s,  // cut short
             "\xc3("s,
             "\xe2(\xac"s,
             "\xe2\x82("s,
             "\xf0\x9f\x98("s,
             "\xc0\xaf"s,
             "\xc1\xbf"s,
             "\xe0\x9f\xbf"s,
             "\xf0\x8f\xbf\xbf"s,  // overlong
             "\xed\xa0\x80"s,
             "\xed\xbf\xbf"s,  // surrogates
             "\xf4\x90\x80\x80"s,
             "\xf5\x80\x80\x80"s,  // beyond U+10FFFF
         }) {
        EXPECT_FALSE(is_utf8(text));
        EXPECT_FALSE(is_utf8("ok" + text + "ok"));
        const auto mended = to_utf8("<" + text + ">");
        EXPECT_TRUE(is_utf8(mended));
        EXPECT_TRUE(mended.starts_with("<"s + replacement)) << mended;
        EXPECT_TRUE(mended.ends_with(">"));
    }
}

TEST(Utf8, each_byte_that_fits_nowhere_becomes_one_mark) {
    EXPECT_EQ(to_utf8("a\xff\xfe"
                      "b"),
              "a"s + replacement + replacement + "b");
    EXPECT_EQ(to_utf8("\xe2\x82"), std::string(replacement) + replacement);
    EXPECT_EQ(to_utf8("\xc3("), std::string(replacement) + "(");
}

}  // namespace
}  // namespace cockpit::protocol

#include "crypto/encoding.hpp"

#include <gtest/gtest.h>

namespace cockpit::crypto {
namespace {

using namespace std::string_literals;

TEST(Base64, matches_the_vectors_of_rfc_4648) {
    struct Case {
        std::string bytes;
        std::string text;
        std::string url_text;
    };
    const Case cases[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+", "-__-"},
        {"\0\0"s, "AAA=", "AAA"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(to_base64(one.bytes), one.text);
        EXPECT_EQ(from_base64(one.text), one.bytes) << one.text;
        EXPECT_EQ(to_base64url(one.bytes), one.url_text);
        EXPECT_EQ(from_base64url(one.url_text), one.bytes) << one.url_text;
    }
}

TEST(Base64, every_byte_comes_back_at_every_length) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
        EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
        EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    }
}

TEST(Base64, one_value_has_one_text) {
    for (const auto& text :
         {"Zg"s, "Zg="s, "Zg==="s, "Zg==Zg=="s, "Zh=="s, "Zm9="s, "Z"s, "="s, "===="s, "Zg== "s,
          " Zg=="s, "Z g=="s, "Zm9v\n"s, "Zm9v\0"s, "-__-"s, "Zm9*"s, "Zm9ä"s}) {
        EXPECT_EQ(from_base64(text), std::nullopt) << text;
    }
    for (const auto& text : {"Zg=="s, "Zh"s, "Z"s, "+//+"s, "Zm9v\n"s, "Zm 9v"s, "="s}) {
        EXPECT_EQ(from_base64url(text), std::nullopt) << text;
    }
}

TEST(Hex, is_lower_case) {
    EXPECT_EQ(to_hex(""), "");
    EXPECT_EQ(to_hex("\x00\x0f\xa0\xff"s), "000fa0ff");
}

}  // namespace
}  // namespace cockpit::crypto

#include "protocol/ids.hpp"

#include <gtest/gtest.h>

#include <unordered_set>

namespace cockpit::protocol {
namespace {

using namespace std::string_literals;

TEST(AgentId, takes_names_that_fit_into_keys_and_channels) {
    for (const auto& text :
         {"a"s, "7"s, "web-1.example.org"s, "A_b-C.9"s, "a.."s, "a--"s, std::string(255, 'x')}) {
        const auto id = AgentId::parse(text);
        ASSERT_TRUE(id) << text;
        EXPECT_EQ(id->text(), text);
    }
}

TEST(AgentId, refuses_everything_else_with_the_rule) {
    for (const auto& text :
         {""s,    "*"s,     "a*"s,   "web?"s,  "[a]"s,   "a\nb"s, "a\n"s,
          "a\r"s, "a b"s,   " a"s,   "a:b"s,   "a/b"s,   "a\\b"s, "a\0b"s,
          "\0"s,  "a\x7f"s, "ä"s,    "a\xff"s, "агент"s, ".a"s,   "-a"s,
          "_a"s,  ".."s,    "a\"b"s, "a'b"s,   "a,b"s,   "{a}"s,  std::string(256, 'x')}) {
        const auto id = AgentId::parse(text);
        ASSERT_FALSE(id) << text;
        EXPECT_EQ(id.error(),
                  "an agent id has 1 to 255 letters, digits, dots, underscores and hyphens, and "
                  "starts with a letter or a digit");
    }
}

TEST(CommandId, is_a_uuid_in_lower_case) {
    const auto right = "9b2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c55"s;
    ASSERT_TRUE(CommandId::parse(right));
    EXPECT_EQ(CommandId::parse(right)->text(), right);
    for (const auto& text :
         {""s, "9B2F6C1E-6F0A-4B62-9D2E-0D6A2F1F3C55"s, "9b2f6c1e6f0a4b629d2e0d6a2f1f3c55"s,
          right + "0", right.substr(1), "{" + right + "}", "gb2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c55"s,
          "9b2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c5\n"s, "9b2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c5\0"s,
          "9b2f6c1e-6f0a-4b62-9d2e00d6a2f1f3c55"s, "-b2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c55"s}) {
        const auto id = CommandId::parse(text);
        ASSERT_FALSE(id) << text;
        EXPECT_EQ(id.error(),
                  "a command id is a UUID in lower case, such as "
                  "9b2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c55");
    }
}

TEST(CommandId, sets_version_and_variant_in_random_bytes) {
    const unsigned char ones[16] = {255, 255, 255, 255, 255, 255, 255, 255,
                                    255, 255, 255, 255, 255, 255, 255, 255};
    const unsigned char zeros[16] = {};
    const unsigned char count[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    EXPECT_EQ(CommandId::from_random_bytes(ones).text(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    EXPECT_EQ(CommandId::from_random_bytes(zeros).text(), "00000000-0000-4000-8000-000000000000");
    const auto counted = CommandId::from_random_bytes(count);
    EXPECT_EQ(counted.text(), "00010203-0405-4607-8809-0a0b0c0d0e0f");
    EXPECT_EQ(CommandId::parse(counted.text()), counted);
}

TEST(Ids, compare_and_hash_by_their_text) {
    const auto a = *AgentId::parse("a");
    const auto b = *AgentId::parse("b");
    EXPECT_LT(a, b);
    EXPECT_EQ((std::unordered_set<AgentId>{a, b, a}.size()), 2U);
    const auto id = *CommandId::parse("9b2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c55");
    EXPECT_EQ((std::unordered_set<CommandId>{id, id}.size()), 1U);
    EXPECT_LT((AttemptId{id, 1}), (AttemptId{id, 2}));
    EXPECT_EQ((AttemptId{id, 1}), (AttemptId{id, 1}));
}

}  // namespace
}  // namespace cockpit::protocol

#include "redis/codec.hpp"

#include <gtest/gtest.h>

namespace cockpit::redis {
namespace {

Value text(std::string words) {
    return Value{std::move(words)};
}
Value number(std::int64_t value) {
    return Value{value};
}
Value list(Array elements) {
    return Value{std::move(elements)};
}

struct Case {
    const char* name;
    std::string bytes;
    std::vector<Value> values;
};

std::vector<Case> cases() {
    using namespace std::string_literals;
    return {
        {"status", "+OK\r\n", {text("OK")}},
        {"error", "-ERR no\r\n", {Value{ErrorReply{"ERR no"}}}},
        {"integer", ":-42\r\n", {number(-42)}},
        {"largest integer", ":9223372036854775807\r\n", {number(INT64_MAX)}},
        {"bulk", "$5\r\nhello\r\n", {text("hello")}},
        {"empty bulk", "$0\r\n\r\n", {text("")}},
        {"binary bulk", "$6\r\na\r\n\0b\xff\r\n"s, {text("a\r\n\0b\xff"s)}},
        {"nil bulk", "$-1\r\n", {Value{}}},
        {"nil array", "*-1\r\n", {Value{}}},
        {"empty array", "*0\r\n", {list({})}},
        {"array", "*3\r\n:1\r\n$-1\r\n+x\r\n", {list({number(1), Value{}, text("x")})}},
        {"nested",
         "*2\r\n*2\r\n:1\r\n*1\r\n$1\r\na\r\n*2\r\n-E\r\n*0\r\n",
         {list({list({number(1), list({text("a")})}), list({Value{ErrorReply{"E"}}, list({})})})}},
        {"many",
         "+a\r\n:2\r\n*1\r\n:3\r\n$1\r\nd\r\n",
         {text("a"), number(2), list({number(3)}), text("d")}},
    };
}

std::vector<Value> take_all(Decoder& decoder) {
    std::vector<Value> values;
    for (;;) {
        auto value = decoder.next();
        EXPECT_TRUE(value.has_value()) << value.error();
        if (!value || !*value) return values;
        values.push_back(std::move(**value));
    }
}

TEST(Codec, decodes_every_kind_of_answer) {
    for (const Case& each : cases()) {
        SCOPED_TRACE(each.name);
        Decoder decoder;
        decoder.feed(each.bytes);
        EXPECT_EQ(take_all(decoder), each.values);
    }
}

TEST(Codec, decodes_the_same_when_split_at_every_byte) {
    for (const Case& each : cases()) {
        for (std::size_t cut = 0; cut <= each.bytes.size(); ++cut) {
            SCOPED_TRACE(std::string(each.name) + " cut at " + std::to_string(cut));
            Decoder decoder;
            decoder.feed(std::string_view(each.bytes).substr(0, cut));
            auto values = take_all(decoder);
            decoder.feed(std::string_view(each.bytes).substr(cut));
            for (auto& value : take_all(decoder))
                values.push_back(std::move(value));
            EXPECT_EQ(values, each.values);
        }
    }
}

TEST(Codec, decodes_byte_by_byte) {
    for (const Case& each : cases()) {
        SCOPED_TRACE(each.name);
        Decoder decoder;
        std::vector<Value> values;
        for (const char byte : each.bytes) {
            decoder.feed({&byte, 1});
            for (auto& value : take_all(decoder))
                values.push_back(std::move(value));
        }
        EXPECT_EQ(values, each.values);
    }
}

TEST(Codec, tells_what_is_not_the_protocol) {
    Decoder decoder;
    decoder.feed("HTTP/1.1 400 Bad Request\r\n");
    const auto value = decoder.next();
    ASSERT_FALSE(value);
    EXPECT_EQ(
        value.error(),
        "what came is not the protocol of Redis (Protocol error, got \"H\" as reply type byte)");
    decoder.feed("+OK\r\n");
    EXPECT_FALSE(decoder.next()) << "an error is for good";
}

TEST(Codec, refuses_answers_nested_too_deep) {
    Decoder decoder;
    for (int i = 0; i < 9; ++i)
        decoder.feed("*1\r\n");
    const auto value = decoder.next();
    ASSERT_FALSE(value);
    EXPECT_NE(value.error().find("nested"), std::string::npos) << value.error();
}

TEST(Codec, refuses_an_answer_of_too_many_bytes) {
    Decoder decoder({.bytes = 1000, .elements = 1000});
    decoder.feed("$5000\r\n" + std::string(990, 'x'));
    EXPECT_TRUE(decoder.next());
    decoder.feed(std::string(100, 'x'));
    const auto value = decoder.next();
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error(), "Redis sent an answer of more than 1000 bytes, the most that is read");
}

TEST(Codec, refuses_an_answer_of_too_many_elements) {
    Decoder decoder({.bytes = 100'000, .elements = 100});
    decoder.feed("*2000000000\r\n");
    EXPECT_TRUE(decoder.next()) << "an announced length alone costs nothing";
    for (int i = 0; i < 100; ++i)
        decoder.feed(":1\r\n");
    const auto value = decoder.next();
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error(),
              "Redis sent an answer of more than 100 elements, the most that is read");
}

TEST(Codec, counts_limits_for_each_answer_anew) {
    Decoder decoder({.bytes = 100, .elements = 10});
    for (int i = 0; i < 1000; ++i)
        decoder.feed("+OK\r\n");
    EXPECT_EQ(take_all(decoder).size(), 1000U);
    decoder.feed("+OK\r\n");
    EXPECT_EQ(take_all(decoder).size(), 1U);
}

TEST(Codec, encodes_commands_one_after_the_other) {
    using namespace std::string_literals;
    std::string out;
    encode({"SET", "k\r\n", "\0\xff"s}, out);
    encode({"PING"}, out);
    EXPECT_EQ(out, "*3\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$2\r\n\0\xff\r\n*1\r\n$4\r\nPING\r\n"s);
}

}  // namespace
}  // namespace cockpit::redis

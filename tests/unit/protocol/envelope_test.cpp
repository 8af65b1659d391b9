#include "protocol/envelope.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

namespace cockpit::protocol {
namespace {

using namespace std::string_literals;
using Fields = std::vector<std::pair<std::string, std::string>>;
using enum EntryKind;

constexpr std::array kinds{
    run, cancel, ack, hello, received, started, output, finished, EntryKind::refused};

const Entry entry{run, "0123456789abcdef", R"({"a":"\"ä"})", "c2ln"};

TEST(EntryKind, has_its_word) {
    constexpr std::array<std::string_view, 9> words{
        "run", "cancel", "ack", "hello", "received", "started", "output", "finished", "refused"};
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        EXPECT_EQ(to_text(kinds[i]), words[i]);
        EXPECT_EQ(parse_entry_kind(words[i]), kinds[i]);
    }
    for (const auto* text : {"", "Run", "run ", "unknown"}) {
        EXPECT_EQ(parse_entry_kind(text), std::nullopt);
    }
}

TEST(SigningInput, holds_the_domain_the_kind_and_the_exact_body) {
    EXPECT_EQ(signing_input(run, "{}"), "cockpit/1\0run\0{}"s);
    EXPECT_EQ(signing_input(finished, "a\0b"s), "cockpit/1\0finished\0a\0b"s);
    std::set<std::string> inputs;
    for (const auto kind : kinds)
        inputs.insert(signing_input(kind, "{}"));
    EXPECT_EQ(inputs.size(), kinds.size());
    EXPECT_NE(signing_input(run, "{}"), signing_input(run, "{} "));
}

TEST(StreamFields, carry_an_entry_there_and_back) {
    const auto flat = to_stream_fields(entry);
    EXPECT_EQ(flat, (std::vector<std::string>{"t", "run", "k", entry.key_id, "b", entry.body, "s",
                                              entry.signature}));
    // Read in any order, beside fields of later versions.
    const auto again = entry_from_stream_fields({{"s", entry.signature},
                                                 {"later", "x"},
                                                 {"b", entry.body},
                                                 {"k", entry.key_id},
                                                 {"t", "run"}});
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(to_stream_fields(*again), flat);
}

TEST(StreamFields, refuse_what_is_no_entry) {
    const Fields whole{{"t", "run"}, {"k", "k"}, {"b", "{}"}, {"s", "s"}};
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto without = whole;
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_EQ(entry_from_stream_fields(without).error(),
                  "an entry needs the fields t, k, b and s");
    }
    EXPECT_EQ(entry_from_stream_fields({}).error(), "an entry needs the fields t, k, b and s");
    EXPECT_EQ(entry_from_stream_fields({{"t", "walk"}, {"k", "k"}, {"b", "b"}, {"s", "s"}}).error(),
              "unknown entry kind 'walk'");
}

TEST(ChannelMessage, carries_an_entry_there_and_back) {
    for (const auto kind : kinds) {
        const Entry sent{kind, "key", "body \" \\ \n ä \x01", "sig"};
        const auto got = entry_from_channel_message(to_channel_message(sent));
        ASSERT_TRUE(got) << got.error();
        EXPECT_EQ(to_stream_fields(*got), to_stream_fields(sent));
    }
}

TEST(ChannelMessage, refuses_what_is_no_entry) {
    for (const auto* text : {"", "x", "[]", "1", "\"t\"", "{", "{}{}", "\xff"}) {
        EXPECT_EQ(entry_from_channel_message(text).error(), "not a JSON object") << text;
    }
    const auto whole = boost::json::parse(to_channel_message(entry)).as_object();
    for (const auto& [name, value] : whole) {
        auto without = whole;
        without.erase(name);
        auto wrong = whole;
        wrong[name] = 1;
        for (const auto& object : {without, wrong}) {
            EXPECT_EQ(entry_from_channel_message(boost::json::serialize(object)).error(),
                      "an entry needs the fields t, k, b and s");
        }
    }
    EXPECT_EQ(entry_from_channel_message(
                  R"({"command_id":"1","command":"echo","params":{},"timestamp":1,"sender":"a"})")
                  .error(),
              "an entry needs the fields t, k, b and s");
    EXPECT_EQ(entry_from_channel_message(R"({"t":"walk","k":"k","b":"b","s":"s"})").error(),
              "unknown entry kind 'walk'");
}

}  // namespace
}  // namespace cockpit::protocol

#include "redis/stream_entries.hpp"

#include <gtest/gtest.h>

namespace cockpit::redis {
namespace {

Value text(const char* words) {
    return Value{std::string(words)};
}

Value entry(const char* id, Value fields) {
    return Value{Array{text(id), std::move(fields)}};
}

TEST(StreamEntries, reads_ids_and_fields_in_order) {
    const Value list{Array{entry("1-0", Value{Array{text("k"), text("v"), text("k"), text("w")}}),
                           entry("2-0", Value{Array{}})}};
    const auto entries = parse_entries(list);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].id, "1-0");
    const std::vector<std::pair<std::string, std::string>> expected{{"k", "v"}, {"k", "w"}};
    EXPECT_EQ(entries[0].fields, expected);
    EXPECT_EQ(entries[1].id, "2-0");
    EXPECT_TRUE(entries[1].fields.empty());
}

TEST(StreamEntries, leaves_out_deleted_and_ill_formed_ones) {
    const Value list{Array{
        entry("1-0", Value{}),                                  // deleted: XAUTOCLAIM before 7
        Value{},                                                // deleted: XCLAIM
        entry("2-0", Value{Array{text("odd")}}),                //
        entry("3-0", Value{Array{text("k"), Value{Array{}}}}),  //
        Value{Array{text("4-0")}},                              //
        entry("5-0", Value{Array{text("k"), text("v")}}),
    }};
    const auto entries = parse_entries(list);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].id, "5-0");
}

TEST(StreamEntries, reads_the_answer_over_one_stream) {
    const Value answer{Array{Value{
        Array{text("stream"), Value{Array{entry("1-0", Value{Array{text("a"), text("b")}})}}}}}};
    const auto entries = parse_read_answer(answer);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].fields[0].second, "b");
}

TEST(StreamEntries, finds_none_in_other_answers) {
    for (const Value& answer : {Value{}, text("OK"), Value{Array{}}, Value{ErrorReply{"NOGROUP"}},
                                Value{Array{Value{Array{text("only a name")}}}}}) {
        EXPECT_TRUE(parse_read_answer(answer).empty());
    }
    EXPECT_TRUE(parse_entries(Value{}).empty());
}

}  // namespace
}  // namespace cockpit::redis

#include "protocol/output_messages.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "protocol/messages.hpp"

namespace cockpit::protocol {
namespace {

namespace json = boost::json;

const AgentId agent = *AgentId::parse("web-1");
const AttemptId attempt{*CommandId::parse("9b2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c55"), 2};

constexpr auto no_byte_count = "must be an integer from 0 to 9007199254740991";

template <typename T>
std::string changed(const T& body, Decoded<T> (*decode)(std::string_view), std::string_view name,
                    const json::value& value) {
    auto object = json::parse(encode(body)).as_object();
    object[name] = value;
    const auto decoded = decode(json::serialize(object));
    return decoded ? "decoded" : decoded.error();
}

TEST(OutputMessages, output_keeps_what_it_says) {
    const auto piece = decode_output(encode(Output{agent, attempt, 70'000, "YWI=", 100, 3}));
    ASSERT_TRUE(piece) << piece.error();
    EXPECT_EQ(piece->agent, agent);
    EXPECT_EQ(piece->attempt, attempt);
    EXPECT_EQ(piece->offset, 70'000);
    EXPECT_EQ(piece->data, "YWI=");
    EXPECT_EQ(piece->missing_before, 100);
    EXPECT_EQ(piece->at_ms, 3);
    EXPECT_EQ(piece->fetch_id, std::nullopt);
    EXPECT_EQ(piece->problem, std::nullopt);

    const auto fetched =
        decode_output(encode(Output{agent, attempt, 5, "", 0, 3, "f-1", "it is gone"}));
    ASSERT_TRUE(fetched) << fetched.error();
    EXPECT_EQ(fetched->fetch_id, "f-1");
    EXPECT_EQ(fetched->problem, "it is gone");
}

TEST(OutputMessages, output_says_nothing_of_a_hole_where_there_is_none) {
    const auto object = json::parse(encode(Output{agent, attempt, 0, "YQ==", 0, 3})).as_object();
    EXPECT_FALSE(object.contains("missing_before"));
    EXPECT_FALSE(object.contains("fetch_id"));
    EXPECT_FALSE(object.contains("problem"));
}

TEST(OutputMessages, output_has_bounds) {
    const Output piece{agent, attempt, 70'000, "YWI=", 100, 3, "f-1"};
    const auto with = [&](std::string_view name, const json::value& value) {
        return changed<Output>(piece, decode_output, name, value);
    };
    EXPECT_EQ(with("offset", -1), std::string("field 'offset' ") + no_byte_count);
    EXPECT_EQ(with("offset", 1LL << 53), std::string("field 'offset' ") + no_byte_count);
    EXPECT_EQ(with("offset", (1LL << 53) - 1), "decoded");
    EXPECT_EQ(with("missing_before", -1), std::string("field 'missing_before' ") + no_byte_count);
    EXPECT_EQ(with("missing_before", 70'000), "decoded");
    EXPECT_EQ(with("missing_before", 70'001), "field 'missing_before' must be at most the offset");
    EXPECT_EQ(with("data", json::string(87'384, 'A')), "decoded");
    EXPECT_EQ(with("data", json::string(87'385, 'A')),
              "field 'data' must be at most 65536 bytes in base64");
    EXPECT_EQ(with("fetch_id", ""), "field 'fetch_id' must be text of 1 to 64 characters");
    EXPECT_EQ(with("fetch_id", json::string(65, 'x')),
              "field 'fetch_id' must be text of 1 to 64 characters");
}

TEST(OutputMessages, only_an_answer_to_a_fetch_has_a_problem) {
    EXPECT_EQ(changed<Output>({agent, attempt, 0, "", 0, 3}, decode_output, "problem", "gone"),
              "field 'fetch_id' must be given where problem is");
}

TEST(OutputMessages, fetch_keeps_what_it_says) {
    const auto fetch = decode_fetch(encode(Fetch{agent, attempt, "f-1", 10, 20, 1, 2}));
    ASSERT_TRUE(fetch) << fetch.error();
    EXPECT_EQ(fetch->agent, agent);
    EXPECT_EQ(fetch->attempt, attempt);
    EXPECT_EQ(fetch->fetch_id, "f-1");
    EXPECT_EQ(fetch->offset, 10);
    EXPECT_EQ(fetch->length, 20);
    EXPECT_EQ(fetch->issued_at_ms, 1);
    EXPECT_EQ(fetch->expires_at_ms, 2);
}

TEST(OutputMessages, fetch_has_bounds) {
    const Fetch fetch{agent, attempt, "f-1", 10, 20, 1, 2};
    const auto with = [&](std::string_view name, const json::value& value) {
        return changed<Fetch>(fetch, decode_fetch, name, value);
    };
    EXPECT_EQ(with("length", 65'536), "decoded");
    EXPECT_EQ(with("length", 65'537), "field 'length' must be at most 65536");
    EXPECT_EQ(with("length", -1), std::string("field 'length' ") + no_byte_count);
    EXPECT_EQ(with("offset", -1), std::string("field 'offset' ") + no_byte_count);
    EXPECT_EQ(with("fetch_id", ""), "field 'fetch_id' must be text of 1 to 64 characters");
}

TEST(OutputMessages, an_ack_of_output_is_told_from_one_of_the_result) {
    const auto of_output = decode_ack(encode(Ack{agent, attempt, true, "", 5, 0}));
    ASSERT_TRUE(of_output) << of_output.error();
    EXPECT_EQ(of_output->output_next, 0);
    const auto of_result = decode_ack(encode(Ack{agent, attempt, true, "", 5}));
    ASSERT_TRUE(of_result) << of_result.error();
    EXPECT_EQ(of_result->output_next, std::nullopt);
    EXPECT_EQ(changed<Ack>({agent, attempt, true, "", 5}, decode_ack, "output_next", -1),
              std::string("field 'output_next' ") + no_byte_count);
}

TEST(OutputMessages, a_result_may_leave_its_bytes_unknown) {
    const auto finished = decode_finished(encode(Finished{agent, attempt}));
    ASSERT_TRUE(finished) << finished.error();
    EXPECT_EQ(finished->output_bytes, std::nullopt);
    EXPECT_EQ(finished->output_sha256, "");
    EXPECT_EQ(changed<Finished>({agent, attempt}, decode_finished, "output_bytes", -1),
              std::string("field 'output_bytes' ") + no_byte_count);
}

}  // namespace
}  // namespace cockpit::protocol

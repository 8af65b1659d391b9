#include "protocol/original.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace cockpit::protocol::original {
namespace {

namespace json = boost::json;

TEST(OriginalCommand, is_written_as_the_original_wrote_it) {
    const Command command{"id-1", "git_pull", {{"branch", "main"}}, 1700000000, "admin"};
    EXPECT_EQ(json::parse(encode(command)),
              json::parse(R"({"command_id":"id-1","command":"git_pull","params":{"branch":"main"},
                              "timestamp":1700000000,"sender":"admin"})"));
    const auto again = decode_command(encode(command));
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(encode(*again), encode(command));
}

TEST(OriginalCommand, is_read_with_what_pythons_programs_leave_out) {
    const auto decoded = [](std::string_view text) { return decode_command(text).value(); };
    EXPECT_EQ(decoded(R"({"command_id":"1","command":"echo"})").params, json::object{});
    EXPECT_EQ(decoded(R"({"command_id":"1","command":"echo","params":null})").params,
              json::object{});
    EXPECT_EQ(decoded(R"({"command_id":"1","command":"echo","params":{"message":null}})").params,
              (json::object{{"message", nullptr}}));
    EXPECT_EQ(
        decoded(R"({"command_id":"1","command":"echo","timestamp":1700000000.75})").timestamp_s,
        1700000000);
    for (const auto* timestamp : {"null", "\"now\"", "1e300", "-1e300", "true", "[]"}) {
        EXPECT_EQ(decoded(R"({"command_id":"1","command":"echo","timestamp":)" +
                          std::string(timestamp) + "}")
                      .timestamp_s,
                  0)
            << timestamp;
    }
    EXPECT_EQ(decoded(R"({"command_id":"1","command":"echo","sender":null,"extra":1})").sender, "");
}

TEST(OriginalCommand, is_refused_with_the_reason) {
    const auto error = [](std::string_view text) {
        const auto decoded = decode_command(text);
        return decoded ? "decoded" : decoded.error();
    };
    const auto with_id = [](const std::string& id) {
        return json::serialize(json::object{{"command_id", id}, {"command", "echo"}});
    };
    EXPECT_EQ(error("[]"), "the message is not a JSON object");
    EXPECT_TRUE(error("echo").starts_with("the message is not JSON: "));
    EXPECT_TRUE(error("").starts_with("the message is not JSON: "));
    EXPECT_EQ(error(R"({"command":"echo"})"),
              "field 'command_id' must be text of 1 to 64 characters");
    EXPECT_EQ(error(R"({"command_id":7,"command":"echo"})"),
              "field 'command_id' must be text of 1 to 64 characters");
    EXPECT_EQ(error(with_id("")), "field 'command_id' must be text of 1 to 64 characters");
    EXPECT_EQ(error(with_id(std::string(65, 'a'))),
              "field 'command_id' must be text of 1 to 64 characters");
    EXPECT_EQ(error(with_id(std::string(64, 'a'))), "decoded");
    EXPECT_EQ(error(R"({"command_id":"1"})"), "field 'command' must be text");
    EXPECT_EQ(error(R"({"command_id":"1","command":"echo","params":[]})"),
              "field 'params' must be an object");
}

TEST(OriginalResponse, is_written_and_read_as_the_original_did) {
    const Response good{"1", "success", "pong", std::nullopt, 12, 1700000000};
    EXPECT_EQ(json::parse(encode(good)),
              json::parse(R"({"command_id":"1","status":"success","output":"pong","error":null,
                              "execution_time_ms":12,"timestamp":1700000000})"));
    const Response bad{"1", "error", "", "no such path", 0, 1};
    for (const auto& response : {good, bad}) {
        const auto again = decode_response(encode(response));
        ASSERT_TRUE(again) << again.error();
        EXPECT_EQ(encode(*again), encode(response));
    }
    const auto loose = decode_response(
        R"({"command_id":"1","status":"timeout","output":null,"execution_time_ms":30000.9})");
    ASSERT_TRUE(loose) << loose.error();
    EXPECT_EQ(loose->output, "");
    EXPECT_EQ(loose->error, std::nullopt);
    EXPECT_EQ(loose->execution_time_ms, 30000);
    EXPECT_EQ(loose->timestamp_s, 0);
}

TEST(OriginalResponse, is_refused_with_the_reason) {
    EXPECT_EQ(decode_response(R"({"status":"success"})").error(),
              "field 'command_id' must be text");
    for (const auto* status : {"null", "\"pending\"", "\"refused\"", "1"}) {
        EXPECT_EQ(
            decode_response(R"({"command_id":"1","status":)" + std::string(status) + "}").error(),
            "field 'status' must be success, error or timeout");
    }
    EXPECT_EQ(decode_response(R"({"command_id":"1"})").error(),
              "field 'status' must be success, error or timeout");
    EXPECT_EQ(decode_response("7").error(), "the message is not a JSON object");
}

TEST(OriginalStatus, has_three_words_for_all_ends) {
    using enum CommandState;
    EXPECT_EQ(status_word(success), "success");
    EXPECT_EQ(status_word(timeout), "timeout");
    for (const auto state : {error, cancelled, cancel_failed, interrupted, expired, refused}) {
        EXPECT_EQ(status_word(state), "error");
    }
}

}  // namespace
}  // namespace cockpit::protocol::original

// Compatibility with the original's unsigned JSON.
#include "unit/agent/executor/fixture.hpp"

namespace cockpit::executor {
namespace {

using testing::HasSubstr;

class OriginalTest : public ExecutorTest {
  protected:
    Executor& make_permissive() {
        auto chosen = settings();
        chosen.allow_unsigned = true;
        return make(chosen);
    }
    static constexpr const char* echo_message =
        R"({"command_id":"c-1","command":"echo","params":{"message":"hi"},)"
        R"("timestamp":1234567890,"sender":"cockpit-backend"})";
};

TEST_F(OriginalTest, is_answered_in_the_originals_form) {
    make_permissive();
    executor->take_original(echo_message);
    ASSERT_EQ(echo().started.size(), 1u);
    clock.pass(5);
    echo().end(0, {CommandState::success, "hi"});
    ASSERT_EQ(reports.originals.size(), 1u);
    const auto& answer = reports.originals[0];
    EXPECT_EQ(answer.command_id, "c-1");
    EXPECT_EQ(answer.status, "success");
    EXPECT_EQ(answer.output, "hi");
    EXPECT_EQ(answer.error, std::nullopt);
    EXPECT_EQ(answer.execution_time_ms, 5);
    EXPECT_EQ(answer.timestamp_s, clock.wall / 1000);
    EXPECT_EQ(executor->counts().executed, 1);
}

TEST_F(OriginalTest, is_refused_with_a_plain_error_unless_the_owner_allows_it) {
    make();
    executor->take_original(echo_message);
    EXPECT_EQ(runs(), 0u);
    ASSERT_EQ(reports.originals.size(), 1u);
    EXPECT_EQ(reports.originals[0].status, "error");
    EXPECT_EQ(reports.originals[0].error,
              "this agent takes signed commands only; the owner of its host can set "
              "ALLOW_UNSIGNED=true to let it take unsigned ones");
}

TEST_F(OriginalTest, a_command_id_is_not_run_again_within_ten_minutes) {
    make_permissive();
    executor->take_original(echo_message);
    executor->take_original(echo_message);
    EXPECT_EQ(runs(), 1u);
    clock.pass(601'000);
    executor->on_time();
    executor->take_original(echo_message);
    EXPECT_EQ(runs(), 2u);
}

TEST_F(OriginalTest, goes_through_the_same_checks) {
    git().forbidden = "path '/etc' is not in GIT_REPO_PATH";
    make_permissive();
    executor->take_original(
        R"({"command_id":"c-2","command":"git_pull","params":{"repository_path":"/etc"}})");
    executor->take_original(R"({"command_id":"c-3","command":"rm","params":{}})");
    executor->take_original(R"({"command_id":"c-4","command":"echo","params":{"message":3}})");
    EXPECT_EQ(runs(), 0u);
    ASSERT_EQ(reports.originals.size(), 3u);
    EXPECT_EQ(reports.originals[0].error, "path '/etc' is not in GIT_REPO_PATH");
    EXPECT_THAT(*reports.originals[1].error, HasSubstr("unknown command 'rm'"));
    EXPECT_EQ(reports.originals[2].error, "parameter 'message' of command 'echo' must be a string");
    EXPECT_EQ(reports.originals[0].status, "error");
}

TEST_F(OriginalTest, a_time_limit_is_answered_with_the_originals_word) {
    make_permissive();
    executor->take_original(echo_message);
    clock.pass(30'000);
    executor->on_time();
    EXPECT_EQ(echo().started[0]->stopped, StopReason::timeout);
    echo().end(0, {CommandState::timeout, "", "it did not end within 30 s"});
    ASSERT_EQ(reports.originals.size(), 1u);
    EXPECT_EQ(reports.originals[0].status, "timeout");
    EXPECT_EQ(reports.originals[0].error, "it did not end within 30 s");
}

TEST_F(OriginalTest, noise_is_dropped_without_an_answer) {
    make_permissive();
    for (const auto* noise : {"", "hello", "[1]", "{}", R"({"command_id":7,"command":"echo"})",
                              R"({"command_id":"c","command":"echo","params":[]})"}) {
        executor->take_original(noise);
    }
    EXPECT_EQ(runs(), 0u);
    EXPECT_TRUE(reports.originals.empty());
}

TEST_F(OriginalTest, shares_the_queue_with_signed_commands_and_its_bounds) {
    auto chosen = settings();
    chosen.allow_unsigned = true;
    chosen.max_running = 1;
    chosen.max_waiting = 1;
    make(chosen);
    give(run(1));
    executor->take_original(echo_message);
    EXPECT_EQ(runs(), 1u);
    executor->take_original(R"({"command_id":"c-9","command":"echo"})");
    ASSERT_EQ(reports.originals.size(), 1u);
    EXPECT_THAT(*reports.originals[0].error, HasSubstr("MAX_BUFFERED_COMMANDS"));
    executor->stop_taking();
    ASSERT_EQ(reports.originals.size(), 2u);
    EXPECT_EQ(reports.originals[1].command_id, "c-1");
    EXPECT_EQ(reports.originals[1].error,
              "cancelled before it started: this agent is shutting down");
}

}  // namespace
}  // namespace cockpit::executor

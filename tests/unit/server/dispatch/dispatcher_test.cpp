#include "server/dispatch/dispatcher.hpp"

#include <gtest/gtest.h>

#include "unit/server/dispatch/dispatcher_fixture.hpp"

namespace cockpit::dispatch {
namespace {

TEST_F(DispatcherTest, a_command_is_committed_before_it_is_sent) {
    bool answered = false;
    dispatcher.submit({.agent = web, .command = "echo", .sent_by = "alice"},
                      [&](Submitted) { answered = true; });
    EXPECT_TRUE(link.runs.empty()) << "the store has not answered yet";
    answers.deliver();
    EXPECT_TRUE(answered);
    ASSERT_EQ(link.runs.size(), 1u);
    EXPECT_EQ(link.runs[0].params.at("message").as_string(), "pong") << "defaults are filled in";
    EXPECT_EQ(link.runs[0].expires_at_ms, clock.wall + 10'000);
    EXPECT_EQ(link.runs[0].sender, "alice");
}

TEST_F(DispatcherTest, what_is_refused_leaves_no_row_and_says_why) {
    const auto expect = [&](const Submitted& result, Kind kind, std::string_view words) {
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(result.error().kind, kind) << result.error().detail;
        EXPECT_NE(result.error().detail.find(words), std::string::npos) << result.error().detail;
    };
    expect(submit("echo", {}, "nobody"), Kind::unknown_agent, "no agent is known as 'nobody'");
    expect(submit("format_disk", {}), Kind::unknown_command, "echo, git_pull, docker_restart");
    expect(submit("git_pull", {}), Kind::invalid_params, "'repository_path'");
    expect(submit("echo", {{"message", 5}}), Kind::invalid_params, "must be a string");
    expect(submit("echo", {{"massage", "x"}}), Kind::invalid_params, "it takes message");
    directory.on_subscribers(web, 0, clock.wall + 1);
    clock.advance(2);
    expect(submit("echo", {}), Kind::agent_offline, "nothing was sent");
    directory.on_link_lost(clock.wall, "Redis is away");
    expect(submit("echo", {}), Kind::presence_unknown, "Redis is away");
    EXPECT_TRUE(store.rows.empty());
    EXPECT_TRUE(link.runs.empty());
}

TEST_F(DispatcherTest, a_store_that_fails_means_nothing_was_sent) {
    store.broken = true;
    const auto result = submit("echo", {});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, Kind::store_unavailable);
    EXPECT_EQ(result.error().detail.find("fake"), std::string::npos) << "that is for the log";
    EXPECT_TRUE(link.runs.empty());
}

TEST_F(DispatcherTest, a_result_is_kept_acknowledged_and_wakes_who_waits) {
    const auto record = echo();
    std::optional<CommandRecord> woken;
    const auto waiter = dispatcher.wait(attempt(record).command,
                                        [&](std::optional<CommandRecord> end) { woken = end; });
    answers.deliver();
    EXPECT_FALSE(woken.has_value());
    EXPECT_TRUE(finish(record));
    ASSERT_TRUE(woken.has_value());
    EXPECT_EQ(woken->state, CommandState::success);
    EXPECT_EQ(woken->output, "hi");
    ASSERT_EQ(link.acks.size(), 1u);
    EXPECT_EQ(link.acks[0].attempt, attempt(record));
    EXPECT_EQ(dispatcher.open_commands(), 0u);
}

TEST_F(DispatcherTest, who_comes_to_wait_after_the_end_is_answered_too) {
    const auto record = echo();
    finish(record);
    std::optional<CommandRecord> woken;
    const auto waiter = dispatcher.wait(attempt(record).command,
                                        [&](std::optional<CommandRecord> end) { woken = end; });
    answers.deliver();
    ASSERT_TRUE(woken.has_value());
    EXPECT_EQ(woken->state, CommandState::success);
}

TEST_F(DispatcherTest, a_waiter_that_left_is_not_called_and_the_result_is_kept) {
    const auto record = echo();
    bool called = false;
    dispatcher.wait(attempt(record).command, [&](auto) { called = true; }).reset();
    finish(record);
    EXPECT_FALSE(called);
    EXPECT_EQ(state_of(record), CommandState::success);
}

TEST_F(DispatcherTest, a_waiter_may_leave_after_the_dispatcher) {
    std::unique_ptr<Waiter> waiter;
    {
        Dispatcher other({}, clock, directory, store, link, next_id);
        waiter = other.wait(next_id(), [](auto) {});
    }
    waiter.reset();
    SUCCEED() << "the sanitizer would have spoken";
}

TEST_F(DispatcherTest, a_repeated_result_changes_nothing_and_is_acknowledged_again) {
    const auto record = echo();
    finish(record);
    EXPECT_TRUE(finish(record, "web-1", CommandState::error));
    EXPECT_EQ(state_of(record), CommandState::success);
    EXPECT_EQ(link.acks.size(), 2u);
}

TEST_F(DispatcherTest, another_host_cannot_end_a_command) {
    const auto record = echo();
    directory.set_keys(agent_named("web-2"), "key-2", std::nullopt);
    finish(record, "web-2", CommandState::error);
    EXPECT_EQ(state_of(record), CommandState::pending);
}

TEST_F(DispatcherTest, news_that_cannot_be_written_is_asked_for_again) {
    const auto record = echo();
    store.broken = true;
    EXPECT_FALSE(finish(record));
    EXPECT_TRUE(link.acks.empty()) << "the host must keep it";
    store.broken = false;
    EXPECT_TRUE(finish(record));
    EXPECT_EQ(state_of(record), CommandState::success);
}

TEST_F(DispatcherTest, receipt_and_start_move_the_state_forward_only) {
    const auto record = echo();
    dispatcher.on_started({web, attempt(record), 0}, [](bool) {});
    dispatcher.on_received({web, attempt(record), 0}, [](bool) {});
    answers.deliver();
    EXPECT_EQ(state_of(record), CommandState::running);
}

TEST_F(DispatcherTest, without_a_receipt_it_is_asked_for_until_the_host_has_answered) {
    const auto record = echo();
    tick_for(30'000);
    EXPECT_GE(link.runs.size(), 10u);
    for (const auto& run : link.runs) {
        EXPECT_EQ(run.attempt, attempt(record)) << "the same attempt";
        EXPECT_EQ(run.expires_at_ms, record.expires_at_ms) << "which the host still refuses";
    }
    EXPECT_EQ(state_of(record), CommandState::pending) << "silence proves nothing";
    refuse(record, protocol::Refused::Cause::arrived_late);
    EXPECT_EQ(state_of(record), CommandState::expired);
    EXPECT_EQ(dispatcher.open_commands(), 0u);
    const auto sent = link.runs.size();
    tick_for(10'000);
    EXPECT_EQ(link.runs.size(), sent) << "what expired is never sent again";
}

TEST_F(DispatcherTest, a_result_that_comes_long_after_the_expiry_is_the_truth) {
    const auto record = echo();
    directory.on_link_lost(clock.wall, "Redis is away");
    tick_for(60'000);
    EXPECT_EQ(state_of(record), CommandState::pending);
    EXPECT_TRUE(finish(record));
    EXPECT_EQ(state_of(record), CommandState::success);
}

TEST_F(DispatcherTest, a_host_that_forgot_a_command_it_had_leaves_its_outcome_unknown) {
    const auto record = *submit("git_pull", {{"repository_path", "/r"}});
    dispatcher.on_received({web, attempt(record), 0}, [](bool) {});
    answers.deliver();
    store.row_of(record.command_id)->attempt = 3;  // the last that is tried by itself
    auto last = record;
    last.attempt = 3;
    dispatcher.on_ended_elsewhere(attempt(record).command);
    Dispatcher other({}, clock, directory, store, link, next_id);
    other.restore([](auto) {});
    answers.deliver();
    other.on_refused({web, attempt(last), "too late", 0, protocol::Refused::Cause::arrived_late},
                     [](bool) {});
    answers.deliver();
    EXPECT_EQ(state_of(record), CommandState::interrupted);
}

TEST_F(DispatcherTest, a_host_that_never_comes_back_leaves_no_command_open) {
    const auto record = echo();
    dispatcher.on_started({web, attempt(record), 0}, [](bool) {});
    answers.deliver();
    store.row_of(record.command_id)->attempt = 3;
    Dispatcher other({}, clock, directory, store, link, next_id);
    other.restore([](auto) {});
    answers.deliver();
    directory.on_subscribers(web, 0, clock.wall + 1);
    for (int minute = 0; minute < 59; ++minute) {
        clock.advance(60'000);
        other.on_tick();
        answers.deliver();
    }
    EXPECT_EQ(state_of(record), CommandState::running);
    for (int minute = 0; minute < 3; ++minute) {
        clock.advance(60'000);
        other.on_tick();
        answers.deliver();
    }
    EXPECT_EQ(state_of(record), CommandState::interrupted);
}

TEST_F(DispatcherTest, with_a_receipt_it_is_not_sent_again) {
    const auto record = echo();
    dispatcher.on_received({web, attempt(record), 0}, [](bool) {});
    answers.deliver();
    tick_for(20'000);
    EXPECT_EQ(link.runs.size(), 1u);
    EXPECT_EQ(state_of(record), CommandState::delivered);
}

TEST_F(DispatcherTest, an_expiry_that_cannot_be_written_is_tried_again) {
    leave();
    const auto record = *queue(5'000);
    store.broken = true;
    tick_for(20'000);
    store.broken = false;
    EXPECT_EQ(state_of(record), CommandState::pending);
    tick_for(1'000);
    EXPECT_EQ(state_of(record), CommandState::expired);
    EXPECT_TRUE(link.runs.empty());
}

TEST_F(DispatcherTest, a_refusal_ends_it_with_the_hosts_reason) {
    const auto record = echo();
    dispatcher.on_refused({web, attempt(record), "this host is shutting down", 0}, [](bool) {});
    answers.deliver();
    EXPECT_EQ(state_of(record), CommandState::refused);
    EXPECT_EQ(store.row_of(record.command_id)->error, "this host is shutting down");
}

TEST_F(DispatcherTest, open_commands_are_taken_up_again_after_a_restart) {
    const auto record = echo();
    Dispatcher reborn({.delivery_timeout_ms = 10'000}, clock, directory, store, link, next_id);
    reborn.restore([](auto restored) { EXPECT_TRUE(restored.has_value()); });
    answers.deliver();
    EXPECT_EQ(reborn.open_commands(), 1u);
    clock.advance(3'000);
    const auto sent = link.runs.size();
    reborn.on_tick();
    EXPECT_EQ(link.runs.size(), sent + 1);
    EXPECT_EQ(link.runs.back().attempt, attempt(record));
}

class OriginalAgentTest : public DispatcherTest {
  protected:
    OriginalAgentTest() {
        directory.on_registry_hash(py,
                                   {{"status", "online"},
                                    {"last_heartbeat", std::to_string(clock.wall / 1000)},
                                    {"capabilities", "echo,git_pull"}},
                                   clock.wall);
        directory.on_subscribers(py, 1, clock.wall);
    }
    const protocol::AgentId py = agent_named("py-1");
};

TEST_F(OriginalAgentTest, it_is_commanded_in_its_own_words) {
    const auto record = submit("echo", {}, "py-1");
    ASSERT_TRUE(record.has_value()) << record.error().detail;
    ASSERT_EQ(link.original_commands.size(), 1u);
    EXPECT_EQ(link.original_commands[0].command, "echo");
    EXPECT_EQ(link.original_commands[0].sender, "cockpit-backend");
    dispatcher.on_original_response(py, {.command_id = record->command_id,
                                         .status = "success",
                                         .output = "pong",
                                         .execution_time_ms = 1});
    answers.deliver();
    EXPECT_EQ(state_of(*record), CommandState::success);
}

TEST_F(OriginalAgentTest, its_silence_ends_as_a_timeout_that_claims_nothing) {
    const auto record = submit("echo", {}, "py-1");
    tick_for(60'000);
    EXPECT_EQ(link.original_commands.size(), 1u)
        << "it remembers nothing: sent twice would run twice";
    EXPECT_EQ(state_of(*record), CommandState::timeout);
    EXPECT_NE(store.row_of(record->command_id)->error->find("unknown"), std::string::npos);
}

TEST_F(OriginalAgentTest, an_unsigned_answer_for_a_host_with_a_key_is_not_believed) {
    const auto record = echo();
    dispatcher.on_original_response(web, {.command_id = record.command_id, .status = "error"});
    answers.deliver();
    EXPECT_EQ(state_of(record), CommandState::pending);
}

TEST_F(OriginalAgentTest, it_is_refused_unless_the_operator_allowed_it) {
    Dispatcher strict({.allow_unsigned_agents = false}, clock, directory, store, link, next_id);
    std::optional<Submitted> result;
    strict.submit({.agent = py, .command = "echo"}, [&](Submitted answer) { result = answer; });
    answers.deliver();
    ASSERT_FALSE(result->has_value());
    EXPECT_EQ(result->error().kind, Kind::agent_not_trusted);
    EXPECT_NE(result->error().detail.find("ALLOW_UNSIGNED_AGENTS=true"), std::string::npos);
    EXPECT_TRUE(link.original_commands.empty());
}

}  // namespace
}  // namespace cockpit::dispatch

// Queueing, cancelling, trying again, repeated requests, several servers.

#include <gtest/gtest.h>

#include "server/dispatch/why.hpp"
#include "unit/server/dispatch/dispatcher_fixture.hpp"

namespace cockpit::dispatch {
namespace {

TEST_F(DispatcherTest, a_host_that_is_away_is_waited_for) {
    leave();
    const auto record = *queue(600'000);
    tick_for(60'000);
    EXPECT_TRUE(link.runs.empty());
    come_back();
    tick_for(1'000);
    ASSERT_EQ(link.runs.size(), 1u);
    EXPECT_EQ(link.runs[0].expires_at_ms, record.expires_at_ms);
    finish(record);
    EXPECT_EQ(state_of(record), CommandState::success);
}

TEST_F(DispatcherTest, what_waits_is_cancelled_at_once_and_is_never_sent) {
    leave();
    const auto record = *queue(600'000);
    const auto cancelled = cancel(record);
    ASSERT_TRUE(cancelled.has_value());
    EXPECT_EQ(cancelled->state, CommandState::cancelled);
    come_back();
    tick_for(5'000);
    EXPECT_TRUE(link.runs.empty());
    EXPECT_TRUE(link.cancels.empty());
}

TEST_F(DispatcherTest, a_cancel_is_told_until_the_host_has_answered) {
    const auto record = echo();
    dispatcher.on_started({web, attempt(record), 0}, [](bool) {});
    answers.deliver();
    ASSERT_TRUE(cancel(record).has_value());
    tick_for(10'000);
    EXPECT_GE(link.cancels.size(), 4u);
    EXPECT_EQ(link.cancels[0].attempt, attempt(record));
    EXPECT_EQ(state_of(record), CommandState::running);
    finish(record, "web-1", CommandState::cancelled);
    EXPECT_EQ(state_of(record), CommandState::cancelled);
    const auto again = cancel(record);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().kind, CancelError::Kind::already_ended);
}

TEST_F(DispatcherTest, a_repeated_key_gives_the_same_command_and_another_request_is_refused) {
    const auto send = [&](std::string digest) {
        std::optional<Submitted> result;
        dispatcher.submit({.agent = web,
                           .command = "echo",
                           .sent_by = "alice",
                           .idempotency = {{"key-1", std::move(digest)}}},
                          [&](Submitted answer) { result = std::move(answer); });
        answers.deliver();
        return *result;
    };
    const auto first = send("digest");
    ASSERT_TRUE(first.has_value());
    leave();
    const auto second = send("digest");
    ASSERT_TRUE(second.has_value()) << second.error().detail;
    EXPECT_EQ(second->command_id, first->command_id);
    EXPECT_EQ(link.runs.size(), 1u);
    const auto other = send("other");
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().kind, Kind::key_used_before);
}

TEST_F(DispatcherTest, what_failed_is_tried_again_as_asked_each_attempt_with_its_outcome) {
    std::optional<Submitted> result;
    dispatcher.submit(
        {.agent = web,
         .command = "echo",
         .sent_by = "alice",
         .retry = {.max_attempts = 2, .backoff_ms = 5'000, .on = {CommandState::error}}},
        [&](Submitted answer) { result = std::move(answer); });
    answers.deliver();
    auto record = **result;
    finish(record, "web-1", CommandState::error);
    EXPECT_EQ(state_of(record), CommandState::pending);
    EXPECT_EQ(link.acks.size(), 1u) << "the first attempt's news is kept";
    tick_for(4'000);
    EXPECT_EQ(link.runs.size(), 1u) << "not before the pause is over";
    tick_for(2'000);
    ASSERT_EQ(link.runs.size(), 2u);
    EXPECT_EQ(link.runs[1].attempt.attempt, 2);
    EXPECT_GT(link.runs[1].expires_at_ms, clock.wall);
    record.attempt = 2;
    finish(record, "web-1", CommandState::error);
    EXPECT_EQ(state_of(record), CommandState::error) << "that was the last";
    EXPECT_EQ(store.earlier_attempts[record.command_id].size(), 1u);
}

TEST_F(DispatcherTest, only_what_may_run_twice_is_tried_again_after_an_interruption) {
    auto hello = hello_from("web-1", clock.wall + 1);
    hello.commands.push_back({.name = "append", .idempotent = false});
    directory.on_hello(hello, clock.wall);
    const auto append = *submit("append", {});
    finish(append, "web-1", CommandState::interrupted);
    EXPECT_EQ(state_of(append), CommandState::interrupted);
    const auto harmless = echo();
    finish(harmless, "web-1", CommandState::interrupted);
    EXPECT_EQ(state_of(harmless), CommandState::pending);
    EXPECT_EQ(store.row_of(harmless.command_id)->attempt, 2);
}

TEST_F(DispatcherTest, the_end_on_one_server_wakes_who_waits_on_another) {
    const auto record = echo();
    Dispatcher other({}, clock, directory, store, link, next_id);
    std::optional<CommandRecord> woken;
    const auto waiter =
        other.wait(attempt(record).command, [&](std::optional<CommandRecord> end) { woken = end; });
    answers.deliver();
    finish(record);
    ASSERT_EQ(link.ended.size(), 1u);
    EXPECT_FALSE(woken.has_value());
    other.on_ended_elsewhere(*protocol::CommandId::parse(link.ended[0]));
    answers.deliver();
    ASSERT_TRUE(woken.has_value());
    EXPECT_EQ(woken->state, CommandState::success);
}

TEST_F(DispatcherTest, what_a_dead_server_left_open_is_taken_up_by_another) {
    Dispatcher other({}, clock, directory, store, link, next_id);
    other.on_tick();
    answers.deliver();
    const auto record = echo();
    clock.advance(20'000);
    other.on_tick();
    answers.deliver();
    EXPECT_EQ(other.open_commands(), 1u);
}

TEST_F(DispatcherTest, a_server_that_missed_an_attempt_does_not_begin_one_too_many) {
    std::optional<Submitted> result;
    dispatcher.submit({.agent = web,
                       .command = "echo",
                       .sent_by = "alice",
                       .retry = {.max_attempts = 2, .backoff_ms = 0, .on = {CommandState::error}}},
                      [&](Submitted answer) { result = std::move(answer); });
    answers.deliver();
    auto record = **result;
    Dispatcher other({}, clock, directory, store, link, next_id);
    other.restore([](auto) {});
    answers.deliver();
    finish(record, "web-1", CommandState::error);
    tick_for(1'000);
    // The news of the second attempt goes to the server that remembers the first.
    record.attempt = 2;
    other.on_finished(
        {.agent = web, .attempt = attempt(record), .state = CommandState::error, .output = ""},
        [](bool) {});
    answers.deliver();
    EXPECT_EQ(state_of(record), CommandState::error);
    EXPECT_EQ(store.row_of(record.command_id)->attempt, 2);
}

TEST_F(DispatcherTest, a_server_that_missed_the_sending_does_not_call_the_command_expired) {
    leave();
    const auto record = *queue(2'000);
    Dispatcher other({}, clock, directory, store, link, next_id);
    other.restore([](auto) {});
    answers.deliver();
    come_back();
    tick_for(1'000);
    ASSERT_EQ(link.runs.size(), 1u) << "this server puts it on the wire";
    clock.advance(2'000);
    other.on_tick();
    answers.deliver();
    EXPECT_EQ(state_of(record), CommandState::pending) << "only the host can say that it is late";
    finish(record);
    EXPECT_EQ(state_of(record), CommandState::success);
}

TEST_F(DispatcherTest, a_cancel_at_another_server_ends_the_trying) {
    const auto record = echo();
    Dispatcher other({}, clock, directory, store, link, next_id);
    other.restore([](auto) {});
    answers.deliver();
    ASSERT_TRUE(cancel(record).has_value());
    other.on_finished({.agent = web,
                       .attempt = attempt(record),
                       .state = CommandState::interrupted,
                       .output = ""},
                      [](bool) {});
    answers.deliver();
    EXPECT_EQ(state_of(record), CommandState::interrupted);
    EXPECT_EQ(store.row_of(record.command_id)->attempt, 1);
}

TEST_F(DispatcherTest, a_cancel_between_the_decision_to_try_again_and_its_writing_wins) {
    const auto record = echo();
    bool settled = false;
    dispatcher.on_finished({.agent = web,
                            .attempt = attempt(record),
                            .state = CommandState::interrupted,
                            .output = ""},
                           [&](bool ok) { settled = ok; });
    // The row was read, and the outcome is not written yet.
    store.row_of(record.command_id)->cancel_requested_at_ms = clock.wall;
    answers.deliver();
    EXPECT_TRUE(settled);
    EXPECT_EQ(state_of(record), CommandState::interrupted);
    EXPECT_EQ(store.row_of(record.command_id)->attempt, 1);
}

TEST_F(DispatcherTest, a_host_that_forgot_what_another_server_knows_it_took_is_interrupted) {
    auto hello = hello_from("web-1", clock.wall + 1);
    hello.commands.push_back({.name = "append", .idempotent = false});
    directory.on_hello(hello, clock.wall);
    const auto record = *submit("append", {});
    Dispatcher other({}, clock, directory, store, link, next_id);
    other.restore([](auto) {});
    answers.deliver();
    dispatcher.on_received({web, attempt(record), 0}, [](bool) {});
    answers.deliver();
    other.on_refused({web, attempt(record), "because", 0, protocol::Refused::Cause::arrived_late},
                     [](bool) {});
    answers.deliver();
    EXPECT_EQ(state_of(record), CommandState::interrupted);
}

TEST_F(DispatcherTest, why_says_what_a_command_waits_for_and_what_ended_it) {
    leave();
    const auto record = *queue(600'000);
    const auto say = [&] {
        return why(*store.row_of(record.command_id), directory.find(web, clock.wall), clock.wall);
    };
    EXPECT_NE(say().find("it waits for the host and is given up in 600 s"), std::string::npos);
    EXPECT_NE(say().find("nobody listens on its channel"), std::string::npos) << say();
    cancel(record);
    EXPECT_EQ(say(), "it was cancelled before it started; bob asked to cancel it");
}

}  // namespace
}  // namespace cockpit::dispatch

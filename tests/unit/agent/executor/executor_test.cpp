// Running, queueing, limits, cancelling, results and their acknowledgement, restarts, shutdown.
#include "unit/agent/executor/fixture.hpp"

namespace cockpit::executor {
namespace {

using testing::HasSubstr;

TEST_F(ExecutorTest, a_result_is_reported_with_all_it_has) {
    make();
    give(pull(1));
    clock.pass(1'234);
    git().end(0, {CommandState::error, "out\xff", "exit code 1", 1});
    ASSERT_EQ(reports.finished.size(), 1u);
    const auto& finished = reports.finished[0];
    EXPECT_EQ(finished.attempt, attempt(1));
    EXPECT_EQ(finished.state, CommandState::error);
    EXPECT_EQ(finished.output, "out\xef\xbf\xbd");
    EXPECT_EQ(finished.error, "exit code 1");
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_EQ(finished.execution_time_ms, 1'234);
    EXPECT_EQ(executor->counts().executed, 1);
    EXPECT_EQ(finished.output_bytes, 4) << "as it came, not as text";
    EXPECT_EQ(finished.output_sha256,
              "0ed6d53d8fcccde82caab2d1f5d3d6c5ba801e0c90961ce3603e510313f3e106");
    EXPECT_EQ(finished.containment, "");
}

TEST_F(ExecutorTest, what_a_process_used_is_reported) {
    make();
    give(pull(1));
    git().end(0, {.state = CommandState::error,
                  .output = "head ... tail",
                  .error = "signal 9 (Killed)",
                  .signal = 9,
                  .cpu_ms = 12,
                  .peak_memory_bytes = 4096,
                  .containment = "cgroup",
                  .output_bytes = 1'000'000,
                  .output_sha256 = "abc",
                  .execution_time_ms = 77});
    ASSERT_EQ(reports.finished.size(), 1u);
    const auto& finished = reports.finished[0];
    EXPECT_EQ(finished.signal, 9);
    EXPECT_EQ(finished.cpu_ms, 12);
    EXPECT_EQ(finished.peak_memory_bytes, 4096);
    EXPECT_EQ(finished.containment, "cgroup");
    EXPECT_EQ(finished.output_bytes, 1'000'000);
    EXPECT_EQ(finished.output_sha256, "abc");
    EXPECT_EQ(finished.execution_time_ms, 77) << "the handler knows better";
}

TEST_F(ExecutorTest, what_changes_the_host_is_journaled_and_synced_before_it_starts) {
    journal.syncs_at_once = false;
    make();
    EXPECT_FALSE(give(pull(1)));
    EXPECT_EQ(runs(), 0u);
    EXPECT_EQ(journal.unsynced(), 2u) << "accepted and started share one sync";
    journal.sync();
    EXPECT_TRUE(*last_settled);
    EXPECT_EQ(runs(), 1u);
    git().end(0, {CommandState::success, "Already up to date."});
    EXPECT_EQ(journal.count<FinishedRecord>(), 1u);
    ack(1);
    EXPECT_EQ(journal.count<AcknowledgedRecord>(), 1u);
}

TEST_F(ExecutorTest, a_second_copy_is_needed_until_the_first_is_on_the_disk) {
    journal.syncs_at_once = false;
    make();
    const auto first = entry(pull(1));
    EXPECT_FALSE(give(first, Way::channel));
    EXPECT_FALSE(give(first, Way::stream));
    journal.sync();
    EXPECT_TRUE(*last_settled);
    EXPECT_EQ(runs(), 1u);
}

TEST_F(ExecutorTest, pure_commands_skip_the_journal) {
    make();
    give(run(1));
    echo().end(0, {CommandState::success, "pong"});
    ack(1);
    EXPECT_TRUE(journal.records.empty());
}

TEST_F(ExecutorTest, what_cannot_be_recorded_is_refused_and_never_runs) {
    journal.syncs_at_once = false;
    journal.failure = "no space left on device";
    make();
    give(pull(1));
    journal.sync();
    EXPECT_EQ(runs(), 0u);
    ASSERT_EQ(reports.refused.size(), 1u);
    EXPECT_EQ(reports.refused[0].reason,
              "this host cannot record the command: no space left on device");
    EXPECT_TRUE(executor->idle());
}

TEST_F(ExecutorTest, a_slow_command_does_not_delay_one_that_has_nothing_to_do_with_it) {
    make();
    give(pull(1));
    give(run(2));
    EXPECT_EQ(git().started.size(), 1u);
    EXPECT_EQ(echo().started.size(), 1u);
}

TEST_F(ExecutorTest, one_resource_is_used_by_one_command_at_a_time_in_order) {
    make();
    give(pull(1, "/srv/a"));
    give(pull(2, "/srv/a"));
    give(pull(3, "/srv/b"));
    ASSERT_EQ(git().started.size(), 2u);
    EXPECT_EQ(git().started[1]->params.at("repository_path").as_string(), "/srv/b");
    EXPECT_THAT(reports.received,
                testing::Contains(testing::Field(&protocol::Received::attempt, attempt(2))));
    git().end(0, {CommandState::success, ""});
    ASSERT_EQ(git().started.size(), 3u);
    EXPECT_EQ(git().started[2]->params.at("repository_path").as_string(), "/srv/a");
}

TEST_F(ExecutorTest, at_most_so_many_run_and_so_many_wait) {
    auto chosen = settings();
    chosen.max_running = 2;
    chosen.max_waiting = 1;
    make(chosen);
    for (int number = 1; number <= 4; ++number)
        give(run(number));
    EXPECT_EQ(echo().started.size(), 2u);
    EXPECT_EQ(executor->counts().waiting, 1);
    ASSERT_EQ(reports.refused.size(), 1u);
    EXPECT_EQ(reports.refused[0].attempt, attempt(4));
    EXPECT_EQ(reports.refused[0].reason,
              "this host is busy: 1 commands wait already (MAX_BUFFERED_COMMANDS)");
    echo().end(1, {CommandState::success, ""});
    EXPECT_EQ(echo().started.size(), 3u);
    EXPECT_EQ(executor->counts().waiting, 0);
}

TEST_F(ExecutorTest, a_command_whose_time_passes_while_it_waits_is_refused) {
    make();
    give(pull(1));
    give(pull(2));
    clock.pass(10'000);
    EXPECT_EQ(executor->next_deadline_ms(), clock.steady);
    executor->on_time();
    git().end(0, {CommandState::success, ""});
    EXPECT_EQ(runs(), 1u);
    ASSERT_EQ(reports.refused.size(), 1u);
    EXPECT_EQ(reports.refused[0].reason, "it expired while it waited for its turn on this host");
}

TEST_F(ExecutorTest, the_time_limit_is_the_smaller_of_the_hosts_and_the_senders) {
    make();
    auto impatient = run(1);
    impatient.timeout_ms = 2'000;
    auto patient = pull(2);
    patient.timeout_ms = 3'600'000;
    give(impatient);
    give(patient);
    EXPECT_EQ(executor->next_deadline_ms(), clock.steady + 2'000);
    clock.pass(2'000);
    executor->on_time();
    EXPECT_EQ(echo().started[0]->stopped, StopReason::timeout);
    EXPECT_EQ(git().started[0]->stopped, std::nullopt);
    EXPECT_TRUE(reports.finished.empty()) << "timeout is reported only when all of it is gone";
    clock.pass(28'000);
    executor->on_time();
    EXPECT_EQ(git().started[0]->stopped, StopReason::timeout);
    echo().end(0, {CommandState::timeout, "", "it did not end within 2 s"});
    ASSERT_EQ(reports.finished.size(), 1u);
    EXPECT_EQ(reports.finished[0].state, CommandState::timeout);
}

TEST_F(ExecutorTest, an_execution_outlives_its_own_done_and_is_gone_a_turn_later) {
    make();
    give(run(1));
    echo().end(0, {CommandState::success, ""});
    EXPECT_FALSE(echo().started[0]->destroyed);
    EXPECT_EQ(executor->next_deadline_ms(), clock.steady);
    executor->on_time();
    EXPECT_TRUE(echo().started[0]->destroyed);
}

TEST_F(ExecutorTest, cancelling_stops_what_runs) {
    make();
    give(pull(1));
    cancel(1);
    EXPECT_EQ(git().started[0]->stopped, StopReason::cancelled);
    EXPECT_TRUE(reports.finished.empty());
    git().end(0, {CommandState::cancel_failed, "", "pid 77 survives"});
    ASSERT_EQ(reports.finished.size(), 1u);
    EXPECT_EQ(reports.finished[0].state, CommandState::cancel_failed);
    EXPECT_EQ(reports.finished[0].error, "pid 77 survives");
}

TEST_F(ExecutorTest, cancelling_takes_what_waits_out_of_the_queue) {
    make();
    give(pull(1));
    give(pull(2));
    cancel(2);
    ASSERT_EQ(reports.finished.size(), 1u);
    EXPECT_EQ(reports.finished[0].state, CommandState::cancelled);
    EXPECT_EQ(reports.finished[0].error, "cancelled before it started");
    git().end(0, {CommandState::success, ""});
    EXPECT_EQ(runs(), 1u);
}

TEST_F(ExecutorTest, a_cancel_that_overtakes_its_run_wins) {
    journal.syncs_at_once = false;
    make();
    cancel(1);
    EXPECT_FALSE(*last_settled) << "the cancel must be on disk before its stream copy goes";
    journal.sync();
    EXPECT_TRUE(*last_settled);
    give(pull(1));
    EXPECT_EQ(runs(), 0u);
    ASSERT_EQ(reports.finished.size(), 2u) << "and each time the server hears so";
    EXPECT_EQ(reports.finished[0].state, CommandState::cancelled);
}

TEST_F(ExecutorTest, a_cancel_during_the_sync_before_the_start_prevents_the_start) {
    journal.syncs_at_once = false;
    make();
    give(pull(1));
    cancel(1);
    journal.sync();
    EXPECT_EQ(runs(), 0u);
    ASSERT_EQ(reports.finished.size(), 1u);
    EXPECT_EQ(reports.finished[0].state, CommandState::cancelled);
}

TEST_F(ExecutorTest, a_result_is_said_again_until_it_is_acknowledged) {
    make();
    const auto first = entry(run(1));
    give(first);
    echo().end(0, {CommandState::success, "pong"});
    executor->on_link_up();
    EXPECT_EQ(reports.finished.size(), 2u);
    give(first);
    EXPECT_EQ(reports.finished.size(), 3u);
    clock.pass(15'000);
    executor->on_time();
    EXPECT_EQ(reports.finished.size(), 4u);
    clock.pass(15'000);
    executor->on_time();
    EXPECT_EQ(reports.finished.size(), 4u) << "the pause doubles";
    ack(1);
    EXPECT_EQ(executor->counts().unacknowledged, 0);
    executor->on_link_up();
    give(first);
    clock.pass(600'000);
    executor->on_time();
    EXPECT_EQ(reports.finished.size(), 4u);
}

TEST_F(ExecutorTest, what_runs_and_waits_is_said_again_when_the_link_is_back) {
    make();
    give(pull(1));
    give(pull(2));
    reports = {};
    executor->on_link_up();
    ASSERT_EQ(reports.started.size(), 1u);
    EXPECT_EQ(reports.started[0].attempt, attempt(1));
    ASSERT_EQ(reports.received.size(), 1u);
    EXPECT_EQ(reports.received[0].attempt, attempt(2));
}

TEST_F(ExecutorTest, results_for_a_server_that_never_answers_are_bounded) {
    auto chosen = settings();
    chosen.max_unacknowledged = 2;
    make(chosen);
    for (int number = 1; number <= 3; ++number) {
        give(run(number));
        clock.pass(1);
        echo().end(static_cast<std::size_t>(number - 1), {CommandState::success, ""});
    }
    EXPECT_EQ(executor->counts().unacknowledged, 2);
    reports = {};
    executor->on_link_up();
    ASSERT_EQ(reports.finished.size(), 2u);
    EXPECT_EQ(reports.finished[0].attempt, attempt(2)) << "the oldest one is given up";
}

TEST_F(ExecutorTest, after_a_restart_nothing_is_run_twice_and_nothing_is_forgotten) {
    make();
    JournalContents contents;
    const auto add = [&](int number) -> JournaledAttempt& {
        contents.attempts.push_back({.attempt = attempt(number),
                                     .expires_at_ms = clock.wall + 10'000,
                                     .run = pull(number, "/srv/" + std::to_string(number))});
        return contents.attempts.back();
    };
    add(1);
    add(2).started = StartedRecord{attempt(2), clock.wall, "boot-1"};
    add(3).started = StartedRecord{attempt(3), clock.wall, "boot-0"};
    add(4).finished = protocol::Finished{agent, attempt(4), CommandState::success, "done"};
    add(5).acknowledged = true;
    add(6).run->expires_at_ms = clock.wall - 1;
    add(7).refused = protocol::Refused{agent, attempt(7), "no", 0};
    executor->restore(std::move(contents));

    ASSERT_EQ(git().started.size(), 1u) << "only what had not started";
    EXPECT_EQ(git().started[0]->params.at("repository_path").as_string(), "/srv/1");
    ASSERT_EQ(reports.finished.size(), 3u);
    EXPECT_EQ(reports.finished[0].output, "done");
    EXPECT_EQ(reports.finished[1].state, CommandState::interrupted);
    EXPECT_EQ(reports.finished[1].error,
              "the agent was restarted while the command ran: its outcome is unknown");
    EXPECT_EQ(reports.finished[2].error,
              "the host was restarted while the command ran: its outcome is unknown");
    ASSERT_EQ(reports.refused.size(), 2u);
    EXPECT_EQ(reports.refused[0].reason, "no");
    EXPECT_THAT(reports.refused[1].reason, HasSubstr("it expired"));
    EXPECT_EQ(journal.count<AcceptedRecord>(), 0u) << "it is in the journal already";
    for (int number = 1; number <= 7; ++number)
        give(pull(number));
    EXPECT_EQ(runs(), 1u);
}

TEST_F(ExecutorTest, after_damage_to_the_journal_what_was_issued_before_is_not_run) {
    make();
    executor->restore({.issued_after_ms = clock.wall + 1});
    give(run(1));
    ASSERT_EQ(reports.refused.size(), 1u);
    EXPECT_THAT(reports.refused[0].reason, HasSubstr("this host's journal was damaged"));
    clock.pass(1);
    give(run(2));
    EXPECT_EQ(runs(), 1u);
}

TEST_F(ExecutorTest, shutting_down_refuses_the_new_and_the_waiting_and_lets_the_running_end) {
    make();
    give(pull(1));
    give(pull(2));
    executor->stop_taking();
    give(run(3));
    ASSERT_EQ(reports.refused.size(), 2u);
    EXPECT_EQ(reports.refused[0].attempt, attempt(2));
    EXPECT_EQ(reports.refused[0].reason, "this agent is shutting down");
    EXPECT_EQ(reports.refused[1].attempt, attempt(3));
    EXPECT_FALSE(executor->idle());
    EXPECT_EQ(git().started[0]->stopped, std::nullopt);
    git().end(0, {CommandState::success, "in time"});
    EXPECT_TRUE(executor->idle());
    EXPECT_EQ(reports.finished[0].state, CommandState::success);
}

TEST_F(ExecutorTest, after_the_grace_time_what_runs_is_stopped_and_told_truthfully) {
    make();
    give(pull(1, "/srv/a"));
    give(pull(2, "/srv/b"));
    executor->stop_taking();
    executor->stop_running();
    EXPECT_EQ(git().started[0]->stopped, StopReason::cancelled);
    git().end(0, {CommandState::cancelled, "partly"});
    executor->abandon_running();
    EXPECT_TRUE(git().started[1]->destroyed);
    ASSERT_EQ(reports.finished.size(), 2u);
    EXPECT_EQ(reports.finished[0].state, CommandState::cancelled);
    EXPECT_EQ(reports.finished[0].error, "stopped because this agent was shutting down");
    EXPECT_EQ(reports.finished[1].state, CommandState::interrupted);
    EXPECT_EQ(reports.finished[1].error,
              "this agent shut down while it ran and could not wait for its end");
    EXPECT_EQ(journal.count<FinishedRecord>(), 2u);
}

TEST_F(ExecutorTest, a_journal_that_answers_after_the_executor_is_gone_finds_nobody) {
    journal.syncs_at_once = false;
    make();
    give(pull(1));
    executor.reset();
    journal.sync();
    EXPECT_EQ(runs(), 0u);
}

}  // namespace
}  // namespace cockpit::executor

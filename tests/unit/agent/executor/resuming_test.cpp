// The process of a command is on the disk before it begins, and found again after a restart.
#include "unit/agent/executor/fixture.hpp"

namespace cockpit::executor {
namespace {

using testing::HasSubstr;

constexpr ProcessMark mark{.pid = 77, .start_time = 123'456};

class ResumingTest : public ExecutorTest {
  protected:
    JournaledAttempt journaled(int number, std::string boot = "boot-1",
                               std::optional<ProcessMark> process = mark) {
        return {.attempt = attempt(number),
                .expires_at_ms = clock.wall + 10'000,
                .run = pull(number),
                .started =
                    StartedRecord{attempt(number), clock.wall - 5'000, std::move(boot), process}};
    }
    void restore(std::vector<JournaledAttempt> attempts) {
        make().restore({.attempts = std::move(attempts)});
    }
};

TEST_F(ResumingTest, the_process_is_recorded_before_the_command_may_begin) {
    journal.syncs_at_once = false;
    git().process = mark;
    make();
    give(pull(1));
    ASSERT_EQ(git().prepared.size(), 1u);
    EXPECT_EQ(git().started.size(), 0u);
    ASSERT_EQ(journal.count<StartedRecord>(), 1u);
    EXPECT_EQ(std::get<StartedRecord>(journal.records.back()).process, mark);
    EXPECT_EQ(std::get<StartedRecord>(journal.records.back()).boot_id, "boot-1");
    journal.sync();
    EXPECT_EQ(git().started.size(), 1u);
}

TEST_F(ResumingTest, what_could_not_be_recorded_is_never_let_go) {
    git().process = mark;
    make();
    give(pull(1));
    git().end(0, {CommandState::success, ""});
    journal.syncs_at_once = false;
    give(pull(2));
    journal.failure = "no space left on device";
    journal.sync();
    executor->on_time();
    EXPECT_EQ(git().started.size(), 1u);
    EXPECT_TRUE(git().prepared.back()->destroyed);
}

TEST_F(ResumingTest, a_command_of_this_boot_goes_on) {
    restore({journaled(1)});
    ASSERT_EQ(git().resumed.size(), 1u);
    EXPECT_EQ(git().resumed[0]->process, mark);
    EXPECT_EQ(git().resumed[0]->params.at("branch").as_string(), "main") << "defaults are filled";
    EXPECT_EQ(executor->counts().running, 1);
    executor->on_link_up();
    ASSERT_EQ(reports.started.size(), 1u);
    EXPECT_EQ(reports.started[0].attempt, attempt(1));
    give(pull(1));
    EXPECT_EQ(runs(), 0u) << "a repeated entry starts nothing";

    clock.pass(2'000);
    git().resumed[0]->done({CommandState::success, "whole"});
    ASSERT_EQ(reports.finished.size(), 1u);
    EXPECT_EQ(reports.finished[0].output, "whole");
    EXPECT_EQ(reports.finished[0].execution_time_ms, 7'000) << "since it began";
    EXPECT_EQ(journal.count<FinishedRecord>(), 1u);
    EXPECT_TRUE(executor->idle());
}

TEST_F(ResumingTest, it_holds_its_resource_before_what_waits_asks_for_it) {
    auto waiting = journaled(1);
    waiting.started.reset();
    restore({std::move(waiting), journaled(2)});
    EXPECT_EQ(git().resumed.size(), 1u);
    EXPECT_EQ(git().started.size(), 0u) << "the same repository";
    git().resumed[0]->done({CommandState::success, ""});
    EXPECT_EQ(git().started.size(), 1u);
}

TEST_F(ResumingTest, it_is_cancelled_like_any_other) {
    restore({journaled(1)});
    cancel(1);
    EXPECT_EQ(git().resumed[0]->stopped, StopReason::cancelled);
    git().resumed[0]->done({CommandState::cancelled, ""});
    EXPECT_EQ(reports.finished.at(0).state, CommandState::cancelled);
}

TEST_F(ResumingTest, the_owners_rules_of_today_do_not_end_what_runs) {
    git().forbidden = "not any more";
    restore({journaled(1)});
    EXPECT_EQ(git().resumed.size(), 1u);
    EXPECT_TRUE(reports.refused.empty());
}

TEST_F(ResumingTest, of_another_boot_nothing_can_be_left) {
    restore({journaled(1, "boot-0")});
    EXPECT_TRUE(git().resumed.empty());
    EXPECT_TRUE(leftovers.ending.empty());
    ASSERT_EQ(reports.finished.size(), 1u);
    EXPECT_EQ(reports.finished[0].state, CommandState::interrupted);
    EXPECT_THAT(*reports.finished[0].error, HasSubstr("the host was restarted"));
}

TEST_F(ResumingTest, one_without_a_process_is_interrupted) {
    restore({journaled(1, "boot-1", std::nullopt)});
    ASSERT_EQ(reports.finished.size(), 1u);
    EXPECT_THAT(*reports.finished[0].error, HasSubstr("the agent was restarted"));
}

TEST_F(ResumingTest, what_no_handler_knows_is_ended_before_it_is_told) {
    auto unknown = journaled(1);
    unknown.run->command = "gone";
    git().resumes = false;
    restore({std::move(unknown), journaled(2)});
    ASSERT_EQ(leftovers.ending.size(), 2u);
    EXPECT_EQ(leftovers.ending[0].attempt, attempt(1));
    EXPECT_EQ(leftovers.ending[1].process, mark);
    EXPECT_TRUE(reports.finished.empty());
    leftovers.ending[0].done({CommandState::interrupted, "", "nobody knows it"});
    ASSERT_EQ(reports.finished.size(), 1u);
    EXPECT_EQ(reports.finished[0].state, CommandState::interrupted);
    EXPECT_EQ(reports.finished[0].error, "nobody knows it");
}

TEST_F(ResumingTest, shutting_down_waits_for_it_and_stops_it) {
    restore({journaled(1)});
    executor->stop_taking();
    EXPECT_FALSE(executor->idle());
    executor->stop_running();
    EXPECT_EQ(git().resumed[0]->stopped, StopReason::cancelled);
}

}  // namespace
}  // namespace cockpit::executor

// Cancelled means dead: programs that are hard to end, held by a control group and without one.
#include <gmock/gmock.h>
#include <sys/prctl.h>

#include <csignal>

#include "process_world.hpp"

namespace cockpit::commands {
namespace {

using executor::StopReason;
using protocol::CommandState;
using namespace std::chrono_literals;

struct Case {
    std::string containment;
    std::string way;
    std::size_t processes;  ///< how many it has when it is ready, at least
};

class ProcessEnd : public testing::TestWithParam<Case> {
  protected:
    void SetUp() override {
        if (GetParam().containment != "cgroup") return;
        auto place = keeper::place_for_cgroups();
        if (!place) GTEST_SKIP() << "no control groups for this test: " << place.error();
        keeping_->cgroups = *place;
        keeping_->cgroup_required = true;
    }
    ProcessCommand stubborn() {
        auto command = program({COCKPIT_TEST_STUBBORN, GetParam().way, mark_}, keeping_);
        command.grace = 200ms;
        return command;
    }
    /// All of it but its keeper, which has the same words nowhere.
    std::vector<pid_t> living() const { return marked(mark_); }
    bool ready() const { return living().size() >= GetParam().processes; }
    bool group_left() const {
        return keeping_->cgroups &&
               std::filesystem::exists(*keeping_->cgroups / (an_attempt(1).command.text() + ".1"));
    }

    test::TemporaryDirectory directory_;
    std::shared_ptr<Keeping> keeping_ = keeping(directory_.path());
    std::string mark_ = "mark-" + directory_.path().filename().string();
};

TEST_P(ProcessEnd, no_process_of_it_lives_once_it_is_called_cancelled) {
    Running running(stubborn());
    running.turn_until([&] { return ready(); });
    EXPECT_FALSE(running.outcome);
    running.stop(StopReason::cancelled);
    EXPECT_EQ(running.wait().state, CommandState::cancelled) << *running.outcome->error;
    EXPECT_THAT(living(), testing::IsEmpty());
    EXPECT_EQ(running.outcome->containment, GetParam().containment);
    EXPECT_FALSE(group_left());
}

TEST_P(ProcessEnd, it_is_ended_without_its_keeper) {
    // As the agent is: orphans come to it.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    Running running(stubborn());
    running.turn_until([&] { return ready(); });
    ::kill(static_cast<pid_t>(running.process().pid), SIGKILL);
    const auto outcome = running.wait();
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    EXPECT_EQ(outcome.state, CommandState::interrupted);
    EXPECT_EQ(outcome.error,
              "the keeper of the script was killed; what still ran was ended, and its outcome is "
              "unknown");
    EXPECT_THAT(living(), testing::IsEmpty());
    EXPECT_FALSE(group_left());
}

TEST_P(ProcessEnd, giving_it_up_ends_it_at_once) {
    Running running(stubborn());
    running.turn_until([&] { return ready(); });
    running.end();
    EXPECT_THAT(living(), testing::IsEmpty());
    EXPECT_FALSE(group_left());
}

class ProcessEndOfItself : public ProcessEnd {};

TEST_P(ProcessEndOfItself, what_it_left_running_is_ended) {
    Running running(stubborn());
    EXPECT_EQ(running.wait().state, CommandState::success);
    EXPECT_THAT(living(), testing::IsEmpty());
    EXPECT_FALSE(group_left());
}

class ProcessEndStopped : public ProcessEnd {};

TEST_P(ProcessEndStopped, a_stopped_keeper_does_not_save_it) {
    auto command = stubborn();
    command.kill_wait = 100ms;
    Running running(std::move(command));
    running.turn_until([&] { return ready(); });
    ::kill(static_cast<pid_t>(running.process().pid), SIGSTOP);
    running.stop(StopReason::cancelled);
    EXPECT_EQ(running.wait().state, CommandState::cancelled);
    EXPECT_THAT(living(), testing::IsEmpty());
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
    return info.param.containment + "_" + info.param.way;
}

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const auto* containment : {"cgroup", "process_group"}) {
        for (const auto& [way, processes] :
             std::vector<std::pair<std::string, std::size_t>>{{"fork_bomb", 40},
                                                              {"double_fork", 2},
                                                              {"setsid", 2},
                                                              {"nohup", 2},
                                                              {"ignores_term", 2},
                                                              {"stopped", 2},
                                                              {"hides", 2}}) {
            all.push_back({containment, way, processes});
        }
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(All, ProcessEnd, testing::ValuesIn(cases()), name_of);
INSTANTIATE_TEST_SUITE_P(All, ProcessEndOfItself,
                         testing::Values(Case{"cgroup", "ends_and_leaves", 0},
                                         Case{"process_group", "ends_and_leaves", 0}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(All, ProcessEndStopped,
                         testing::Values(Case{"cgroup", "setsid", 2},
                                         Case{"process_group", "setsid", 2}),
                         name_of);

}  // namespace
}  // namespace cockpit::commands

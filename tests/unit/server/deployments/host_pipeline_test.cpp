#include "server/deployments/host_pipeline.hpp"

#include <gmock/gmock.h>

#include <boost/json/object.hpp>

namespace cockpit::deployments {
namespace {

using protocol::CommandState;
using testing::ElementsAre;
using testing::HasSubstr;
using K = StepKind;

const std::string old_commit(40, 'a');
const std::string new_commit(40, 'b');

Step done(K kind, CommandState outcome = CommandState::success, std::string detail = {}) {
    Step step{.kind = kind, .started_at_ms = 1, .ended_at_ms = 2, .outcome = outcome};
    if (kind == K::before) step.commit = old_commit;
    if (kind == K::after) step.commit = new_commit;
    step.detail = std::move(detail);
    return step;
}
Step after_nothing() {
    auto step = done(K::after);
    step.commit = old_commit;
    return step;
}

Pipeline pipeline(bool forced = false) {
    return {.repository_path = "/srv/x",
            .branch = "main",
            .container = "grafana",
            .check = {{"kind", "tcp"}},
            .forced = forced};
}

std::string told(const Next& next) {
    if (next.step) return "then " + std::string(to_text(*next.step));
    if (next.end) return std::string(to_text(*next.end));
    return "it goes on";
}

struct Case {
    std::string name;
    std::vector<Step> steps;
    std::string then;
    bool cancelled = false;
    bool forced = false;
};

const Case cases[] = {
    {"Begins", {}, "then before"},
    {"GoesOn", {{.kind = K::before}}, "it goes on"},
    {"Pulls", {done(K::before)}, "then pull"},
    {"LooksAgain", {done(K::before), done(K::pull)}, "then after"},
    {"Restarts", {done(K::before), done(K::pull), done(K::after)}, "then restart"},
    {"Checks", {done(K::before), done(K::pull), done(K::after), done(K::restart)}, "then check"},
    {"Succeeds",
     {done(K::before), done(K::pull), done(K::after), done(K::restart), done(K::check)},
     "succeeded"},
    {"UnchangedIsOnlyChecked", {done(K::before), done(K::pull), after_nothing()}, "then check"},
    {"UnchangedEnds",
     {done(K::before), done(K::pull), after_nothing(), done(K::check)},
     "unchanged"},
    {"UnchangedAndForcedRestarts",
     {done(K::before), done(K::pull), after_nothing()},
     "then restart",
     false,
     true},
    {"UnchangedAndSickIsNotRolledBack",
     {done(K::before), done(K::pull), after_nothing(), done(K::check, CommandState::error)},
     "failed"},
    {"NoRevisionNothingChanged", {done(K::before, CommandState::error)}, "failed"},
    {"ARefusedPullChangedNothing",
     {done(K::before), done(K::pull, CommandState::refused)},
     "failed"},
    {"AnExpiredPullChangedNothing",
     {done(K::before), done(K::pull, CommandState::expired)},
     "failed"},
    {"AFailedPullIsRolledBack",
     {done(K::before), done(K::pull, CommandState::error)},
     "then rollback"},
    {"AnInterruptedPullIsRolledBack",
     {done(K::before), done(K::pull, CommandState::interrupted)},
     "then rollback"},
    {"AfterAPullNothingIsRestartedAgain",
     {done(K::before), done(K::pull, CommandState::error), done(K::rollback)},
     "then rollback_check"},
    {"AFailedRestartIsRolledBack",
     {done(K::before), done(K::pull), done(K::after), done(K::restart, CommandState::error)},
     "then rollback"},
    {"AndRestarted",
     {done(K::before), done(K::pull), done(K::after), done(K::restart, CommandState::error),
      done(K::rollback)},
     "then rollback_restart"},
    {"AndCheckedAgain",
     {done(K::before), done(K::pull), done(K::after), done(K::restart),
      done(K::check, CommandState::error), done(K::rollback), done(K::rollback_restart)},
     "then rollback_check"},
    {"AndIsAsBefore",
     {done(K::before), done(K::pull), done(K::after), done(K::restart),
      done(K::check, CommandState::error), done(K::rollback), done(K::rollback_restart),
      done(K::rollback_check)},
     "rolled_back"},
    {"ARollbackMayFail",
     {done(K::before), done(K::pull), done(K::after), done(K::restart),
      done(K::check, CommandState::error), done(K::rollback, CommandState::error)},
     "rollback_failed"},
    {"AndItsCheckToo",
     {done(K::before), done(K::pull, CommandState::error), done(K::rollback),
      done(K::rollback_check, CommandState::timeout)},
     "rollback_failed"},
    {"CancelledBeforeItBegan", {}, "failed", true},
    {"CancelledBeforeThePull", {done(K::before)}, "failed", true},
    {"CancelledAfterThePull", {done(K::before), done(K::pull)}, "then rollback", true},
    {"CancelledWithNothingChanged",
     {done(K::before), done(K::pull), after_nothing()},
     "failed",
     true},
    {"CancelledAtTheEndItStays",
     {done(K::before), done(K::pull), done(K::after), done(K::restart), done(K::check)},
     "succeeded",
     true},
    {"ARollbackIsNotCancelled",
     {done(K::before), done(K::pull, CommandState::cancelled), done(K::rollback)},
     "then rollback_check",
     true},
};

class HostPipelineTest : public testing::TestWithParam<Case> {};

TEST_P(HostPipelineTest, WhatComesNext) {
    const auto& one = GetParam();
    EXPECT_EQ(told(next_of(pipeline(one.forced), one.steps, one.cancelled)), one.then);
}
INSTANTIATE_TEST_SUITE_P(Ways, HostPipelineTest, testing::ValuesIn(cases),
                         [](const auto& info) { return info.param.name; });

TEST(HostPipelineWords, AnEndSaysWhatWentWrong) {
    const auto sick = next_of(pipeline(),
                              {done(K::before), done(K::pull), done(K::after), done(K::restart),
                               done(K::check, CommandState::error, "HTTP 500"), done(K::rollback),
                               done(K::rollback_restart), done(K::rollback_check)},
                              false);
    EXPECT_EQ(sick.why, "check failed: HTTP 500");
    const auto worse = next_of(pipeline(),
                               {done(K::before), done(K::pull, CommandState::timeout, "too slow"),
                                done(K::rollback, CommandState::refused, "no such commit")},
                               false);
    EXPECT_EQ(worse.why,
              "pull ended as timeout: too slow; then rollback ended as refused: no such commit; "
              "somebody must look at this host");
    const auto cancelled =
        next_of(pipeline(),
                {done(K::before), done(K::pull), done(K::rollback), done(K::rollback_check)}, true);
    EXPECT_EQ(cancelled.why, "it was cancelled");
}

TEST(HostPipelineWords, WithoutContainerAndCheckAPullIsAll) {
    const Pipeline bare{.repository_path = "/srv/x", .branch = "main"};
    EXPECT_EQ(told(next_of(bare, {done(K::before), done(K::pull), done(K::after)}, false)),
              "succeeded");
    EXPECT_EQ(told(next_of(bare, {done(K::before), done(K::pull), after_nothing()}, false)),
              "unchanged");
    EXPECT_EQ(
        told(next_of(bare, {done(K::before), done(K::pull, CommandState::error), done(K::rollback)},
                     false)),
        "rolled_back");
    EXPECT_EQ(commands_of(bare).size(), 3u);
}

TEST(HostPipelineWords, TheCommandsOfTheSteps) {
    const std::vector<Step> steps = {done(K::before)};
    const auto rollback = command_of(K::rollback, pipeline(), steps);
    EXPECT_EQ(rollback.name, "git_rollback");
    EXPECT_EQ(rollback.params,
              (boost::json::object{
                  {"repository_path", "/srv/x"}, {"branch", "main"}, {"commit", old_commit}}));
    EXPECT_EQ(command_of(K::after, pipeline(), steps).name, "git_revision");
    EXPECT_EQ(command_of(K::rollback_restart, pipeline(), steps).params,
              (boost::json::object{{"container_name", "grafana"}}));
    EXPECT_EQ(command_of(K::rollback_check, pipeline(), steps).name, "health_check");
    std::vector<std::string> names;
    for (const auto& command : commands_of(pipeline()))
        names.push_back(command.name);
    EXPECT_THAT(names, ElementsAre("git_revision", "git_pull", "docker_restart", "health_check",
                                   "git_rollback"));
}

TEST(HostPipelineWords, ACommitIdIsReadStrictly) {
    EXPECT_EQ(commit_of_output(old_commit + "\n"), old_commit);
    EXPECT_EQ(commit_of_output(std::string(64, '0')), std::string(64, '0'));
    for (const auto& wrong : {std::string(), std::string(39, 'a'), std::string(40, 'g'),
                              "HEAD " + std::string(35, 'a'), old_commit + "\n" + old_commit}) {
        EXPECT_FALSE(commit_of_output(wrong)) << wrong;
    }
}

TEST(StepTest, StepsComeBackAsTheyWere) {
    Step open{.kind = K::check, .started_at_ms = 7, .command_id = "c"};
    const std::vector<Step> steps = {done(K::before),
                                     done(K::pull, CommandState::error, "no \"x\""), open};
    EXPECT_EQ(steps_of_text(to_text(steps)), steps);
    for (const auto* wrong :
         {"", "{}", "[1]", R"([{"step": "jump", "started_at_ms": 1}])", R"([{"step": "pull"}])"}) {
        EXPECT_FALSE(steps_of_text(wrong)) << wrong;
    }
}

TEST(StepTest, ATailBeginsWithAWholeCharacter) {
    EXPECT_EQ(tail_of("short", 10), "short");
    EXPECT_EQ(tail_of("abcdef", 3), "def");
    EXPECT_EQ(tail_of("a\xc3\xa4z", 2), "z");
}

}  // namespace
}  // namespace cockpit::deployments

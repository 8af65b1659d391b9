#include "server/dispatch/start_guard.hpp"

#include <gmock/gmock.h>

#include <set>

#include "server/dispatch/why.hpp"
#include "unit/server/dispatch/dispatcher_fixture.hpp"

namespace cockpit::dispatch {
namespace {

using testing::HasSubstr;

class ClosedHosts final : public StartGuard {
  public:
    std::set<std::string> closed;
    std::optional<std::string> forbids(const protocol::AgentId& agent,
                                       std::int64_t now_ms) const override {
        asked_at = now_ms;
        if (!closed.contains(agent.text())) return std::nullopt;
        return "maintenance of '" + agent.text() + "'";
    }
    mutable std::int64_t asked_at = 0;
};

class StartGuardTest : public DispatcherTest {
  protected:
    StartGuardTest() { dispatcher.guard_starts_with(&guard); }
    Submitted submit_forced(bool forced, std::optional<std::string> key = std::nullopt) {
        Submission submission{.agent = web,
                              .command = "echo",
                              .params = {{"message", "hi"}},
                              .sent_by = "alice",
                              .forced = forced};
        if (key) submission.idempotency = {*key, "digest"};
        std::optional<Submitted> result;
        dispatcher.submit(std::move(submission),
                          [&](Submitted answer) { result = std::move(answer); });
        answers.deliver();
        return *std::move(result);
    }
    ClosedHosts guard;
};

TEST_F(StartGuardTest, WhatTheGuardForbidsIsRefusedAndNothingIsRecorded) {
    guard.closed = {"web-1"};
    const auto refused = submit_forced(false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Kind::in_maintenance);
    EXPECT_EQ(refused.error().detail,
              "maintenance of 'web-1'; nothing was sent; 'force': true sends it all the same");
    EXPECT_TRUE(store.rows.empty());
    EXPECT_TRUE(link.runs.empty());
    EXPECT_EQ(guard.asked_at, clock.wall);
}

TEST_F(StartGuardTest, ForcedGoesThrough) {
    guard.closed = {"web-1"};
    const auto sent = submit_forced(true);
    ASSERT_TRUE(sent);
    EXPECT_EQ(link.runs.size(), 1u);
}

TEST_F(StartGuardTest, OtherHostsAndOtherTimesAreFree) {
    guard.closed = {"db-1"};
    EXPECT_TRUE(submit_forced(false));
    guard.closed = {"web-1"};
    EXPECT_FALSE(submit_forced(false));
    guard.closed.clear();
    EXPECT_TRUE(submit_forced(false));
}

TEST_F(StartGuardTest, ARepeatedRequestIsAnsweredWithItsFirstCommandInTheWindowToo) {
    const auto first = submit_forced(false, "key");
    ASSERT_TRUE(first);
    guard.closed = {"web-1"};
    const auto again = submit_forced(false, "key");
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->command_id, first->command_id);
    EXPECT_EQ(submit_forced(false, "another key").error().kind, Kind::in_maintenance);
}

TEST_F(StartGuardTest, WhatWaitsForItsHostIsHeldUntilTheWindowIsOver) {
    leave();
    const auto waiting = queue(3'600'000);
    ASSERT_TRUE(waiting);
    guard.closed = {"web-1"};
    come_back();
    tick_for(2'000);
    EXPECT_EQ(state_of(*waiting), CommandState::pending);
    EXPECT_TRUE(link.runs.empty());
    EXPECT_THAT(why(*store.row_of(waiting->command_id), directory.find(web, clock.wall), clock.wall,
                    dispatcher.forbids(web)),
                HasSubstr("it is held and given up in "));
    guard.closed.clear();
    tick_for(2'000);
    EXPECT_EQ(link.runs.size(), 1u);
}

TEST_F(StartGuardTest, WhatWasForcedIsNotHeld) {
    leave();
    Submission submission{.agent = web,
                          .command = "echo",
                          .params = {{"message", "hi"}},
                          .sent_by = "alice",
                          .queue_for_ms = 3'600'000,
                          .forced = true};
    std::optional<Submitted> waiting;
    dispatcher.submit(std::move(submission),
                      [&](Submitted answer) { waiting = std::move(answer); });
    answers.deliver();
    ASSERT_TRUE(waiting && *waiting);
    guard.closed = {"web-1"};
    EXPECT_THAT(why(*store.row_of((*waiting)->command_id), directory.find(web, clock.wall),
                    clock.wall, dispatcher.forbids(web)),
                HasSubstr("it waits for the host"));
    come_back();
    tick_for(2'000);
    EXPECT_EQ(link.runs.size(), 1u);
}

TEST_F(StartGuardTest, WhatIsHeldTooLongExpiresAndSaysWhy) {
    leave();
    const auto waiting = queue(1'500);
    ASSERT_TRUE(waiting);
    guard.closed = {"web-1"};
    come_back();
    tick_for(3'000);
    EXPECT_EQ(state_of(*waiting), CommandState::expired);
    EXPECT_EQ(store.row_of(waiting->command_id)->error,
              "it was held until its time was over, and was not sent: maintenance of 'web-1'");
    EXPECT_TRUE(link.runs.empty());
}

}  // namespace
}  // namespace cockpit::dispatch

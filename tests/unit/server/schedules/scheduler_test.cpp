#include "server/schedules/scheduler.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <set>

#include "fakes/memory_schedule_store.hpp"
#include "fakes/set_clock.hpp"

namespace cockpit::schedules {
namespace {

/// Launches at once; the same key is one launch.
class RecordingLauncher final : public Launcher {
  public:
    std::map<std::string, std::string> by_key;
    std::set<std::string> running;
    int calls = 0;
    std::optional<std::string> objection(const boost::json::object&) const override { return {}; }
    void launch(Kind, boost::json::object, std::string, std::string key,
                runtime::Callback<std::expected<std::string, std::string>> done) override {
        ++calls;
        done(by_key.emplace(key, "id-" + std::to_string(by_key.size() + 1)).first->second);
    }
    void still_runs(Kind, std::string id,
                    runtime::Callback<std::expected<bool, std::string>> done) override {
        done(running.contains(id));
    }
};

class SchedulerTest : public testing::Test {
  protected:
    void run() {
        io.restart();
        io.run();
    }
    void start(Scheduler& scheduler) {
        scheduler.restore([](auto restored) { EXPECT_TRUE(restored); });
        run();
    }
    void make(std::string missed = "skip", std::string overlap = "allow") {
        a.create({.name = "tick",
                  .kind = "command",
                  .request = "{}",
                  .cron = "* * * * * *",
                  .zone = "UTC",
                  .missed = std::move(missed),
                  .missed_within_s = 60,
                  .overlap = std::move(overlap)},
                 "vera", [](auto made) { EXPECT_TRUE(made) << made.error().detail; });
        run();
        start(b);
    }
    void tick(std::int64_t milliseconds) {
        clock.advance(milliseconds);
        a.on_tick();
        b.on_tick();
        run();
    }
    std::size_t in_state(std::string_view state) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            store.fired, [&](const auto& one) { return one.second.state == state; }));
    }

    boost::asio::io_context io;
    fakes::SetClock clock;
    fakes::MemoryScheduleStore store{io.get_executor()};
    RecordingLauncher launcher;
    Scheduler a{clock, store, {{Kind::command, &launcher}}, "a"};
    Scheduler b{clock, store, {{Kind::command, &launcher}}, "b"};
};

TEST_F(SchedulerTest, TwoServersFireEachTimeOnce) {
    make();
    for (int half = 0; half < 120; ++half)
        tick(500);
    EXPECT_EQ(store.fired.size(), 60u);
    EXPECT_EQ(in_state("launched"), 60u);
    EXPECT_EQ(launcher.calls, 60);
}

TEST_F(SchedulerTest, AClockThatIsSetBackFiresNothingTwice) {
    make();
    tick(5'000);
    clock.wall -= 4'000;
    for (int second = 0; second < 4; ++second)
        tick(1'000);
    EXPECT_EQ(launcher.calls, 5);
    Scheduler again(clock, store, {{Kind::command, &launcher}}, "c");
    clock.wall -= 3'000;
    start(again);
    again.on_tick();
    run();
    EXPECT_EQ(launcher.calls, 5);
}

TEST_F(SchedulerTest, AFiringWhoseServerDiedIsTakenOverWithTheSameKey) {
    make();
    store.ends_broken = true;
    tick(1'000);
    EXPECT_EQ(in_state("launching"), 1u);
    EXPECT_EQ(launcher.calls, 1);
    store.ends_broken = false;
    clock.advance(16'000);
    b.on_tick();
    run();
    EXPECT_EQ(in_state("launching"), 0u);
    EXPECT_EQ(launcher.by_key.size(), in_state("launched")) << "one key is one launch";
}

TEST_F(SchedulerTest, WhatWasMissedFollowsThePolicy) {
    make("skip");
    tick(300'000);
    EXPECT_EQ(in_state("launched"), 11u);  // the latest ten seconds are no absence
    EXPECT_EQ(in_state("missed"), 1u);
}

TEST_F(SchedulerTest, AllThatWasMissedLatelyIsRun) {
    make("all");
    tick(300'000);
    EXPECT_EQ(in_state("launched"), 61u);
    EXPECT_EQ(in_state("missed"), 1u);
}

TEST_F(SchedulerTest, WhileTheOneBeforeRunsATimeIsSkipped) {
    make("skip", "skip");
    launcher.running = {"id-1"};
    tick(1'000);
    tick(1'000);
    EXPECT_EQ(in_state("launched"), 1u);
    EXPECT_EQ(in_state("skipped"), 1u);
    launcher.running.clear();
    tick(1'000);
    EXPECT_EQ(in_state("launched"), 2u);
}

TEST_F(SchedulerTest, AFailingStoreDelaysAndLosesNothing) {
    make();
    store.broken = true;
    tick(1'000);
    tick(1'000);
    EXPECT_EQ(launcher.calls, 0);
    store.broken = false;
    tick(1'000);
    EXPECT_EQ(launcher.calls, 3);
}

}  // namespace
}  // namespace cockpit::schedules

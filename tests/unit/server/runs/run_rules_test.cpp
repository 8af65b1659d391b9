#include "server/runs/run_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace cockpit::runs {
namespace {

using protocol::CommandState;
using Outcome = std::function<CommandState(std::size_t)>;
using Event = std::function<void(RunRules&)>;

std::vector<std::string> ids(std::size_t count) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i)
        all.push_back("host-" + std::to_string(i));
    return all;
}

CommandState success(std::size_t) {
    return CommandState::success;
}

// Plays hosts until nothing is left to do; each event is kept, and submissions are counted by host
// as a dispatcher that knows idempotency keys would see them.
struct World {
    std::int64_t now = 1000;
    std::vector<Event> events{};
    std::map<std::size_t, int> submitted{};
    std::size_t widest = 0;

    void apply(RunRules& run, Event event) {
        event(run);
        events.push_back(std::move(event));
    }
    // One round; false when there was nothing to do.
    bool round(RunRules& run, const Outcome& outcome) {
        const auto work = run.work(now);
        for (auto i : work.claim)
            apply(run, [i](RunRules& r) { r.sending(i); });
        for (auto i : work.submit) {
            ++submitted[i];
            apply(run, [i](RunRules& r) { r.sent(i, "c" + std::to_string(i)); });
        }
        if (!work.claim.empty() || !work.submit.empty()) return true;
        std::vector<std::size_t> out;
        for (std::size_t i = 0; i < run.hosts().size(); ++i)
            if (run.hosts()[i].state == HostState::sent) out.push_back(i);
        widest = std::max(widest, out.size());
        for (auto i : out)
            apply(run, [i, how = outcome(i), at = now](RunRules& r) { r.ended(i, how, at); });
        if (out.empty() && work.look_again_ms) now = *work.look_again_ms;
        return !out.empty() || work.look_again_ms;
    }
    void play(RunRules& run, const Outcome& outcome) {
        for (int i = 0; i < 10000 && round(run, outcome); ++i) {
        }
    }
};

TEST(AmountTest, is_a_number_or_a_share) {
    EXPECT_EQ(Amount::parse("12")->of(200), 12u);
    EXPECT_EQ(Amount::parse("10%")->of(200), 20u);
    EXPECT_EQ(Amount::parse("10%")->of(9), 0u);
    for (const auto* wrong : {"", "%", "-1", "101%", "3 %", "x", "99999999999"})
        EXPECT_EQ(
            Amount::parse(wrong).error(),
            "\"" + std::string(wrong) + "\" is not a number of hosts; right would be 12, or 10%");
}

struct Case {
    std::size_t hosts;
    Amount concurrency;
    std::optional<int> canary;
    std::size_t widest;
    std::size_t last_wave;
};

TEST(RunRulesTest, cuts_hosts_into_waves) {
    for (const auto& it : {Case{200, {10, true}, {}, 20, 10}, Case{200, {10, true}, 0, 20, 9},
                           Case{9, {10, true}, 0, 1, 8}, Case{1, {100, true}, {}, 1, 0},
                           Case{5, {0, false}, 0, 1, 4}, Case{5, {2, false}, 3, 3, 1},
                           Case{5, {9, false}, 9, 5, 0}}) {
        RunRules run({.concurrency = it.concurrency, .canary = it.canary}, ids(it.hosts));
        World world;
        world.play(run, success);
        EXPECT_EQ(run.state(), RunState::succeeded);
        EXPECT_EQ(world.widest, it.widest);
        EXPECT_EQ(run.hosts().back().wave, it.last_wave);
        EXPECT_EQ(world.submitted.size(), it.hosts);
    }
}

TEST(RunRulesTest, of_no_hosts_has_succeeded) {
    EXPECT_EQ(RunRules({}, {}).state(), RunState::succeeded);
}

TEST(RunRulesTest, stops_in_the_wave_where_too_many_failed) {
    RunRules run({.concurrency = {10, true}, .max_failures = {3, false}}, ids(200));
    World world;
    // Two in wave 1 (hosts 1 to 20), three in wave 2: the fifth is beyond, wave 2 still ends.
    world.play(run, [](std::size_t i) {
        return i == 5 || i == 6 || (i >= 30 && i < 33) ? CommandState::error
                                                       : CommandState::success;
    });
    EXPECT_EQ(run.state(), RunState::failed);
    EXPECT_EQ(run.why(), "4 hosts failed, and max_failures is 3");
    EXPECT_EQ(world.submitted.size(), 41u);
    EXPECT_EQ(run.hosts()[41].state, HostState::skipped);
    const auto again = run.to_rerun();
    EXPECT_EQ(again.size(), 159u + 5u);
    EXPECT_EQ(std::ranges::count(again, "host-7"), 0);
}

TEST(RunRulesTest, says_which_ends_count_as_failed) {
    for (auto state : {CommandState::error, CommandState::timeout, CommandState::interrupted,
                       CommandState::cancel_failed, CommandState::refused})
        EXPECT_TRUE(counts_as_failed(state));
    for (auto state : {CommandState::success, CommandState::expired, CommandState::cancelled})
        EXPECT_FALSE(counts_as_failed(state));
}

TEST(RunRulesTest, goes_on_past_hosts_that_were_never_reached) {
    RunRules run({.concurrency = {1, false}}, ids(4));
    World world;
    world.play(
        run, [](std::size_t i) { return i == 2 ? CommandState::expired : CommandState::success; });
    EXPECT_EQ(run.state(), RunState::finished_with_failures);
    EXPECT_EQ(run.to_rerun(), std::vector<std::string>{"host-2"});
}

TEST(RunRulesTest, a_failed_canary_stops_whatever_is_allowed) {
    RunRules run({.max_failures = {100, true}}, ids(10));
    World world;
    world.play(run, [](std::size_t) { return CommandState::refused; });
    EXPECT_EQ(run.state(), RunState::failed);
    EXPECT_EQ(run.why(), "a canary host failed");
    EXPECT_EQ(world.submitted.size(), 1u);
}

TEST(RunRulesTest, a_canary_that_proved_nothing_pauses) {
    RunRules run({}, ids(3));
    World world;
    run.skipped(0, "offline", world.now);
    EXPECT_EQ(run.state(), RunState::paused);
    EXPECT_TRUE(run.work(world.now).claim.empty());
    run.resume();
    world.play(run, success);
    EXPECT_EQ(run.state(), RunState::finished_with_failures);
    EXPECT_EQ(world.submitted.size(), 2u);
}

TEST(RunRulesTest, waits_between_waves_and_says_until_when) {
    RunRules run({.concurrency = {1, false}, .pause_ms = 5000}, ids(2));
    World world;
    while (run.wave() == 0)
        world.round(run, success);
    EXPECT_TRUE(run.work(5999).claim.empty());
    EXPECT_EQ(run.work(5999).look_again_ms, 6000);
    EXPECT_EQ(run.work(6000).claim, std::vector<std::size_t>{1});
}

TEST(RunRulesTest, paused_lets_end_what_is_under_way_and_starts_nothing) {
    RunRules run({.concurrency = {1, false}}, ids(3));
    World world;
    world.round(run, success);
    run.pause("asked for");
    world.play(run, success);
    EXPECT_EQ(run.state(), RunState::paused);
    EXPECT_EQ(world.submitted.size(), 1u);
    run.resume();
    world.play(run, success);
    EXPECT_EQ(run.state(), RunState::succeeded);
}

TEST(RunRulesTest, cancel_skips_the_waiting_and_cancels_what_is_under_way) {
    RunRules run({.concurrency = {2, false}, .canary = 0}, ids(4));
    for (std::size_t i : run.work(0).claim)
        run.sending(i);
    run.sent(0, "c0");
    run.cancel("asked for", 0);
    EXPECT_EQ(run.work(0).cancel, std::vector<std::size_t>{0});
    // Whether host 1 has its command is not known: it is submitted again, then cancelled.
    EXPECT_EQ(run.work(0).submit, std::vector<std::size_t>{1});
    run.sent(1, "c1");
    EXPECT_EQ(run.work(0).cancel, (std::vector<std::size_t>{0, 1}));
    EXPECT_FALSE(is_final(run.state()));
    run.ended(0, CommandState::cancelled, 1);
    run.ended(1, CommandState::success, 1);
    EXPECT_EQ(run.state(), RunState::cancelled);
    EXPECT_EQ(run.to_rerun(), (std::vector<std::string>{"host-0", "host-2", "host-3"}));
}

TEST(RunRulesTest, events_that_come_twice_or_late_change_nothing) {
    RunRules run({}, ids(1));
    run.sending(0);
    run.sent(0, "c0");
    run.sent(0, "other");
    EXPECT_EQ(run.hosts()[0].command_id, "c0");
    run.ended(0, CommandState::running, 1);
    EXPECT_EQ(run.hosts()[0].state, HostState::sent);
    run.ended(0, CommandState::success, 1);
    run.ended(0, CommandState::error, 2);
    run.skipped(0, "late", 2);
    run.cancel("late", 2);
    run.pause("late");
    run.sending(7);
    EXPECT_EQ(run.state(), RunState::succeeded);
}

TEST(RunRulesTest, continues_from_each_event_to_the_same_end) {
    const Limits limits{.concurrency = {3, false}, .max_failures = {1, false}, .pause_ms = 10};
    const Outcome outcome = [](std::size_t i) {
        return i % 5 == 4 ? CommandState::timeout : CommandState::success;
    };
    RunRules whole(limits, ids(17));
    World first;
    first.play(whole, outcome);
    ASSERT_EQ(whole.state(), RunState::failed);
    for (std::size_t upto = 0; upto <= first.events.size(); ++upto) {
        RunRules run(limits, ids(17));
        for (std::size_t i = 0; i < upto; ++i)
            first.events[i](run);
        std::set<std::size_t> had_command;
        for (std::size_t i = 0; i < run.hosts().size(); ++i)
            if (!run.hosts()[i].command_id.empty()) had_command.insert(i);
        World after;
        after.play(run, outcome);
        EXPECT_EQ(run.state(), whole.state()) << upto;
        EXPECT_EQ(run.to_rerun(), whole.to_rerun()) << upto;
        for (const auto& [host, times] : after.submitted) {
            EXPECT_EQ(times, 1) << host;
            EXPECT_FALSE(had_command.contains(host)) << upto << " sends twice to " << host;
        }
        EXPECT_EQ(after.submitted.size() + had_command.size(), first.submitted.size()) << upto;
    }
}

}  // namespace
}  // namespace cockpit::runs

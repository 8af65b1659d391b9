// Runs over the real dispatcher, with hosts, stores and the clock in memory.

#include "server/runs/run_engine.hpp"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <set>

#include "crypto/keys.hpp"
#include "fakes/memory_command_store.hpp"
#include "fakes/memory_group_store.hpp"
#include "fakes/memory_run_store.hpp"
#include "fakes/recording_agent_link.hpp"
#include "fakes/set_clock.hpp"

namespace cockpit::runs {
namespace {

namespace json = boost::json;
using protocol::CommandState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string next_id() {
    static std::uint32_t last = 0;
    char text[37];
    std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012x", ++last);
    return text;
}

struct Events final : notify::EventSink {
    void publish(notify::Event event) override { told.push_back(std::move(event)); }
    std::vector<notify::Event> told;
};

class RunEngineTest : public testing::Test {
  protected:
    RunEngineTest() {
        directory.on_link_restored(clock.wall_ms());
        link.host = [this](const protocol::Run& run) { play(run); };
        start_server();
    }

    void connect(const std::string& id) {
        const auto key = crypto::SigningKey::generate().public_key().to_base64();
        const auto agent = *protocol::AgentId::parse(id);
        directory.set_keys(agent, key, std::nullopt);
        clock.advance(1);
        auto able = protocol::original_commands();
        able.push_back({.name = "login",
                        .description = "with a secret",
                        .parameters = {{.name = "password", .secret = true}}});
        directory.on_hello({.agent = agent,
                            .public_key = key,
                            .hostname = id,
                            .version = "1",
                            .commands = std::move(able),
                            .at_ms = clock.wall_ms()},
                           clock.wall_ms());
        directory.on_subscribers(agent, 1, clock.wall_ms());
        hosts.push_back(id);
    }
    void connect_many(int count) {
        for (int i = 0; i < count; ++i)
            connect("host-" + std::to_string(100 + i));
    }

    // Another life of the server: what is not written down is gone.
    void start_server() {
        engine.reset();
        planner.emplace(Planner::Ports{.store = store,
                                       .dispatcher = dispatcher,
                                       .directory = directory,
                                       .targeting = targeting,
                                       .clock = clock,
                                       .box = box,
                                       .new_id = next_id,
                                       .hash_key = "key"});
        engine = std::make_unique<RunEngine>(RunSettings{.owner = next_id()},
                                             RunEngine::Ports{.store = store,
                                                              .planner = *planner,
                                                              .dispatcher = dispatcher,
                                                              .events = events,
                                                              .clock = clock,
                                                              .new_id = next_id});
    }

    void play(const protocol::Run& run) {
        const auto& id = run.agent.text();
        ++ran[id];
        if (silent.contains(id)) {
            dispatcher.on_received({.agent = run.agent, .attempt = run.attempt}, [](bool) {});
            return;
        }
        finish(run, failing.contains(id) ? CommandState::error : CommandState::success);
    }
    void finish(const protocol::Run& run, CommandState state) {
        dispatcher.on_finished({.agent = run.agent,
                                .attempt = run.attempt,
                                .state = state,
                                .output = "done",
                                .execution_time_ms = 1,
                                .exit_code = state == CommandState::success ? 0 : 1},
                               [](bool) {});
    }

    void settle() {
        io.restart();
        io.poll();
    }
    // Half-second ticks; the hosts stay online.
    void pass(int ticks) {
        for (int i = 0; i < ticks; ++i) {
            clock.advance(500);
            for (const auto& id : hosts)
                directory.on_subscribers(*protocol::AgentId::parse(id), 1, clock.wall_ms());
            dispatcher.on_tick();
            if (engine) engine->on_tick();
            settle();
        }
    }

    template <typename T>
    std::expected<T, RunError> answer(auto start) {
        std::optional<std::expected<T, RunError>> got;
        start([&](std::expected<T, RunError> value) { got.emplace(std::move(value)); });
        settle();
        EXPECT_TRUE(got.has_value());
        return std::move(got).value();
    }
    std::expected<Plan, RunError> plan(const std::string& request) {
        return answer<Plan>([&](auto done) {
            planner->make(*plan_request_of(json::parse(request).as_object()), "vera",
                          std::move(done));
        });
    }
    std::expected<RunRecord, RunError> start(const Plan& plan, const std::string& manner,
                                             std::optional<std::string> key = std::nullopt) {
        return answer<RunRecord>([&](auto done) {
            engine->start({.plan_id = plan.record.plan_id,
                           .hash = plan.record.hash,
                           .manner = *manner_of(json::parse(manner).as_object()),
                           .by = "vera",
                           .idempotency_key = key},
                          std::move(done));
        });
    }
    std::string start_on_all(const std::string& manner) {
        const auto made = plan(R"({"targets": "*", "command": "echo"})");
        return start(*made, manner)->run_id;
    }
    std::expected<RunRecord, RunError> wish(const std::string& run_id, Wish wish) {
        return answer<RunRecord>(
            [&](auto done) { engine->wish(run_id, wish, "otto", std::move(done)); });
    }
    const runs::Run& kept(const std::string& run_id) { return store.runs.at(run_id); }
    RunState state(const std::string& run_id) { return kept(run_id).record.progress.state; }
    int total_ran() const {
        int sum = 0;
        for (const auto& [id, count] : ran)
            sum += count;
        return sum;
    }

    boost::asio::io_context io;
    fakes::SetClock clock;
    fakes::MemoryCommandStore commands{io.get_executor()};
    fakes::MemoryRunStore store{io.get_executor()};
    fakes::RecordingAgentLink link{io.get_executor()};
    dispatch::AgentDirectory directory;
    dispatch::Dispatcher dispatcher{
        {.interrupted_attempts = 1}, clock, directory, commands, link, [] {
            return *protocol::CommandId::parse(next_id());
        }};
    fakes::MemoryGroupStore groups{io.get_executor()};
    targets::Targeting targeting{clock, directory, groups};
    crypto::SecretBox box{std::string(32, 'k')};
    Events events;
    std::optional<Planner> planner;
    std::unique_ptr<RunEngine> engine;
    std::vector<std::string> hosts;
    std::map<std::string, int> ran;
    std::set<std::string> failing;
    std::set<std::string> silent;
};

TEST_F(RunEngineTest, APlanNamesEachHostAndWhatIsInItsWay) {
    connect("web-1");
    connect("web-2");
    directory.set_keys(*protocol::AgentId::parse("web-3"), "key", std::nullopt);
    silent = {"web-2"};
    ASSERT_TRUE(start(*plan(R"({"agents": ["web-2"], "command": "echo"})"), "{}"));
    pass(2);
    const auto made = plan(R"({"targets": "web-*", "command": "echo", "params": {}})");
    ASSERT_TRUE(made) << made.error().detail;
    EXPECT_THAT(made->record.hosts, ElementsAre("web-1", "web-2", "web-3"));
    EXPECT_THAT(made->hosts[0].in_the_way, IsEmpty());
    ASSERT_EQ(made->hosts[1].in_the_way.size(), 1u);
    EXPECT_EQ(made->hosts[1].in_the_way[0].kind, "busy");
    EXPECT_THAT(made->hosts[1].in_the_way[0].detail,
                HasSubstr("1 command has not ended there: echo ("));
    ASSERT_EQ(made->hosts[2].in_the_way.size(), 1u);
    EXPECT_EQ(made->record.hash.size(), 64u);
    const auto unfit = plan(R"({"targets": "web-1", "command": "reboot"})");
    EXPECT_EQ(unfit->hosts[0].in_the_way[0].kind, "unknown_command");
    EXPECT_THAT(unfit->hosts[0].in_the_way[0].detail, HasSubstr("has no command 'reboot'"));
}

TEST_F(RunEngineTest, APlanForNobodyAndAWrongExpressionAreErrors) {
    connect("web-1");
    const auto nobody = plan(R"({"targets": "db-*", "command": "echo"})");
    ASSERT_FALSE(nobody);
    EXPECT_THAT(nobody.error().detail, HasSubstr("no host is meant, so there is nothing to run"));
    const auto wrong = plan(R"({"targets": "web-1 and", "command": "echo"})");
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().detail, HasSubstr("'targets' is wrong: column 10"));
    EXPECT_EQ(wrong.error().column, 10u);
}

TEST_F(RunEngineTest, OnlyThePlanThatWasLookedAtIsDone) {
    connect("web-1");
    auto made = *plan(R"({"targets": "*", "command": "echo"})");
    connect("web-2");
    auto other = made;
    other.record.hash = std::string(64, '0');
    const auto refused = start(other, "{}");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, RunError::Kind::conflict);
    EXPECT_THAT(refused.error().detail, HasSubstr("'hash' is not that of plan"));
    const auto run = start(made, "{}");
    pass(4);
    EXPECT_EQ(state(run->run_id), RunState::succeeded);
    EXPECT_EQ(ran, (std::map<std::string, int>{{"web-1", 1}})) << "web-2 came later";
    clock.advance(Planner::kept_for_ms + 1);
    const auto late = start(made, "{}");
    ASSERT_FALSE(late);
    EXPECT_THAT(late.error().detail, HasSubstr("plans are kept for an hour"));
}

TEST_F(RunEngineTest, TheSameKeyIsTheSameRun) {
    connect("web-1");
    const auto made = *plan(R"({"targets": "*", "command": "echo"})");
    const auto first = start(made, "{}", "k1");
    const auto again = start(made, "{}", "k1");
    EXPECT_EQ(first->run_id, again->run_id);
    const auto other = *plan(R"({"targets": "*", "command": "echo", "params": {"a": 1}})");
    const auto refused = start(other, "{}", "k1");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().detail,
                HasSubstr("was used with another request, which made run " + first->run_id));
    const auto otherwise = start(made, R"({"concurrency": 1})", "k1");
    ASSERT_FALSE(otherwise);
    EXPECT_EQ(otherwise.error().kind, RunError::Kind::conflict);
    const auto without_key = start(made, "{}");
    ASSERT_FALSE(without_key);
    EXPECT_THAT(without_key.error().detail,
                HasSubstr("a plan is run once: make a new one with POST /api/cockpit-agent/plans; "
                          "this one was run by run " +
                          first->run_id));
    pass(4);
    EXPECT_EQ(total_ran(), 1);
}

TEST_F(RunEngineTest, ItStopsAfterTheWaveWithTooManyFailures) {
    connect_many(41);
    for (int i = 105; i < 109; ++i)
        failing.insert("host-" + std::to_string(i));
    const auto id = start_on_all(R"({"concurrency": "25%", "max_failures": 3})");
    pass(20);
    EXPECT_EQ(state(id), RunState::failed);
    EXPECT_EQ(kept(id).record.progress.why, "4 hosts failed, and max_failures is 3");
    EXPECT_EQ(total_ran(), 11) << "the canary, and the first wave of ten";
    EXPECT_EQ(engine->driven(), 0u);
    ASSERT_EQ(events.told.size(), 1u);
    EXPECT_EQ(events.told[0].kind, "run.ended");
    EXPECT_EQ(events.told[0].outcome, "failed");
    EXPECT_EQ(events.told[0].data.at("hosts").as_array().size(), 41u);

    failing.clear();
    const auto rest = answer<RunRecord>(
        [&](auto done) { engine->rerun(id, "vera", std::nullopt, std::move(done)); });
    ASSERT_TRUE(rest) << rest.error().detail;
    EXPECT_EQ(rest->parent_run_id, id);
    pass(40);
    EXPECT_EQ(state(rest->run_id), RunState::succeeded);
    EXPECT_EQ(kept(rest->run_id).hosts.size(), 34u);
    EXPECT_EQ(total_ran(), 45);
    for (const auto& [host, count] : ran)
        EXPECT_EQ(count,
                  failing.contains(host) || (host >= "host-105" && host < "host-109") ? 2 : 1)
            << host;
    const auto nothing = answer<RunRecord>(
        [&](auto done) { engine->rerun(rest->run_id, "vera", std::nullopt, std::move(done)); });
    ASSERT_FALSE(nothing);
    EXPECT_THAT(nothing.error().detail, HasSubstr("nothing is left to run again"));
}

TEST_F(RunEngineTest, ADeathAtAnyTickLosesNoHostAndRunsNoneTwice) {
    connect_many(12);
    const auto id = start_on_all(R"({"concurrency": 3, "canary": 1})");
    for (int life = 0; life < 12; ++life) {
        pass(1 + life % 3);
        start_server();
        clock.advance(16'000);  // the lease of the dead one
    }
    pass(60);
    EXPECT_EQ(state(id), RunState::succeeded);
    EXPECT_EQ(ran.size(), 12u);
    EXPECT_EQ(total_ran(), 12);
    for (const auto& event : events.told)
        EXPECT_EQ(event.id, "run:" + id + ":succeeded") << "told again is told once";
    EXPECT_FALSE(events.told.empty());
}

TEST_F(RunEngineTest, ASecondServerLeavesARunAloneUntilItsDriverIsSilent) {
    connect_many(3);
    const auto id = start_on_all(R"({"concurrency": 1})");
    auto first = std::exchange(engine, nullptr);
    start_server();
    for (int i = 0; i < 8; ++i) {
        pass(1);
        EXPECT_EQ(engine->driven(), 0u);
        clock.advance(500);
        first->on_tick();
        settle();
    }
    EXPECT_EQ(state(id), RunState::succeeded);
    EXPECT_EQ(total_ran(), 3);
}

TEST_F(RunEngineTest, PauseHoldsTheNextWaveAndCancelStopsAll) {
    connect_many(10);
    silent = {"host-101"};
    const auto id = start_on_all(R"({"concurrency": 3, "canary": 1})");
    pass(4);
    EXPECT_EQ(total_ran(), 4);
    ASSERT_TRUE(wish(id, Wish::pause));
    pass(4);
    EXPECT_EQ(state(id), RunState::paused);
    EXPECT_EQ(kept(id).record.progress.why, "paused by otto");
    EXPECT_EQ(kept(id).record.wish, std::nullopt);
    finish(link.runs[1], CommandState::success);
    pass(4);
    EXPECT_EQ(total_ran(), 4) << "paused";
    ASSERT_TRUE(wish(id, Wish::resume));
    silent = {"host-105"};
    pass(4);
    EXPECT_EQ(state(id), RunState::running);
    EXPECT_EQ(total_ran(), 7);
    ASSERT_TRUE(wish(id, Wish::cancel));
    pass(4);
    ASSERT_EQ(link.cancels.size() > 0, true) << "the one under way is told";
    finish(link.runs[5], CommandState::cancelled);
    pass(4);
    EXPECT_EQ(state(id), RunState::cancelled);
    EXPECT_EQ(kept(id).hosts[9].state, HostState::skipped);
    const auto late = wish(id, Wish::pause);
    ASSERT_FALSE(late);
    EXPECT_THAT(late.error().detail, HasSubstr("has ended: it is cancelled"));
    EXPECT_EQ(wish("none", Wish::pause).error().kind, RunError::Kind::not_found);
}

TEST_F(RunEngineTest, WhoIsAwayIsSkippedAndThatIsNoFailure) {
    connect_many(3);
    directory.set_keys(*protocol::AgentId::parse("host-101"), "key", std::nullopt);
    const auto made = plan(R"({"agents": ["host-100", "nobody", "host-102"], "command": "echo"})");
    const auto id = start(*made, R"({"canary": 0})")->run_id;
    pass(4);
    EXPECT_EQ(state(id), RunState::finished_with_failures);
    EXPECT_EQ(kept(id).hosts[1].state, HostState::skipped);
    EXPECT_THAT(kept(id).hosts[1].why, HasSubstr("no agent is known as 'nobody'"));
    EXPECT_EQ(total_ran(), 2);
}

TEST_F(RunEngineTest, AHostThatNobodyKnowsIsWaitedForAMinute) {
    connect_many(2);
    // It is subscribed, and never says what it can do.
    const auto mute = *protocol::AgentId::parse("mute");
    directory.set_keys(mute, "key", std::nullopt);
    hosts.push_back("mute");
    pass(1);
    const auto made = plan(R"({"agents": ["mute", "host-100"], "command": "echo"})");
    const auto id = start(*made, R"({"canary": 0})")->run_id;
    pass(100);
    EXPECT_EQ(kept(id).hosts[0].state, HostState::sending);
    pass(40);
    EXPECT_EQ(kept(id).hosts[0].state, HostState::skipped);
    EXPECT_THAT(kept(id).hosts[0].why, HasSubstr("has not yet told this server what it can do"));
    EXPECT_EQ(state(id), RunState::finished_with_failures);
}

TEST_F(RunEngineTest, ADatabaseThatIsAwayDelaysARunAndLosesNothing) {
    connect_many(6);
    const auto id = start_on_all(R"({"concurrency": 2})");
    pass(1);
    store.broken = true;
    pass(10);
    store.broken = false;
    pass(30);
    EXPECT_EQ(state(id), RunState::succeeded);
    EXPECT_EQ(total_ran(), 6);
}

TEST_F(RunEngineTest, SecretsAreNotShownButSent) {
    connect("web-1");
    const auto made =
        plan(R"({"targets": "*", "command": "login", "params": {"password": "geheim"}})");
    EXPECT_THAT(made->record.params, HasSubstr("***"));
    EXPECT_THAT(made->record.params, Not(HasSubstr("geheim")));
    const auto id = start(*made, "{}")->run_id;
    EXPECT_THAT(*kept(id).record.sealed_params, Not(HasSubstr("geheim")));
    pass(4);
    EXPECT_EQ(total_ran(), 1);
    EXPECT_EQ(state(id), RunState::succeeded);
}

TEST_F(RunEngineTest, StartForPlansAndStartsOnceForOneKey) {
    connect_many(2);
    const auto request = json::parse(R"({"targets": "*", "command": "echo"})").as_object();
    const auto first = answer<RunRecord>(
        [&](auto done) { engine->start_for(request, "timer", "nightly 1", std::move(done)); });
    connect("host-999");
    const auto again = answer<RunRecord>(
        [&](auto done) { engine->start_for(request, "timer", "nightly 1", std::move(done)); });
    EXPECT_EQ(first->run_id, again->run_id);
    const auto wrong = answer<RunRecord>([&](auto done) {
        engine->start_for(json::parse(R"({"targets": "*"})").as_object(), "timer", "x",
                          std::move(done));
    });
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().detail, HasSubstr("'command' must be the name"));
}

}  // namespace
}  // namespace cockpit::runs

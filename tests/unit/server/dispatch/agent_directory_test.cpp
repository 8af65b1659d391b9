#include "server/dispatch/agent_directory.hpp"

#include <gtest/gtest.h>

#include <set>

#include "unit/server/dispatch/hello.hpp"

namespace cockpit::dispatch {
namespace {

constexpr std::int64_t start = 1'700'000'000'000;

class AgentDirectoryTest : public ::testing::Test {
  protected:
    AgentDirectoryTest() {
        directory.on_link_restored(now);
        now += AgentDirectory::settling_ms;
    }
    void hear(std::string_view name) {
        directory.set_keys(agent_named(name), "key-1", std::nullopt);
        ASSERT_TRUE(directory.on_hello(hello_from(name, now), now));
    }
    AgentView view(std::string_view name) { return *directory.find(agent_named(name), now); }

    std::int64_t now = start;
    AgentDirectory directory;
};

TEST_F(AgentDirectoryTest, a_host_that_said_hello_is_online_and_described) {
    hear("web-1");
    const auto seen = view("web-1");
    EXPECT_EQ(seen.presence, Presence::online);
    EXPECT_EQ(seen.version, "1.2.3");
    EXPECT_EQ(seen.capabilities, (std::vector<std::string>{"echo", "git_pull", "docker_restart"}));
    EXPECT_FALSE(seen.original_protocol);
}

TEST_F(AgentDirectoryTest, an_older_hello_is_a_replay) {
    hear("web-1");
    EXPECT_FALSE(directory.on_hello(hello_from("web-1", now), now));
    EXPECT_FALSE(directory.on_hello(hello_from("web-1", now - 1), now));
}

TEST_F(AgentDirectoryTest, a_vanished_subscription_means_offline_with_that_evidence) {
    hear("web-1");
    now += 1'000;
    directory.on_subscribers(agent_named("web-1"), 0, now);
    EXPECT_EQ(view("web-1").presence, Presence::offline);
    EXPECT_NE(view("web-1").evidence.find("nobody listens on its channel"), std::string::npos);
    now += 1'000;
    hear("web-1");
    EXPECT_EQ(view("web-1").presence, Presence::online)
        << "a newer hello outweighs the older count";
}

TEST_F(AgentDirectoryTest, a_host_heard_since_the_link_returned_is_offline_without_waiting) {
    directory.on_link_lost(now, "restart");
    directory.on_link_restored(++now);
    hear("web-1");
    now += 1'000;
    directory.on_subscribers(agent_named("web-1"), 0, now);
    EXPECT_EQ(view("web-1").presence, Presence::offline);
}

TEST_F(AgentDirectoryTest, three_missing_heartbeats_mean_offline_though_the_connection_stands) {
    hear("web-1");
    now += 89'000;
    directory.on_subscribers(agent_named("web-1"), 1, now);
    EXPECT_EQ(view("web-1").presence, Presence::online);
    now += 2'000;
    directory.on_subscribers(agent_named("web-1"), 1, now);
    EXPECT_EQ(view("web-1").presence, Presence::offline);
    EXPECT_NE(view("web-1").evidence.find("three heartbeats are missing"), std::string::npos);
}

TEST_F(AgentDirectoryTest, a_good_bye_means_offline_at_once) {
    hear("web-1");
    now += 10;
    auto bye = hello_from("web-1", now);
    bye.leaving = true;
    directory.on_hello(bye, now);
    EXPECT_EQ(view("web-1").presence, Presence::offline);
    EXPECT_NE(view("web-1").evidence.find("shut down in good order"), std::string::npos);
}

TEST_F(AgentDirectoryTest, while_redis_is_away_nobody_is_called_offline) {
    for (int i = 0; i < 1'000; ++i)
        hear("host-" + std::to_string(i));
    directory.on_link_lost(now, "its connection to Redis is down");
    // Ten minutes of blindness, then the hosts come back one after the other.
    const auto expect_nobody_offline = [&] {
        for (const auto& agent : directory.list(now)) {
            ASSERT_NE(agent.presence, Presence::offline)
                << agent.id.text() << ": " << agent.evidence;
        }
    };
    for (int minute = 0; minute < 10; ++minute) {
        now += 60'000;
        for (const auto& agent : directory.list(now))
            ASSERT_EQ(agent.presence, Presence::unknown);
    }
    directory.on_link_restored(now);
    std::set<protocol::AgentId> back;
    for (int i = 0; i < 1'000; ++i) {
        const auto name = "host-" + std::to_string(i);
        if (i % 100 == 0) {
            now += 1'000;
            for (const auto& id : directory.ids()) {
                directory.on_subscribers(id, back.contains(id) ? 1 : 0, now);
            }
            expect_nobody_offline();
        }
        hear(name);
        back.insert(agent_named(name));
    }
    expect_nobody_offline();
    for (const auto& agent : directory.list(now))
        EXPECT_EQ(agent.presence, Presence::online);
}

TEST_F(AgentDirectoryTest, a_host_from_the_database_is_unknown_until_there_is_evidence) {
    directory.restore({{.agent_id = "old-1",
                        .public_key = "key-1",
                        .hostname = "old",
                        .labels = {{"site", "a"}}}});
    EXPECT_EQ(view("old-1").presence, Presence::unknown);
    directory.on_subscribers(agent_named("old-1"), 0, now);
    EXPECT_EQ(view("old-1").presence, Presence::offline);
    EXPECT_EQ(view("old-1").hostname, "old");
    EXPECT_EQ(view("old-1").labels.at("site"), "a");
}

TEST_F(AgentDirectoryTest, an_agent_of_the_original_is_described_by_its_registry_hash) {
    const auto seconds = std::to_string(now / 1000);
    directory.on_registry_hash(agent_named("py-1"),
                               {{"status", "online"},
                                {"last_heartbeat", seconds},
                                {"version", "1.0.0"},
                                {"hostname", "py"},
                                {"capabilities", "git_pull, echo,unheard_of"},
                                {"started_at", "1700000000.75"},
                                {"commands_executed", "7"}},
                               now);
    directory.on_subscribers(agent_named("py-1"), 1, now);
    const auto seen = view("py-1");
    EXPECT_EQ(seen.presence, Presence::online);
    EXPECT_TRUE(seen.original_protocol);
    EXPECT_EQ(seen.capabilities, (std::vector<std::string>{"git_pull", "echo"}));
    EXPECT_EQ(seen.started_at_ms, 1'700'000'000'750);
    EXPECT_EQ(seen.commands_executed, 7);
}

TEST_F(AgentDirectoryTest, a_hash_cannot_speak_for_a_host_that_has_a_key) {
    hear("web-1");
    directory.on_registry_hash(agent_named("web-1"), {{"version", "forged"}, {"status", "offline"}},
                               now);
    EXPECT_EQ(view("web-1").version, "1.2.3");
    EXPECT_EQ(view("web-1").presence, Presence::online);
    EXPECT_FALSE(view("web-1").original_protocol);
}

}  // namespace
}  // namespace cockpit::dispatch

#include "server/transport/agent_transport.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "crypto/sodium.hpp"
#include "fakes/redis_server.hpp"
#include "server/transport/redis_names.hpp"
#include "unit/server/transport/server_parts.hpp"

namespace cockpit::transport {
namespace {

namespace asio = boost::asio;
using protocol::EntryKind;

// The transport against a real Redis, with real rules behind it and a store in memory.
class AgentTransportTest : public ::testing::Test {
  protected:
    AgentTransportTest() {
        crypto::initialize();
        directory.set_keys(web.id, web.key.public_key().to_base64(), std::nullopt);
        transport.start(router);
        run_until([this] { return !transport.down_because(); });
        // The group must be there before a test may expect that entries are handled.
        run_until([this] { return redis.command({"EXISTS", results_stream}) == "1"; });
    }
    ~AgentTransportTest() override {
        bool stopped = false;
        asio::co_spawn(io, transport.stop(), [&](std::exception_ptr) { stopped = true; });
        run_until([&] { return stopped; });
    }

    void run_until(const std::function<bool()>& reached) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!reached()) {
            ASSERT_LT(std::chrono::steady_clock::now(), limit) << "not reached within 30 s";
            io.restart();
            io.run_for(std::chrono::milliseconds(10));
        }
    }
    void put(const protocol::Entry& entry) {
        std::vector<std::string> add{"XADD", results_stream, "*"};
        for (const auto& field : to_stream_fields(entry))
            add.push_back(field);
        redis.command(add);
    }
    bool stream_is_empty() { return redis.command({"XLEN", results_stream}) == "0"; }
    bool ended(std::size_t row) const { return is_final(store.rows[row].state); }

    fakes::RedisServer redis;
    Host web{"web-1"};
    asio::io_context io;
    runtime::SystemClock clock;
    crypto::SigningKey server_key = crypto::SigningKey::generate();
    fakes::MemoryCommandStore store{io.get_executor()};
    fakes::MemoryAgentStore agents{io.get_executor()};
    dispatch::AgentDirectory directory;
    AgentTransport transport{io.get_executor(),
                             {.redis = {.unix_socket = redis.unix_socket()},
                              .consumer = "test",
                              .presence_interval = std::chrono::milliseconds(50),
                              .registry_interval = std::chrono::milliseconds(50)},
                             clock,
                             server_key,
                             directory};
    dispatch::Admission admission{clock, directory, agents, transport};
    dispatch::Dispatcher dispatcher{
        {.allow_unsigned_agents = true}, clock, directory, store, transport, [] {
            return *protocol::CommandId::parse("");
        }};
    NewsRouter router{clock, directory, admission, dispatcher};
};

TEST_F(AgentTransportTest, a_run_goes_by_stream_and_channel_and_verifies) {
    const auto row = pending_row(web, 1);
    dispatch::Receivers receivers;
    bool sent = false;
    transport.send(protocol::Run{.agent = web.id,
                                 .attempt = {*protocol::CommandId::parse(row.command_id), 1},
                                 .command = "echo",
                                 .expires_at_ms = 5,
                                 .sender = "alice"},
                   [&](dispatch::Receivers count) {
                       receivers = count;
                       sent = true;
                   });
    run_until([&] { return sent; });
    EXPECT_EQ(receivers, 0) << "nobody listens, and Redis says so";
    const auto copy = redis.command({"XRANGE", command_stream(web.id), "-", "+"});
    EXPECT_NE(copy.find(server_key.public_key().id()), std::string::npos) << copy;
    EXPECT_NE(copy.find(row.command_id), std::string::npos) << copy;
}

TEST_F(AgentTransportTest, results_leave_the_stream_only_after_the_commit) {
    store.rows = {pending_row(web, 1), pending_row(web, 2)};
    store.broken = true;
    put(web.say(EntryKind::finished, web.finished(store.rows[0])));
    put(web.say(EntryKind::finished, web.finished(store.rows[1])));
    run_until([&] { return redis.command({"XPENDING", results_stream, results_group})[0] == '2'; });
    EXPECT_FALSE(stream_is_empty());
    store.broken = false;
    run_until([&] { return ended(0) && ended(1) && stream_is_empty(); });
    EXPECT_EQ(store.rows[0].output, "done");
}

TEST_F(AgentTransportTest, ill_formed_entries_do_not_stop_the_stream) {
    store.rows = {pending_row(web, 1)};
    redis.command({"XADD", results_stream, "*", "what", "is this"});
    redis.command({"XADD", results_stream, "*", "t", "finished", "k", "", "b", "{", "s", "x"});
    put(web.say(EntryKind::finished, web.finished(store.rows[0])));
    run_until([&] { return ended(0) && stream_is_empty(); });
}

TEST_F(AgentTransportTest, permits_are_taken_from_one_bucket_in_redis) {
    const auto take = [this](int per_second, int burst) {
        std::optional<std::optional<std::int64_t>> answer;
        transport.take_permit(web.id, {.per_second = per_second, .burst = burst},
                              [&](std::optional<std::int64_t> wait_ms) { answer = wait_ms; });
        run_until([&] { return answer.has_value(); });
        return answer->value_or(-1);
    };
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(take(1, 3), 0);
    const auto wait_ms = take(1, 3);
    EXPECT_GT(wait_ms, 0);
    EXPECT_LE(wait_ms, 1'000);
    EXPECT_EQ(redis.command({"DEL", "cockpit:rate:web-1"}), "1");
    EXPECT_EQ(take(1, 3), 0) << "a lost bucket is a full one";
    redis.command({"SET", "cockpit:rate:web-1", "99999999999999999"});
    EXPECT_EQ(take(1, 3), 0) << "no time that this limit can reach";
    redis.command({"SET", "cockpit:rate:web-1", "noise"});
    EXPECT_EQ(take(1, 3), 0);
    redis.command({"DEL", "cockpit:rate:web-1"});
    redis.command({"LPUSH", "cockpit:rate:web-1", "x"});
    EXPECT_EQ(take(1, 3), 0);
    redis.command({"ACL", "SETUSER", "default", "-eval"});
    EXPECT_EQ(take(1, 3), -1) << "not allowed: the server counts by itself";
}

TEST_F(AgentTransportTest, it_goes_on_after_redis_was_flushed_or_killed) {
    store.rows = {pending_row(web, 1), pending_row(web, 2)};
    redis.command({"FLUSHALL"});
    put(web.say(EntryKind::finished, web.finished(store.rows[0])));
    run_until([&] { return ended(0); });
    redis.kill();
    run_until([&] { return transport.down_because().has_value(); });
    EXPECT_EQ(directory.find(web.id, clock.wall_ms())->presence, dispatch::Presence::unknown);
    redis.start();
    run_until([&] { return !transport.down_because(); });
    put(web.say(EntryKind::finished, web.finished(store.rows[1])));
    run_until([&] { return ended(1); });
}

TEST_F(AgentTransportTest, what_a_dead_server_read_and_never_settled_is_found_again) {
    store.rows = {pending_row(web, 1)};
    store.broken = true;
    put(web.say(EntryKind::finished, web.finished(store.rows[0])));
    run_until([&] { return redis.command({"XPENDING", results_stream, results_group})[0] == '1'; });
    // The same consumer, in its next life.
    redis.kill();
    store.broken = false;
    redis.start();
    run_until([&] { return !transport.down_because(); });
    put(web.say(EntryKind::finished, web.finished(store.rows[0])));
    run_until([&] { return ended(0); });
}

TEST_F(AgentTransportTest, heartbeats_and_agents_of_the_original_reach_the_directory) {
    redis.command({"PUBLISH", heartbeats_channel,
                   to_channel_message(web.say(EntryKind::hello, web.hello(clock.wall_ms())))});
    run_until([&] { return directory.find(web.id, clock.wall_ms())->version == "1.2.3"; });

    const auto py = *protocol::AgentId::parse("py-1");
    redis.command({"HSET", "agents:py-1", "status", "online", "capabilities", "echo", "version",
                   "1.0.0", "last_heartbeat", std::to_string(clock.wall_ms() / 1000)});
    run_until([&] { return directory.find(py, clock.wall_ms()).has_value(); });
    EXPECT_TRUE(directory.find(py, clock.wall_ms())->original_protocol);
    EXPECT_EQ(directory.find(py, clock.wall_ms())->version, "1.0.0");
}

}  // namespace
}  // namespace cockpit::transport

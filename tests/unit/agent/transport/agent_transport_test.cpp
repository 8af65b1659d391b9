// The agent's two connections against a real redis-server.
#include "agent/transport/agent_transport.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "agent/transport/executor_timer.hpp"
#include "fakes/redis_server.hpp"
#include "unit/agent/executor/fixture.hpp"

namespace cockpit::agent_transport {
namespace {

using executor::FakeHandler;
using protocol::CommandState;
using protocol::EntryKind;

class AgentTransportTest : public testing::Test {
  protected:
    AgentTransportTest() {
        crypto::initialize();
        for (const auto& schema : protocol::original_commands()) {
            handlers.push_back(std::make_unique<FakeHandler>(schema));
        }
    }
    ~AgentTransportTest() override {
        if (transport) stop();
    }
    FakeHandler& echo() { return static_cast<FakeHandler&>(*handlers[0]); }

    void start() {
        Settings settings{.redis = {.unix_socket = redis.unix_socket(),
                                    .backoff_first = std::chrono::milliseconds(5),
                                    .backoff_cap = std::chrono::milliseconds(20)},
                          .identity = {.agent = agent,
                                       .hostname = "grafana",
                                       .version = "0.1.0",
                                       .commands = protocol::original_commands(),
                                       .heartbeat_s = heartbeat_s},
                          .join_token = "t1.s3cret",
                          .tidy_after = std::chrono::milliseconds(1),
                          .change_pause = std::chrono::milliseconds(1)};
        transport =
            std::make_unique<AgentTransport>(io.get_executor(), std::move(settings), key, clock);
        executor = std::make_unique<executor::Executor>(
            executor::Settings{
                .agent = agent, .server_keys = {server.public_key()}, .allow_unsigned = true},
            handlers, clock, journal, *transport);
        timer.emplace(io.get_executor(), *executor);
        executor->on_change([this] {
            if (timer) timer->look_again();
            transport->note_change();
        });
        transport->start(*executor);
    }
    void stop() {
        bool stopped = false;
        boost::asio::co_spawn(io, transport->stop(std::chrono::seconds(2)),
                              [&](const std::exception_ptr& failure) {
                                  EXPECT_FALSE(failure);
                                  stopped = true;
                              });
        EXPECT_TRUE(until([&] { return stopped; }));
        timer.reset();
        executor.reset();
        transport.reset();
    }
    template <typename Condition>
    bool until(Condition condition) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        io.restart();
        while (!condition()) {
            if (std::chrono::steady_clock::now() > limit) return false;
            io.run_one_for(std::chrono::milliseconds(20));
        }
        return true;
    }
    void until_registered() {
        ASSERT_TRUE(until([&] { return !entries(EntryKind::hello).empty(); }));
    }

    /// What the agent put into cockpit:results, with its signature checked.
    std::vector<protocol::Entry> entries(EntryKind kind) const {
        std::vector<protocol::Entry> found;
        std::istringstream lines(redis.command({"XRANGE", "cockpit:results", "-", "+"}));
        std::vector<std::pair<std::string, std::string>> fields;
        for (std::string name; std::getline(lines, name);) {
            if (name != "t" && name != "k" && name != "b" && name != "s") continue;
            std::string value;
            std::getline(lines, value);
            fields.emplace_back(name, value);
            if (fields.size() < 4) continue;
            const auto entry = protocol::entry_from_stream_fields(fields);
            fields.clear();
            EXPECT_TRUE(entry);
            EXPECT_TRUE(key.public_key().verifies(protocol::signing_input(entry->kind, entry->body),
                                                  entry->signature));
            if (entry->kind == kind) found.push_back(*entry);
        }
        return found;
    }
    std::string field(const std::string& name) const {
        return redis.command({"HGET", "agents:grafana", name});
    }
    std::string commands_left() const {
        return redis.command({"XLEN", "cockpit:commands:grafana"});
    }

    protocol::Run run(char digit) const {
        return {.agent = agent,
                .attempt = {*protocol::CommandId::parse(
                                std::string("00000000-0000-4000-8000-00000000000") + digit),
                            1},
                .command = "echo",
                .params = {},
                .issued_at_ms = clock.wall_ms(),
                .expires_at_ms = clock.wall_ms() + 60'000,
                .sender = "admin"};
    }
    template <typename Body>
    protocol::Entry signed_by_server(EntryKind kind, const Body& body) const {
        return sign(kind, protocol::encode(body), server);
    }
    void publish(const protocol::Entry& entry) const {
        redis.command({"PUBLISH", "cockpit-agent:grafana", protocol::to_channel_message(entry)});
    }
    void add(const protocol::Entry& entry) const {
        std::vector<std::string> words{"XADD", "cockpit:commands:grafana", "*"};
        for (auto& text : protocol::to_stream_fields(entry))
            words.push_back(std::move(text));
        redis.command(words);
    }

    fakes::RedisServer redis;
    const protocol::AgentId agent = *protocol::AgentId::parse("grafana");
    const crypto::SigningKey key = crypto::SigningKey::generate();
    const crypto::SigningKey server = crypto::SigningKey::generate();
    const runtime::SystemClock clock;
    std::int64_t heartbeat_s = 30;
    boost::asio::io_context io;
    executor::CommandHandlers handlers;
    executor::FakeJournal journal;
    std::unique_ptr<AgentTransport> transport;
    std::unique_ptr<executor::Executor> executor;
    std::optional<ExecutorTimer> timer;
};

TEST_F(AgentTransportTest, registers_itself_and_says_hello_with_its_join_proof) {
    start();
    until_registered();
    EXPECT_EQ(field("status"), "online");
    EXPECT_EQ(field("public_key"), key.public_key().to_base64());
    EXPECT_EQ(redis.command({"TTL", "agents:grafana"}), "90");
    const auto hello = protocol::decode_hello(entries(EntryKind::hello)[0].body);
    ASSERT_TRUE(hello) << hello.error();
    EXPECT_EQ(hello->agent, agent);
    EXPECT_EQ(hello->commands.size(), 3u);
    ASSERT_TRUE(hello->join);
    EXPECT_EQ(hello->join->token_id, "t1");
    EXPECT_FALSE(hello->leaving);
    EXPECT_EQ(redis.command({"PUBSUB", "NUMSUB", "cockpit-agent:grafana"}),
              "cockpit-agent:grafana\n1");
}

TEST_F(AgentTransportTest, a_command_by_both_ways_runs_once_and_its_copy_is_deleted) {
    start();
    until_registered();
    const auto entry = signed_by_server(EntryKind::run, run('1'));
    add(entry);
    publish(entry);
    ASSERT_TRUE(until([&] { return echo().started.size() == 1 && commands_left() == "0"; }));
    ASSERT_TRUE(until([&] { return entries(EntryKind::started).size() == 1; }));
    echo().end(0, {CommandState::success, "pong"});
    ASSERT_TRUE(until([&] { return entries(EntryKind::finished).size() == 1; }));
    const auto finished = protocol::decode_finished(entries(EntryKind::finished)[0].body);
    EXPECT_EQ(finished->output, "pong");
    EXPECT_EQ(finished->attempt, run('1').attempt);
    ASSERT_TRUE(until([&] { return field("commands_executed") == "1"; }));
    EXPECT_EQ(echo().started.size(), 1u);
}

TEST_F(AgentTransportTest, what_was_sent_while_it_was_away_is_run_at_connect) {
    for (const char digit : {'1', '2', '3'})
        add(signed_by_server(EntryKind::run, run(digit)));
    start();
    ASSERT_TRUE(until([&] { return echo().started.size() == 3 && commands_left() == "0"; }));
}

TEST_F(AgentTransportTest, a_copy_stays_until_the_journal_holds_the_command) {
    journal.syncs_at_once = false;
    auto pull = run('1');
    pull.command = "git_pull";
    pull.params = {{"repository_path", "/srv/a"}};
    add(signed_by_server(EntryKind::run, pull));
    start();
    ASSERT_TRUE(until([&] { return journal.unsynced() == 2; }));
    EXPECT_EQ(commands_left(), "1");
    journal.sync();
    ASSERT_TRUE(until([&] { return commands_left() == "0"; }));
}

TEST_F(AgentTransportTest, what_is_forged_or_unreadable_is_deleted_and_never_run) {
    add(sign(EntryKind::run, protocol::encode(run('1')), crypto::SigningKey::generate()));
    redis.command({"XADD", "cockpit:commands:grafana", "*", "poem", "roses are red"});
    start();
    ASSERT_TRUE(until([&] { return executor->counts().rejected == 1 && commands_left() == "0"; }));
    EXPECT_TRUE(echo().started.empty());
}

TEST_F(AgentTransportTest, a_result_is_sent_again_after_redis_lost_everything) {
    start();
    until_registered();
    publish(signed_by_server(EntryKind::run, run('1')));
    ASSERT_TRUE(until([&] { return echo().started.size() == 1; }));
    redis.stop();
    ASSERT_TRUE(until([&] { return !transport->connected(); }));
    echo().end(0, {CommandState::success, "while away"});
    redis.start();
    ASSERT_TRUE(until([&] { return entries(EntryKind::finished).size() == 1; }));
    EXPECT_EQ(field("status"), "online") << "and it has registered again";
    publish(signed_by_server(EntryKind::run, run('2')));
    EXPECT_TRUE(until([&] { return echo().started.size() == 2; })) << "and it listens again";
}

TEST_F(AgentTransportTest, starts_without_redis_and_connects_when_it_comes) {
    redis.stop();
    start();
    for (int turn = 0; turn < 10; ++turn)
        io.run_one_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(transport->connected());
    redis.start();
    until_registered();
}

TEST_F(AgentTransportTest, says_that_it_leaves) {
    start();
    until_registered();
    stop();
    EXPECT_EQ(field("status"), "offline");
    const auto hello = protocol::decode_hello(entries(EntryKind::hello).back().body);
    EXPECT_TRUE(hello->leaving);
    EXPECT_EQ(redis.command({"PUBSUB", "NUMSUB", "cockpit-agent:grafana"}),
              "cockpit-agent:grafana\n0");
}

TEST_F(AgentTransportTest, asks_with_each_heartbeat_until_the_server_accepts_it) {
    heartbeat_s = 1;
    start();
    until_registered();
    publish(signed_by_server(EntryKind::ack, protocol::Ack{.agent = agent,
                                                           .accepted = false,
                                                           .detail = "the token is used up",
                                                           .issued_at_ms = clock.wall_ms()}));
    ASSERT_TRUE(until([&] { return entries(EntryKind::hello).size() >= 2; }));
    EXPECT_FALSE(transport->accepted());
    add(signed_by_server(EntryKind::ack,
                         protocol::Ack{.agent = agent, .issued_at_ms = clock.wall_ms() + 1}));
    ASSERT_TRUE(until([&] { return transport->accepted(); })) << "the heartbeat reads the stream";
    const auto last = protocol::decode_hello(entries(EntryKind::hello).back().body);
    const auto first = protocol::decode_hello(entries(EntryKind::hello).front().body);
    EXPECT_GT(last->at_ms, first->at_ms);
}

TEST_F(AgentTransportTest, the_originals_commands_are_answered_on_the_originals_channel) {
    auto listener =
        redis::Subscriber::create(io.get_executor(), {.unix_socket = redis.unix_socket()});
    std::vector<std::string> answers;
    bool listening = false;
    listener->subscribe("cockpit-agent-response:grafana");
    listener->start([&](std::optional<std::string> down) { listening = !down; },
                    [&](std::string_view, std::string_view text) { answers.emplace_back(text); });
    start();
    until_registered();
    ASSERT_TRUE(until([&] { return listening; }));
    redis.command({"PUBLISH", "cockpit-agent:grafana",
                   R"({"command_id":"c-1","command":"echo","params":{"message":"hi"}})"});
    ASSERT_TRUE(until([&] { return echo().started.size() == 1; }));
    echo().end(0, {CommandState::success, "hi"});
    ASSERT_TRUE(until([&] { return answers.size() == 1; }));
    const auto answer = boost::json::parse(answers[0]).as_object();
    EXPECT_EQ(answer.at("command_id").as_string(), "c-1");
    EXPECT_EQ(answer.at("status").as_string(), "success");
    EXPECT_EQ(answer.at("output").as_string(), "hi");
    bool stopped = false;
    boost::asio::co_spawn(io, listener->stop(), [&](const std::exception_ptr&) { stopped = true; });
    EXPECT_TRUE(until([&] { return stopped; }));
}

TEST_F(AgentTransportTest, pieces_of_output_are_all_sent_beside_the_latest_news) {
    start();
    until_registered();
    const auto attempt = run('1').attempt;
    transport->report(protocol::Started{agent, attempt, 1});
    for (const std::int64_t offset : {0, 4, 8})
        transport->report(protocol::Output{
            .agent = agent, .attempt = attempt, .offset = offset, .data = "AAECAw==", .at_ms = 2});
    transport->report(protocol::Finished{.agent = agent, .attempt = attempt, .at_ms = 3});
    ASSERT_TRUE(until([&] { return entries(EntryKind::finished).size() == 1; }));
    EXPECT_TRUE(entries(EntryKind::started).empty());
    const auto pieces = entries(EntryKind::output);
    ASSERT_EQ(pieces.size(), 3u);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const auto piece = protocol::decode_output(pieces[i].body);
        ASSERT_TRUE(piece) << piece.error();
        EXPECT_EQ(piece->offset, static_cast<std::int64_t>(4 * i));
        EXPECT_EQ(piece->data, "AAECAw==");
    }
}

TEST_F(AgentTransportTest, what_was_fetched_is_published_and_not_kept_for_later) {
    auto listener =
        redis::Subscriber::create(io.get_executor(), {.unix_socket = redis.unix_socket()});
    std::vector<std::string> answers;
    bool listening = false;
    listener->subscribe("cockpit:fetched");
    listener->start([&](std::optional<std::string> down) { listening = !down; },
                    [&](std::string_view, std::string_view text) { answers.emplace_back(text); });
    start();
    protocol::Output answer{.agent = agent,
                            .attempt = run('1').attempt,
                            .at_ms = 1,
                            .fetch_id = "too early",
                            .problem = "none"};
    transport->report(answer);
    until_registered();
    ASSERT_TRUE(until([&] { return listening; }));
    answer.fetch_id = "f1";
    transport->report(answer);
    ASSERT_TRUE(until([&] { return !answers.empty(); }));
    ASSERT_EQ(answers.size(), 1u);
    const auto entry = protocol::entry_from_channel_message(answers[0]);
    ASSERT_TRUE(entry) << entry.error();
    EXPECT_EQ(entry->kind, EntryKind::output);
    EXPECT_TRUE(key.public_key().verifies(protocol::signing_input(entry->kind, entry->body),
                                          entry->signature));
    EXPECT_EQ(protocol::decode_output(entry->body)->fetch_id, "f1");
    EXPECT_TRUE(entries(EntryKind::output).empty());
    bool stopped = false;
    boost::asio::co_spawn(io, listener->stop(), [&](const std::exception_ptr&) { stopped = true; });
    EXPECT_TRUE(until([&] { return stopped; }));
}

}  // namespace
}  // namespace cockpit::agent_transport

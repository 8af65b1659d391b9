#include <boost/asio/ip/tcp.hpp>

#include "connection_fixture.hpp"

namespace cockpit::redis {
namespace {

using fakes::RedisServer;
using std::chrono::milliseconds;
using Messages = std::vector<std::pair<std::string, std::string>>;

class ReconnectTest : public ConnectionTest {
  protected:
    static Subscriber::MessageListener into(Messages& messages) {
        return [&messages](std::string_view channel, std::string_view payload) {
            messages.emplace_back(channel, payload);
        };
    }
};

TEST_F(ReconnectTest, a_command_under_way_ends_disconnected_and_the_client_comes_back) {
    RedisServer server;
    auto client = Client::create(io_.get_executor(), over_unix(server));
    Heard heard;
    client->start(heard.listener());
    ASSERT_TRUE(until([&] { return heard.up(); }));
    std::vector<Answer> answers;
    std::optional<Answers> batch;
    client->send({"BLPOP", "nothing", "0"}, [&](Answer answer) { answers.push_back(answer); });
    client->send({"PING"}, [&](Answer answer) { answers.push_back(answer); });
    client->send_all({{"PING"}, {"PING"}}, [&](Answers values) { batch = std::move(values); });
    ASSERT_TRUE(until(
        [&] { return server.command({"CLIENT", "LIST"}).find("cmd=blpop") != std::string::npos; }));
    server.kill();
    ASSERT_TRUE(until([&] { return batch.has_value(); }));
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[0], Answer(std::unexpected(Error::disconnected)));
    EXPECT_EQ(answers[1], Answer(std::unexpected(Error::disconnected)));
    EXPECT_EQ(*batch, Answers(std::unexpected(Error::disconnected)));
    EXPECT_FALSE(client->connected());
    EXPECT_EQ(heard.news.at(1), "lost the connection to " + describe(over_unix(server)) +
                                    ": it closed the connection");
    server.start();
    ASSERT_TRUE(until([&] { return heard.up(); }));
    EXPECT_EQ(ask(*client, {"ECHO", "again"}), text("again"));
    stop(*client);
}

TEST_F(ReconnectTest, stop_ends_commands_under_way_with_stopped) {
    RedisServer server;
    auto client = Client::create(io_.get_executor(), over_unix(server));
    Heard heard;
    client->start(heard.listener());
    ASSERT_TRUE(until([&] { return heard.up(); }));
    std::optional<Answer> answer;
    client->send({"BLPOP", "nothing", "0"}, [&](Answer value) { answer = std::move(value); });
    stop(*client);
    EXPECT_EQ(answer, Answer(std::unexpected(Error::stopped)));
}

TEST_F(ReconnectTest, a_subscriber_hears_channels_and_patterns_and_is_up_when_all_are_confirmed) {
    RedisServer server;
    auto subscriber = Subscriber::create(io_.get_executor(), over_unix(server));
    Heard heard;
    Messages messages;
    subscriber->subscribe("one");
    subscriber->subscribe_pattern("many:*");
    subscriber->start(heard.listener(), into(messages));
    ASSERT_TRUE(until([&] { return heard.up(); }));
    EXPECT_EQ(server.command({"PUBLISH", "one", "a"}), "1");
    EXPECT_EQ(server.command({"PUBLISH", "many:x", "b"}), "1");
    EXPECT_EQ(server.command({"PUBLISH", "other", "c"}), "0");
    ASSERT_TRUE(until([&] { return messages.size() == 2; }));
    EXPECT_EQ(messages, (Messages{{"one", "a"}, {"many:x", "b"}}));
    subscriber->subscribe("late");
    ASSERT_TRUE(until([&] { return heard.news.size() == 2; }));
    EXPECT_TRUE(heard.up());
    EXPECT_EQ(server.command({"PUBLISH", "late", "d"}), "1");
    ASSERT_TRUE(until([&] { return messages.size() == 3; }));
    stop(*subscriber);
}

TEST_F(ReconnectTest, a_subscriber_renews_its_subscriptions_after_a_restart) {
    RedisServer server({.tcp = true});
    auto subscriber = Subscriber::create(io_.get_executor(), over_tcp(server));
    Heard heard;
    Messages messages;
    subscriber->start(heard.listener(), into(messages));
    ASSERT_TRUE(until([&] { return heard.up(); }));
    subscriber->subscribe("one");
    subscriber->subscribe_pattern("many:*");
    ASSERT_TRUE(until([&] { return heard.news.size() == 2; }));
    for (int round = 0; round < 3; ++round) {
        server.kill();
        ASSERT_TRUE(until([&] { return heard.down(); }));
        server.start();
        ASSERT_TRUE(until([&] { return heard.up(); }));
        EXPECT_EQ(server.command({"PUBLISH", "one", "x"}), "1");
        EXPECT_EQ(server.command({"PUBLISH", "many:1", "x"}), "1");
    }
    ASSERT_TRUE(until([&] { return messages.size() == 6; }));
    stop(*subscriber);
}

TEST_F(ReconnectTest, a_refused_subscription_is_told_with_the_reason) {
    RedisServer server({.users = {"bob on >sesame ~* resetchannels &mine +@all"}});
    Settings settings = over_unix(server);
    settings.username = "bob";
    settings.password = "sesame";
    auto subscriber = Subscriber::create(io_.get_executor(), settings);
    Heard heard;
    Messages messages;
    subscriber->subscribe("theirs");
    subscriber->start(heard.listener(), into(messages));
    ASSERT_TRUE(until([&] { return heard.down(); }));
    EXPECT_NE(heard.why().find("refused a subscription: NOPERM"), std::string::npos) << heard.why();
    server.command({"ACL", "SETUSER", "bob", "&theirs"});
    ASSERT_TRUE(until([&] { return heard.up(); })) << "it is tried again";
    EXPECT_EQ(heard.news.size(), 2U) << "the same refusal is told once";
    stop(*subscriber);
}

TEST_F(ReconnectTest, a_frozen_server_is_noticed_by_client_and_subscriber_and_idle_ones_live) {
    RedisServer server;
    Settings settings = over_unix(server);
    settings.keepalive = milliseconds(150);
    auto idle = Client::create(io_.get_executor(), settings);
    auto busy = Client::create(io_.get_executor(), settings);
    auto subscriber = Subscriber::create(io_.get_executor(), settings);
    Heard idle_heard, busy_heard, subscriber_heard;
    Messages messages;
    subscriber->subscribe("one");
    idle->start(idle_heard.listener());
    busy->start(busy_heard.listener());
    subscriber->start(subscriber_heard.listener(), into(messages));
    ASSERT_TRUE(until([&] { return idle_heard.up() && busy_heard.up() && subscriber_heard.up(); }));
    // Several keepalive periods, all answered, and longer than the period under a blocking command.
    EXPECT_EQ(ask(*busy, {"BLPOP", "nothing", "1"}), Value{});
    EXPECT_EQ(idle_heard.news.size() + busy_heard.news.size() + subscriber_heard.news.size(), 3U);
    server.freeze();
    EXPECT_EQ(ask(*busy, {"PING"}), Answer(std::unexpected(Error::disconnected)));
    EXPECT_EQ(busy_heard.news.at(1),
              "lost the connection to " + describe(settings) + ": it answers nothing any more");
    ASSERT_TRUE(until([&] { return idle_heard.down() && subscriber_heard.down(); }));
    server.thaw();
    ASSERT_TRUE(until([&] { return idle_heard.up() && busy_heard.up() && subscriber_heard.up(); }));
    stop(*idle);
    stop(*busy);
    stop(*subscriber);
}

TEST_F(ReconnectTest, stops_at_any_moment) {
    RedisServer server({.tcp = true});
    for (int turns = 0; turns < 12; ++turns) {
        SCOPED_TRACE(turns);
        auto client = Client::create(io_.get_executor(), over_tcp(server, "localhost"));
        auto subscriber = Subscriber::create(io_.get_executor(), over_tcp(server));
        subscriber->subscribe("one");
        client->start({});
        subscriber->start({}, [](auto, auto) {});
        io_.restart();
        for (int i = 0; i < turns; ++i)
            io_.poll_one();
        stop(*client);
        stop(*subscriber);
    }
}

TEST_F(ReconnectTest, stops_while_the_other_end_accepts_and_says_nothing) {
    boost::asio::ip::tcp::acceptor silent(io_, {boost::asio::ip::make_address("127.0.0.1"), 0});
    Settings settings;
    settings.host = "127.0.0.1";
    settings.port = silent.local_endpoint().port();
    auto client = Client::create(io_.get_executor(), settings);
    Heard heard;
    client->start(heard.listener());
    bool accepted = false;
    silent.async_accept([&](auto, auto) { accepted = true; });
    ASSERT_TRUE(until([&] { return accepted; }));
    stop(*client);

    settings.connect_timeout = milliseconds(100);
    auto patient = Client::create(io_.get_executor(), settings);
    patient->start(heard.listener());
    ASSERT_TRUE(until([&] { return heard.down(); }));
    EXPECT_EQ(heard.why(), "cannot connect to " + describe(settings) + ": no answer within 100 ms");
    stop(*patient);
}

}  // namespace
}  // namespace cockpit::redis

#include "redis/client.hpp"

#include "connection_fixture.hpp"
#include "redis/stream_entries.hpp"

namespace cockpit::redis {
namespace {

using fakes::RedisServer;

class ClientTest : public ConnectionTest {};

TEST_F(ClientTest, answers_over_a_unix_socket_and_tcp_by_address_and_by_name) {
    RedisServer server({.tcp = true});
    for (const Settings& settings :
         {over_unix(server), over_tcp(server), over_tcp(server, "localhost")}) {
        SCOPED_TRACE(describe(settings));
        auto client = Client::create(io_.get_executor(), settings);
        Heard heard;
        client->start(heard.listener());
        ASSERT_TRUE(until([&] { return heard.up(); }));
        EXPECT_TRUE(client->connected());
        EXPECT_EQ(ask(*client, {"SET", "k", "v"}), text("OK"));
        EXPECT_EQ(ask(*client, {"GET", "k"}), text("v"));
        EXPECT_EQ(ask(*client, {"GET", "none"}), Value{});
        const Answer wrong = ask(*client, {"LPUSH", "k", "x"});
        ASSERT_TRUE(wrong && wrong->if_error());
        EXPECT_TRUE(wrong->if_error()->message.starts_with("WRONGTYPE"));
        stop(*client);
        EXPECT_FALSE(client->connected());
        EXPECT_EQ(ask(*client, {"PING"}), Answer(std::unexpected(Error::stopped)));
        EXPECT_EQ(heard.news.size(), 1U);
    }
}

TEST_F(ClientTest, logs_in_with_the_password) {
    RedisServer server({.password = "sesame"});
    Settings settings = over_unix(server);
    settings.password = "sesame";
    EXPECT_EQ(first_news(settings), "");
    settings.password = "wrong";
    EXPECT_EQ(first_news(settings),
              describe(settings) + " refused the password; check REDIS_PASSWORD");
    settings.password.reset();
    EXPECT_EQ(first_news(settings),
              describe(settings) + " asks for a password; set REDIS_PASSWORD");
}

TEST_F(ClientTest, says_so_when_redis_has_no_password) {
    RedisServer server;
    Settings settings = over_unix(server);
    settings.password = "sesame";
    EXPECT_EQ(first_news(settings),
              describe(settings) + " has no password, but one was given; unset REDIS_PASSWORD");
}

TEST_F(ClientTest, logs_in_as_an_acl_user) {
    RedisServer server({.users = {"bob on >sesame ~* &* +@all"}});
    Settings settings = over_unix(server);
    settings.username = "bob";
    settings.password = "sesame";
    auto client = Client::create(io_.get_executor(), settings);
    Heard heard;
    client->start(heard.listener());
    ASSERT_TRUE(until([&] { return heard.up(); }));
    EXPECT_EQ(ask(*client, {"ACL", "WHOAMI"}), text("bob"));
    stop(*client);
    settings.password = "wrong";
    EXPECT_EQ(first_news(settings),
              describe(settings) +
                  " refused the user bob or the password; check REDIS_USERNAME and REDIS_PASSWORD");
}

TEST_F(ClientTest, selects_the_database_and_tells_its_name) {
    RedisServer server;
    Settings settings = over_unix(server);
    settings.database = 5;
    settings.client_name = "cockpit test";
    auto client = Client::create(io_.get_executor(), settings);
    Heard heard;
    client->start(heard.listener());
    ASSERT_TRUE(until([&] { return heard.up(); }));
    const std::string list = server.command({"CLIENT", "LIST"});
    EXPECT_NE(list.find("name=cockpit-test"), std::string::npos) << list;
    EXPECT_NE(list.find("db=5"), std::string::npos) << list;
    stop(*client);
    settings.database = 4711;
    EXPECT_EQ(first_news(settings), describe(settings) +
                                        " has no database 4711; check REDIS_DB (ERR DB index is "
                                        "out of range)");
}

TEST_F(ClientTest, answers_ten_thousand_pipelined_commands_in_order) {
    RedisServer server({.tcp = true});
    auto client = Client::create(io_.get_executor(), over_tcp(server));
    Heard heard;
    client->start(heard.listener());
    ASSERT_TRUE(until([&] { return heard.up(); }));
    std::vector<std::string> answers;
    for (int i = 0; i < 10'000; ++i) {
        client->send({"ECHO", std::to_string(i)},
                     [&](Answer answer) { answers.push_back(*answer->if_text()); });
    }
    ASSERT_TRUE(until([&] { return answers.size() == 10'000; }));
    for (int i = 0; i < 10'000; ++i)
        ASSERT_EQ(answers[i], std::to_string(i));
    stop(*client);
}

TEST_F(ClientTest, a_batch_has_one_value_for_each_command_and_nothing_between) {
    RedisServer server;
    auto client = Client::create(io_.get_executor(), over_unix(server));
    Heard heard;
    client->start(heard.listener());
    ASSERT_TRUE(until([&] { return heard.up(); }));
    client->send({"SET", "n", "0"}, {});
    std::optional<Answers> batch;
    std::optional<Answers> empty;
    client->send_all({{"MULTI"}, {"INCR", "n"}, {"INCR", "n"}, {"EXEC"}},
                     [&](Answers answers) { batch = std::move(answers); });
    client->send_all({}, [&](Answers answers) { empty = std::move(answers); });
    EXPECT_EQ(ask(*client, {"GET", "n"}), text("2"));
    ASSERT_TRUE(batch && *batch);
    const Value both{Array{Value{std::int64_t{1}}, Value{std::int64_t{2}}}};
    EXPECT_EQ(**batch, (std::vector<Value>{text("OK"), text("QUEUED"), text("QUEUED"), both}));
    ASSERT_TRUE(empty && *empty);
    EXPECT_TRUE((*empty)->empty());
    EXPECT_THROW(client->send({}, {}), std::invalid_argument);
    stop(*client);
}

boost::asio::awaitable<std::string> read_a_stream(Client& client) {
    const Answer made = co_await client.execute({"XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"});
    if (!made || made->if_error()) co_return "no group";
    const Answers added = co_await client.execute_all(
        {{"XADD", "s", "1-1", "k", "a", "b", "one"}, {"XADD", "s", "1-2", "k", "b"}});
    if (!added || added->size() != 2) co_return "not added";
    const Answer read = co_await client.execute(
        {"XREADGROUP", "GROUP", "g", "c", "BLOCK", "1", "STREAMS", "s", ">"});
    std::string seen;
    for (const auto& entry : parse_read_answer(*read)) {
        seen += entry.id + "{";
        for (const auto& [name, value] : entry.fields)
            seen += name + "=" + value + ",";
        seen += "}";
    }
    const Answer none = co_await client.execute(
        {"XREADGROUP", "GROUP", "g", "c", "BLOCK", "1", "STREAMS", "s", ">"});
    co_return seen + (none->is_nil() ? " then nil" : " then more");
}

TEST_F(ClientTest, adds_to_and_reads_streams_as_a_coroutine) {
    RedisServer server;
    auto client = Client::create(io_.get_executor(), over_unix(server));
    Heard heard;
    client->start(heard.listener());
    ASSERT_TRUE(until([&] { return heard.up(); }));
    std::optional<std::string> seen;
    boost::asio::co_spawn(io_, read_a_stream(*client),
                          [&](std::exception_ptr, std::string text) { seen = std::move(text); });
    ASSERT_TRUE(until([&] { return seen.has_value(); }));
    EXPECT_EQ(*seen, "1-1{k=a,b=one,}1-2{k=b,} then nil");
    stop(*client);
}

TEST_F(ClientTest, a_large_value_comes_back_whole) {
    RedisServer server({.tcp = true});
    auto client = Client::create(io_.get_executor(), over_tcp(server));
    Heard heard;
    client->start(heard.listener());
    ASSERT_TRUE(until([&] { return heard.up(); }));
    const std::string large(5'000'000, 'x');
    EXPECT_EQ(ask(*client, {"ECHO", large}), text(large));
    stop(*client);
}

TEST_F(ClientTest, says_where_it_cannot_connect) {
    std::string path;
    {
        RedisServer gone;
        path = gone.unix_socket();
    }
    Settings settings;
    settings.unix_socket = path;
    EXPECT_EQ(first_news(settings), "cannot connect to Redis at " + path +
                                        ": No such file or directory; check REDIS_SOCKET and that "
                                        "Redis runs");
    settings.unix_socket = std::string(200, 'x');
    EXPECT_NE(first_news(settings).find("longer than a unix socket's may be"), std::string::npos);
    settings.unix_socket.reset();
    settings.host = "127.0.0.1";
    settings.port = 1;
    EXPECT_EQ(first_news(settings),
              "cannot connect to Redis at 127.0.0.1:1: Connection refused; check REDIS_HOST and "
              "REDIS_PORT and that Redis runs");
}

TEST_F(ClientTest, a_command_without_a_connection_is_refused_at_once) {
    Settings settings;
    settings.host = "127.0.0.1";
    settings.port = 1;
    auto client = Client::create(io_.get_executor(), settings);
    EXPECT_EQ(ask(*client, {"PING"}), Answer(std::unexpected(Error::disconnected)));
    client->start({});
    EXPECT_EQ(ask(*client, {"PING"}), Answer(std::unexpected(Error::disconnected)));
    stop(*client);
}

}  // namespace
}  // namespace cockpit::redis

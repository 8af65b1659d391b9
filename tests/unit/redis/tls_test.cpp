#include <fstream>

#include "connection_fixture.hpp"

namespace cockpit::redis {
namespace {

using fakes::RedisServer;

class TlsTest : public ConnectionTest {
  protected:
    static Settings over_tls(const RedisServer& server, std::string host = "localhost") {
        Settings settings = over_tcp(server, std::move(host));
        settings.port = server.tls_port();
        settings.tls.emplace();
        settings.tls->ca_file = server.ca_file();
        return settings;
    }
    std::string trouble(const Settings& settings) {
        const std::string start = "no TLS with " + describe(settings) + ": ";
        const std::string news = first_news(settings);
        return news.starts_with(start) ? news.substr(start.size()) : news;
    }
};

TEST_F(TlsTest, a_trusted_server_of_the_right_name_is_talked_to) {
    RedisServer server({.tls = true});
    auto client = Client::create(io_.get_executor(), over_tls(server));
    Heard heard;
    client->start(heard.listener());
    ASSERT_TRUE(until([&] { return !heard.news.empty(); }));
    ASSERT_TRUE(heard.up()) << heard.why();
    const std::string large(3'000'000, 'x');
    EXPECT_EQ(ask(*client, {"ECHO", large}), text(large));
    int answered = 0;
    for (int i = 0; i < 1000; ++i) {
        client->send({"ECHO", std::to_string(i)}, [&, i](Answer answer) {
            EXPECT_EQ(answer, text(std::to_string(i)));
            ++answered;
        });
    }
    ASSERT_TRUE(until([&] { return answered == 1000; }));
    server.restart();
    ASSERT_TRUE(until([&] { return heard.news.size() >= 3 && heard.up(); }));
    EXPECT_EQ(ask(*client, {"PING"}), text("PONG"));
    stop(*client);
}

TEST_F(TlsTest, a_subscriber_listens_through_tls) {
    RedisServer server({.tls = true});
    auto subscriber = Subscriber::create(io_.get_executor(), over_tls(server));
    Heard heard;
    std::string got;
    subscriber->subscribe("one");
    subscriber->start(heard.listener(), [&](auto, std::string_view payload) { got = payload; });
    ASSERT_TRUE(until([&] { return heard.up(); }));
    server.command({"PUBLISH", "one", "hello"});
    ASSERT_TRUE(until([&] { return got == "hello"; }));
    stop(*subscriber);
}

TEST_F(TlsTest, an_untrusted_certificate_is_refused) {
    RedisServer server({.tls = true});
    Settings settings = over_tls(server);
    settings.tls->ca_file = server.other_ca_file();
    // Which of the ways not to be trusted depends on what the server sends of its chain.
    const auto expect_refusal = [&] {
        const std::string told = trouble(settings);
        EXPECT_TRUE(told.starts_with("its certificate is not trusted (")) << told;
        EXPECT_TRUE(
            told.ends_with("); set REDIS_TLS_CA to the file of the authority that issued it"))
            << told;
    };
    expect_refusal();
    settings.tls->ca_file.reset();
    expect_refusal();
}

TEST_F(TlsTest, a_certificate_for_another_name_is_refused) {
    RedisServer server({.tls = true, .tls_name = "redis.example"});
    Settings settings = over_tls(server);
    EXPECT_EQ(trouble(settings),
              "its certificate is not for localhost; check REDIS_HOST, or set "
              "REDIS_TLS_SERVER_NAME to the name it is for");
    settings.host = "127.0.0.1";
    EXPECT_EQ(trouble(settings),
              "its certificate is not for 127.0.0.1; check REDIS_HOST, or set "
              "REDIS_TLS_SERVER_NAME to the name it is for");
    settings.tls->server_name = "redis.example";
    EXPECT_EQ(trouble(settings), "");
}

TEST_F(TlsTest, a_client_certificate_is_shown_where_one_is_demanded) {
    RedisServer server({.tls = true, .tls_client_certificate = true});
    Settings settings = over_tls(server);
    const std::string refused = first_news(settings);
    EXPECT_NE(refused.find(" REDIS_TLS_CERT and REDIS_TLS_KEY"), std::string::npos) << refused;
    settings.tls->cert_file = server.client_cert_file();
    settings.tls->key_file = server.client_key_file();
    EXPECT_EQ(trouble(settings), "");
    settings.tls->key_file = server.directory() / "ca.key";
    EXPECT_NE(first_news(settings).find("REDIS_TLS_KEY"), std::string::npos);
    settings.tls->key_file.reset();
    EXPECT_EQ(first_news(settings),
              "REDIS_TLS_CERT and REDIS_TLS_KEY belong together; only one of them is set");
}

TEST_F(TlsTest, files_that_are_of_no_use_are_named) {
    RedisServer server({.tls = true});
    Settings settings = over_tls(server);
    settings.tls->ca_file = "/nowhere/ca.crt";
    EXPECT_EQ(first_news(settings),
              "REDIS_TLS_CA: cannot read /nowhere/ca.crt: No such file or directory");
    const std::string empty = server.directory() / "empty";
    std::ofstream{empty};
    settings.tls->ca_file = empty;
    EXPECT_TRUE(first_news(settings).starts_with("REDIS_TLS_CA: " + empty +
                                                 " is not a file of PEM certificates"));
}

TEST_F(TlsTest, a_port_without_tls_and_a_port_with_tls_are_told_apart) {
    RedisServer server({.tcp = true, .tls = true});
    Settings settings = over_tls(server);
    settings.port = server.port();
    settings.connect_timeout = std::chrono::milliseconds(200);  // Redis waits for a whole line
    EXPECT_EQ(first_news(settings), "cannot connect to " + describe(settings) +
                                        ": no answer within 200 ms; if it does not speak TLS "
                                        "there, unset REDIS_TLS");
    settings.connect_timeout = std::chrono::milliseconds(5000);
    settings.tls.reset();
    settings.port = server.tls_port();
    EXPECT_NE(first_news(settings).find("if it speaks TLS there, set REDIS_TLS=true"),
              std::string::npos);
}

TEST_F(TlsTest, a_unix_socket_and_tls_exclude_each_other) {
    RedisServer server;
    Settings settings = over_unix(server);
    settings.tls.emplace();
    EXPECT_EQ(first_news(settings),
              "REDIS_TLS is for tcp and REDIS_SOCKET names a unix socket; unset one of them");
}

}  // namespace
}  // namespace cockpit::redis

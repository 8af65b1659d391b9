#include "server/http/listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "test_server.hpp"

namespace cockpit::http::test {
namespace {

using testing::MatchesRegex;
using testing::StartsWith;

TEST(Listener, answers_a_request) {
    TestServer server;
    Client client(server);
    const auto answer = client.exchange(get("/a%20b?x=%C3%A4&y=1", "Authorization: Bearer t\r\n"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, StartsWith("GET /a b x=ä y=1 Bearer t from 127.0.0.1 id "));
    EXPECT_EQ(answer.headers.at("server"), "cockpit");
    EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
    EXPECT_THAT(answer.headers.at("date"),
                MatchesRegex("[A-Z][a-z][a-z], .. [A-Z][a-z][a-z] .... ..:..:.. GMT"));
    EXPECT_FALSE(answer.headers.contains("connection"));
}

TEST(Listener, keeps_a_connection_for_many_requests) {
    TestServer server;
    Client client(server);
    for (int i = 0; i < 20; ++i) {
        const std::string body(static_cast<std::size_t>(i) * 1000, 'b');
        EXPECT_EQ(client.exchange(post("/echo", body)).body, body);
    }
    EXPECT_EQ(server.handled(), 20);
}

TEST(Listener, answers_pipelined_requests_in_their_order) {
    TestServer server;
    Client client(server);
    client.send(get("/wait") + post("/echo", "two") + post("/echo", "three") + get("/none") +
                post("/echo", "five"));
    server.gate().await_waiting(1);
    EXPECT_EQ(server.handled(), 1);  // one after the other
    server.gate().open();
    EXPECT_THAT(client.receive().body, StartsWith("GET /wait"));
    EXPECT_EQ(client.receive().body, "two");
    EXPECT_EQ(client.receive().body, "three");
    EXPECT_EQ(client.receive().status, 204);
    EXPECT_EQ(client.receive().body, "five");
}

TEST(Listener, reads_a_chunked_body_that_comes_in_pieces) {
    TestServer server;
    Client client(server);
    const std::string whole =
        "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n1;ext=1\r\n \r\n5\r\nworld\r\n0\r\n\r\n";
    for (const char byte : whole)
        client.send({&byte, 1});
    EXPECT_EQ(client.receive().body, "hello world");
}

TEST(Listener, trailers_do_not_pass_for_headers) {
    TestServer server;
    Client client(server);
    const auto answer = client.exchange(
        "POST /x HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\nx\r\n0\r\nAuthorization: Bearer smuggled\r\n\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, StartsWith("POST /x from"));
}

TEST(Listener, answers_head_without_a_body) {
    TestServer server;
    Client client(server);
    client.send("HEAD /x HTTP/1.1\r\nHost: t\r\nX-Request-Id: h\r\n\r\n");
    const auto answer = client.receive(true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("content-length"),
              std::to_string(std::string("HEAD /x from 127.0.0.1 id h").size()));
    EXPECT_EQ(client.exchange(post("/echo", "next")).body, "next");
}

TEST(Listener, joins_repeated_headers) {
    TestServer server;
    Client client(server);
    const auto answer = client.exchange(
        get("/x", "X-Twice: a\r\nCookie: a=1\r\nX-TWICE: b\r\nCookie: b=2\r\nX-Request-Id: i\r\n"));
    EXPECT_EQ(answer.body, "GET /x a=1; b=2 a, b from 127.0.0.1 id i");
}

TEST(Listener, ends_the_connection_when_asked) {
    TestServer server;
    Client client(server);
    const auto answer = client.exchange(get("/x", "Connection: close\r\n"));
    EXPECT_EQ(answer.headers.at("connection"), "close");
    EXPECT_EQ(client.receive_rest(), "");
}

TEST(Listener, speaks_http_10) {
    TestServer server;
    Client kept(server);
    const auto answer = kept.exchange("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(answer.headers.at("connection"), "keep-alive");
    EXPECT_EQ(kept.exchange("GET /x HTTP/1.0\r\n\r\n").headers.at("connection"), "close");
    EXPECT_EQ(kept.receive_rest(), "");
}

TEST(Listener, takes_over_a_sane_request_id_and_makes_up_others) {
    TestServer server;
    Client client(server);
    const auto id = [&](const std::string& offered) {
        return client.exchange(get("/x", "X-Request-Id: " + offered + "\r\n"))
            .headers.at("x-request-id");
    };
    EXPECT_EQ(id("trace-1.A_b"), "trace-1.A_b");
    EXPECT_EQ(id(std::string(64, 'a')), std::string(64, 'a'));
    EXPECT_THAT(id(std::string(65, 'a')), MatchesRegex("[0-9a-f]+-[0-9]+"));
    EXPECT_THAT(id("a b"), MatchesRegex("[0-9a-f]+-[0-9]+"));
    EXPECT_THAT(id("\xc3\xa4"), MatchesRegex("[0-9a-f]+-[0-9]+"));
    EXPECT_NE(id(""), id(""));
}

TEST(Listener, a_handlers_exception_is_500_and_stays_in_the_log) {
    TestServer server;
    Client client(server);
    testing::internal::CaptureStderr();
    for (const std::string path : {"/throw", "/throw-number", "/bad-header"}) {
        const auto answer =
            client.exchange(get(path, "X-Request-Id: id" + path.substr(1) + "\r\n"));
        EXPECT_EQ(answer.status, 500);
        EXPECT_EQ(
            answer.detail(),
            "the server failed to answer this request; its log says why, under request id id" +
                path.substr(1));
        EXPECT_FALSE(answer.headers.contains("set-cookie"));
        EXPECT_FALSE(answer.headers.contains("connection"));
    }
    const auto log = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(log.contains("request_id=idthrow method=GET path=/throw error=\"password")) << log;
    EXPECT_TRUE(log.contains("an exception of unknown type")) << log;
    EXPECT_TRUE(log.contains("a header that cannot be written")) << log;
}

TEST(Listener, a_client_that_leaves_does_not_stop_its_handler) {
    TestServer server;
    {
        Client client(server);
        client.send(post("/wait", "x"));
        server.gate().await_waiting(1);
    }
    Client other(server);
    EXPECT_EQ(other.exchange(post("/echo", "served")).body, "served");
    server.gate().open();
    server.gate().await_passed(1);
    EXPECT_EQ(other.exchange(post("/echo", "still")).body, "still");
}

TEST(Listener, serves_64_connections_beside_each_other) {
    TestServer server;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 64; ++i) {
        clients.push_back(std::make_unique<Client>(server));
        clients.back()->send(get("/wait", "X-Request-Id: c" + std::to_string(i) + "\r\n"));
    }
    server.gate().await_waiting(64);
    server.gate().open();
    for (int i = 0; i < 64; ++i) {
        EXPECT_EQ(clients[static_cast<std::size_t>(i)]->receive().headers.at("x-request-id"),
                  "c" + std::to_string(i));
    }
}

TEST(Listener, says_why_it_cannot_listen) {
    TestServer server;
    boost::asio::io_context io;
    const auto error = [&](ListenerSettings settings) {
        const auto created = Listener::create(io.get_executor(), std::move(settings), {});
        return created ? "created" : created.error();
    };
    const auto port = std::to_string(server.port());
    EXPECT_EQ(error({.port = server.port()}),
              "cannot listen on 127.0.0.1:" + port + ": Address already in use");
    EXPECT_EQ(error({.address = "nowhere", .port = 1}),
              "cannot listen on nowhere:1: the address must be an IPv4 or IPv6 address, such as "
              "127.0.0.1");
}

}  // namespace
}  // namespace cockpit::http::test

// What a wrong, greedy or slow client gets, and that it costs the others nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "server/http/listener.hpp"
#include "test_server.hpp"

namespace cockpit::http::test {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::chrono::seconds patience{30};
constexpr std::size_t mebibyte = 1 << 20;

TEST(ListenerLimits, malformed_requests_are_refused_with_the_reason) {
    TestServer server;
    struct Case {
        std::string request;
        int status;
        std::string detail;
    };
    using namespace std::string_literals;
    const std::string start = "POST /x HTTP/1.1\r\nHost: t\r\n";
    const std::vector<Case> cases{
        {"GARBAGE\r\n\r\n", 400, "the request is not well-formed HTTP/1.1"},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, 400, "not well-formed HTTP/1.1"},
        {"GET / HTTP/1.1\r\nHost: t\r\nno colon\r\n\r\n", 400, "not well-formed HTTP/1.1"},
        {"GET / HTTP/1.1\r\nHost: t\r\nBad Name: x\r\n\r\n", 400, "not well-formed HTTP/1.1"},
        {"GET /a\0b HTTP/1.1\r\nHost: t\r\n\r\n"s, 400, "not well-formed HTTP/1.1"},
        {"GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505, "must be 1.0 or 1.1"},
        {"GET / HTTP/1.1\r\n\r\n", 400, "exactly one Host header"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "exactly one Host header"},
        {get("/%zz"), 400, "in the path: '%zz' is no percent escape"},
        {get("/%"), 400, "in the path: '%' is no percent escape"},
        {get("/%00"), 400, "in the path: a NUL character (%00) is not allowed"},
        {get("/%C0%AF"), 400, "in the path: the text is not well-formed UTF-8"},
        {get("/?q=%ff"), 400, "in the query, value of 'q': the text is not well-formed UTF-8"},
        {"OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", 400, "must be a path that begins with /"},
        {start + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
         "without Content-Length beside it"},
        {start + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400,
         "without Transfer-Encoding beside it"},
        {start + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400, "one decimal number"},
        {start + "Content-Length: -1\r\n\r\n", 400, "one decimal number"},
        {start + "Content-Length: 1x\r\n\r\n", 400, "one decimal number"},
        {start + "Content-Length: 99999999999999999999999\r\n\r\n", 400, "one decimal number"},
        {start + "Transfer-Encoding: gzip\r\n\r\n", 501, "is 'chunked'"},
        {start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "is 'chunked'"},
        {"POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "needs HTTP/1.1"},
        {start + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "chunked body"},
        {start + "Transfer-Encoding: chunked\r\n\r\n1\r\nxxxxx", 400, "chunked body"},
        {start + "Content-Length: 1\r\nExpect: miracles\r\n\r\n", 417,
         "the only expectation this server meets is 100-continue"},
    };
    for (const auto& one : cases) {
        Client client(server);
        const auto answer = client.exchange(one.request);
        EXPECT_EQ(answer.status, one.status) << one.request;
        EXPECT_THAT(answer.detail(), HasSubstr(one.detail)) << one.request;
        EXPECT_EQ(answer.headers.at("connection"), "close");
        EXPECT_FALSE(answer.headers.at("x-request-id").empty());
        EXPECT_EQ(client.receive_rest(), "");
    }
    EXPECT_EQ(server.handled(), 0);
}

TEST(ListenerLimits, a_request_that_ends_in_the_middle_is_told_so) {
    TestServer server;
    for (const std::string part :
         {"GET / HT", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nx"}) {
        Client client(server);
        client.send(part);
        client.finish_sending();
        EXPECT_EQ(client.receive().detail(), "the request ended in the middle");
    }
    Client polite(server);
    polite.send(post("/echo", "half closed"));
    polite.finish_sending();
    EXPECT_EQ(polite.receive().body, "half closed");
}

TEST(ListenerLimits, too_large_a_header_is_431) {
    auto settings = patient_settings();
    settings.max_header_bytes = 4096;
    TestServer server(settings);
    Client client(server);
    EXPECT_EQ(client.exchange(get("/x", "X-Long: " + std::string(3000, 'a') + "\r\n")).status, 200);
    const auto answer = client.exchange(get("/x", "X-Long: " + std::string(5000, 'a') + "\r\n"));
    EXPECT_EQ(answer.status, 431);
    EXPECT_EQ(answer.detail(), "the header of the request is larger than 4096 bytes");
    Client endless(server);
    EXPECT_EQ(endless.exchange("GET /" + std::string(100'000, 'a')).status, 431);
}

TEST(ListenerLimits, an_endless_chunk_line_is_refused) {
    TestServer server;
    Client client(server);
    const auto answer =
        client.exchange("POST /x HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                        std::string(mebibyte, 'a'));
    EXPECT_EQ(answer.status, 431);
    EXPECT_EQ(server.handled(), 0);
}

TEST(ListenerLimits, a_body_of_100_mebibytes_is_413_at_once) {
    TestServer server;
    Client declared(server);
    // The answer comes without one byte of the body.
    const auto early =
        declared.exchange("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 104857600\r\n\r\n");
    EXPECT_EQ(early.status, 413);
    EXPECT_EQ(early.detail(), "the body of the request is larger than 1048576 bytes");

    // A client that does not look before it has sent all gets to see it too.
    Client stubborn(server);
    stubborn.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 104857600\r\n\r\n");
    const std::string piece(mebibyte, 'x');
    for (int i = 0; i < 100 && stubborn.send(piece); ++i) {
    }
    EXPECT_EQ(stubborn.receive().status, 413);
    EXPECT_EQ(stubborn.receive_rest(), "");
    EXPECT_EQ(server.handled(), 0);
}

TEST(ListenerLimits, a_chunked_body_that_grows_too_large_is_413) {
    auto settings = patient_settings();
    settings.max_body_bytes = 10;
    TestServer server(settings);
    const std::string start =
        "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    Client fits(server);
    EXPECT_EQ(fits.exchange(start + "5\r\n12345\r\n5\r\n67890\r\n0\r\n\r\n").body, "1234567890");
    Client large(server);
    EXPECT_EQ(large.exchange(start + "5\r\n12345\r\n6\r\n678901\r\n0\r\n\r\n").status, 413);
    EXPECT_EQ(server.handled(), 1);
}

TEST(ListenerLimits, expect_continue_is_honoured) {
    TestServer server;
    Client client(server);
    client.send(
        "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.receive().status, 100);
    EXPECT_EQ(client.exchange("body").body, "body");

    Client large(server);
    EXPECT_EQ(large
                  .exchange("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 104857600\r\n"
                            "Expect: 100-continue\r\n\r\n")
                  .status,
              413);
}

TEST(ListenerLimits, one_connection_too_many_is_503_until_one_ends) {
    auto settings = patient_settings();
    settings.max_connections = 2;
    TestServer server(settings);
    Client first(server);
    Client second(server);
    EXPECT_EQ(first.exchange(get("/x")).status, 200);
    EXPECT_EQ(second.exchange(get("/x")).status, 200);
    {
        Client third(server);
        const auto answer = third.receive();
        EXPECT_EQ(answer.status, 503);
        EXPECT_EQ(answer.detail(),
                  "the server has as many connections as it takes (2): try again in a moment");
        EXPECT_EQ(answer.headers.at("retry-after"), "1");
    }
    first.close();
    const auto deadline = std::chrono::steady_clock::now() + patience;
    int status = 503;
    while (status == 503 && std::chrono::steady_clock::now() < deadline) {
        Client next(server);
        status = next.exchange(get("/x")).status;
    }
    EXPECT_EQ(status, 200);
}

TEST(ListenerLimits, a_header_sent_byte_by_byte_is_cut_off_while_others_are_served) {
    auto settings = patient_settings();
    settings.header_timeout = milliseconds(300);
    TestServer server(settings);
    Client slow(server);
    Client other(server);
    const std::string header = get("/x", "X-Long: " + std::string(10'000, 'a') + "\r\n");
    std::size_t sent = 0;
    while (sent < header.size() && !slow.is_readable_within(milliseconds(5))) {
        slow.send(std::string_view(header).substr(sent++, 1));
        ASSERT_EQ(other.exchange(post("/echo", "quick")).body, "quick");
    }
    EXPECT_LT(sent, header.size());
    const auto answer = slow.receive();
    EXPECT_EQ(answer.status, 408);
    EXPECT_EQ(answer.detail(), "the header of the request did not come in time");
    EXPECT_EQ(answer.headers.at("connection"), "close");
}

TEST(ListenerLimits, a_second_request_has_its_own_header_time) {
    auto settings = patient_settings();
    settings.header_timeout = milliseconds(300);
    TestServer server(settings);
    Client client(server);
    EXPECT_EQ(client.exchange(get("/x")).status, 200);
    // The idle time is long: only the first byte starts the header's.
    EXPECT_FALSE(client.is_readable_within(milliseconds(600)));
    client.send("G");
    EXPECT_EQ(client.receive().status, 408);
}

TEST(ListenerLimits, a_body_that_does_not_come_is_408) {
    auto settings = patient_settings();
    settings.body_timeout = milliseconds(200);
    TestServer server(settings);
    for (const std::string body :
         {"Content-Length: 5\r\n\r\nx", "Transfer-Encoding: chunked\r\n\r\n5\r\nx"}) {
        Client client(server);
        const auto answer = client.exchange("POST /echo HTTP/1.1\r\nHost: t\r\n" + body);
        EXPECT_EQ(answer.status, 408);
        EXPECT_EQ(answer.detail(), "the body of the request did not come in time");
    }
    EXPECT_EQ(server.handled(), 0);
}

TEST(ListenerLimits, silent_connections_end_without_a_word) {
    auto settings = patient_settings();
    settings.header_timeout = milliseconds(200);
    settings.idle_timeout = milliseconds(200);
    TestServer server(settings);
    Client never(server);
    Client once(server);
    EXPECT_EQ(once.exchange(get("/x")).status, 200);
    EXPECT_EQ(never.receive_rest(), "");
    EXPECT_EQ(once.receive_rest(), "");
}

TEST(ListenerLimits, a_handler_is_under_no_timeout_of_the_connection) {
    auto settings = patient_settings();
    settings.header_timeout = settings.body_timeout = settings.write_timeout =
        settings.idle_timeout = milliseconds(100);
    TestServer server(settings);
    Client client(server);
    client.send(get("/wait"));
    server.gate().await_waiting(1);
    EXPECT_FALSE(client.is_readable_within(milliseconds(500)));
    server.gate().open();
    EXPECT_EQ(client.receive().status, 200);
}

TEST(ListenerLimits, a_client_that_does_not_read_loses_its_connection) {
    auto settings = patient_settings();
    settings.max_connections = 1;
    settings.write_timeout = milliseconds(300);
    settings.slowest_write_bytes_per_second = 1024 * mebibyte;
    TestServer server(settings);
    Client idler(server);
    idler.send(get("/big"));
    ASSERT_TRUE(idler.is_readable_within(patience));
    // The only place is free again when the server has given the idler up.
    const auto deadline = std::chrono::steady_clock::now() + patience;
    int status = 503;
    while (status == 503 && std::chrono::steady_clock::now() < deadline) {
        Client next(server);
        next.send(get("/none"));
        status = next.is_readable_within(patience) ? next.receive().status : 0;
    }
    EXPECT_NE(status, 503);
    EXPECT_LT(idler.receive_rest().size(), 64 * mebibyte);
}

}  // namespace
}  // namespace cockpit::http::test

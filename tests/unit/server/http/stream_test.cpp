// Answers whose body is made while it is sent.

#include <gtest/gtest.h>

#include "test_server.hpp"

namespace cockpit::http::test {
namespace {

using std::chrono::milliseconds;

TEST(Stream, pieces_leave_as_they_are_made_and_the_connection_goes_on) {
    TestServer server;
    Client client(server);
    client.send(get("/stream"));
    server.gate().await_waiting(1);
    EXPECT_TRUE(client.is_readable_within(milliseconds(30'000))) << "the first piece is there";
    server.gate().open();
    const auto answer = client.receive();
    EXPECT_EQ(answer.headers.at("transfer-encoding"), "chunked");
    EXPECT_FALSE(answer.headers.contains("content-length"));
    EXPECT_EQ(answer.body, "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n");
    EXPECT_TRUE(client.exchange(get("/x")).body.starts_with("GET /x "));
}

TEST(Stream, what_the_client_sends_meanwhile_is_its_next_request) {
    TestServer server;
    Client client(server);
    client.send(get("/stream"));
    server.gate().await_waiting(1);
    client.send(get("/next"));
    server.gate().open();
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_TRUE(client.receive().body.starts_with("GET /next "));
}

TEST(Stream, an_old_client_is_told_the_end_by_the_end_of_the_connection) {
    TestServer server;
    server.gate().open();
    Client client(server);
    client.send("GET /stream HTTP/1.0\r\nHost: x\r\n\r\n");
    const auto all = client.receive_rest();
    EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos) << all;
    EXPECT_EQ(all.find("Transfer-Encoding"), std::string::npos) << all;
    EXPECT_TRUE(all.ends_with("\r\n\r\nonetwothree")) << all;
}

TEST(Stream, a_client_that_leaves_ends_the_making) {
    TestServer server;
    Client client(server);
    client.send(get("/stream"));
    server.gate().await_waiting(1);
    client.close();
    server.gate().await_cancelled(1);
}

TEST(Stream, a_slow_client_holds_up_the_making) {
    TestServer server;
    Client client(server);
    client.send(get("/endless"));
    EXPECT_TRUE(client.is_readable_within(milliseconds(30'000)));
    // Until the system's own buffers are full, which hold some megabytes.
    int made = -1;
    for (int same = 0; same < 5;) {
        const int now = server.endless_pieces();
        same = now == made ? same + 1 : 0;
        made = now;
        client.is_readable_within(milliseconds(0));
        std::this_thread::sleep_for(milliseconds(20));
    }
    EXPECT_LT(made, 500);
}

TEST(Stream, a_mistake_in_the_middle_cuts_the_connection) {
    TestServer server;
    Client client(server);
    client.send(get("/endless"));
    const auto all = client.receive_rest();
    EXPECT_FALSE(all.ends_with("0\r\n\r\n")) << "a cut is no end";
    EXPECT_EQ(server.endless_pieces(), 1000);
}

TEST(Stream, a_stop_does_not_wait_for_streams) {
    TestServer server;
    Client client(server);
    client.send(get("/stream"));
    server.gate().await_waiting(1);
    auto stopped = server.stop(std::chrono::minutes(5));
    EXPECT_EQ(stopped.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    server.gate().await_cancelled(1);
}

}  // namespace
}  // namespace cockpit::http::test

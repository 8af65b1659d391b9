#include <gtest/gtest.h>

#include "server/http/listener.hpp"
#include "test_server.hpp"

namespace cockpit::http::test {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds patience{30};
constexpr std::chrono::minutes long_grace{5};

bool ends(std::future<void>& stopped) {
    return stopped.wait_for(patience) == std::future_status::ready;
}

TEST(ListenerStop, lets_a_request_under_way_end_and_takes_no_other) {
    TestServer server;
    Client idle(server);
    EXPECT_EQ(idle.exchange(get("/x")).status, 200);
    Client working(server);
    working.send(get("/wait") + get("/x"));
    server.gate().await_waiting(1);

    auto stopped = server.stop(long_grace);
    EXPECT_EQ(idle.receive_rest(), "");  // ended at once: the request under way still stands
    EXPECT_THROW(Client late(server), std::runtime_error);
    EXPECT_EQ(stopped.wait_for(milliseconds(0)), std::future_status::timeout);

    server.gate().open();
    const auto answer = working.receive();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("connection"), "close");
    EXPECT_EQ(working.receive_rest(), "");  // the pipelined one was not begun
    EXPECT_TRUE(ends(stopped));
    EXPECT_EQ(server.handled(), 2);
}

TEST(ListenerStop, cancels_what_does_not_end_in_the_grace_time) {
    TestServer server;
    Client client(server);
    client.send(get("/wait"));
    server.gate().await_waiting(1);
    auto stopped = server.stop(milliseconds(50));
    EXPECT_TRUE(ends(stopped));
    server.gate().await_cancelled(1);
    EXPECT_EQ(client.receive_rest(), "");
}

TEST(ListenerStop, a_second_call_shortens_the_grace_time) {
    TestServer server;
    Client client(server);
    client.send(get("/wait"));
    server.gate().await_waiting(1);
    auto patient = server.stop(long_grace);
    auto hasty = server.stop(milliseconds(0));
    EXPECT_TRUE(ends(hasty));
    EXPECT_TRUE(ends(patient));
    server.gate().await_cancelled(1);
}

TEST(ListenerStop, ends_silent_connections_at_once) {
    TestServer server;
    Client silent(server);
    Client first(server);
    EXPECT_EQ(first.exchange(get("/x")).status, 200);  // so the silent one was accepted before
    auto stopped = server.stop(long_grace);
    EXPECT_TRUE(ends(stopped));
    EXPECT_EQ(silent.receive_rest(), "");
}

TEST(ListenerStop, cuts_off_a_half_sent_request_after_the_grace_time) {
    TestServer server;
    Client half(server);
    half.send("POST /x HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(half.receive().status, 100);
    auto stopped = server.stop(milliseconds(50));
    EXPECT_TRUE(ends(stopped));
    EXPECT_EQ(half.receive_rest(), "");
    EXPECT_EQ(server.handled(), 0);
}

}  // namespace
}  // namespace cockpit::http::test

// health_check against servers of the test's own.

#include "agent/commands/health_check.hpp"

#include <gmock/gmock.h>

#include <list>

#include "fixture.hpp"

namespace cockpit::commands {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using executor::StopReason;
using protocol::CommandState;
using testing::HasSubstr;

/// Answers each connection with the next of these texts, the last one for ever; "" never answers.
class Answers {
  public:
    Answers(asio::io_context& io, std::vector<std::string> texts)
        : acceptor_(io, {asio::ip::address_v4::loopback(), 0}), texts_(std::move(texts)) {
        accept();
    }
    unsigned short port() const { return acceptor_.local_endpoint().port(); }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port()) + "/health"; }
    int asked = 0;
    std::string last_request;

  private:
    void accept() {
        acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
            if (error) return;
            const auto text =
                texts_[std::min<std::size_t>(static_cast<std::size_t>(asked++), texts_.size() - 1)];
            connections_.emplace_back(std::move(socket));
            auto& connection = connections_.back();
            asio::async_read_until(
                connection.socket, asio::dynamic_buffer(connection.request), "\r\n\r\n",
                [this, &connection, text](boost::system::error_code failed, std::size_t) {
                    if (failed || text.empty()) return;
                    last_request = connection.request;
                    connection.answer = text;
                    asio::async_write(connection.socket, asio::buffer(connection.answer),
                                      [&connection](boost::system::error_code, std::size_t) {
                                          boost::system::error_code ignored;
                                          connection.socket.close(ignored);
                                      });
                });
            accept();
        });
    }
    struct Connection {
        explicit Connection(tcp::socket accepted) : socket(std::move(accepted)) {}
        tcp::socket socket;
        std::string request;
        std::string answer;
    };
    tcp::acceptor acceptor_;
    std::vector<std::string> texts_;
    std::list<Connection> connections_;
};

const std::string well = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string sick = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";

class HealthCheckTest : public testing::Test {
  protected:
    std::unique_ptr<executor::CommandHandler> handler(
        std::chrono::milliseconds one_try = std::chrono::seconds(10)) {
        return create_health_check(io.get_executor(),
                                   *protocol::find_command(built_in_schemas(), "health_check"),
                                   {.hosts = {"127.0.0.1", "localhost"},
                                    .containers = {"web"},
                                    .docker_socket = "/nonexistent/docker.sock",
                                    .one_try = one_try});
    }
    executor::Outcome check(boost::json::object params) {
        auto made = handler();
        return CommandRun(io, *made, params).outcome();
    }
    asio::io_context io;
};

TEST_F(HealthCheckTest, ItAsksUntilItIsWell) {
    Answers server(io, {sick, "HTTP/1.1 200 OK\r\n\r\nnot yet", well});
    const auto outcome =
        check({{"kind", "http"}, {"url", server.url()}, {"pattern", "^ok$"}, {"interval_s", 1}});
    EXPECT_EQ(outcome.state, CommandState::success) << outcome.error.value_or("");
    EXPECT_EQ(outcome.output,
              "try 1: HTTP 503, wanted 200\n"
              "try 2: HTTP 200, but the body has no '^ok$'\n"
              "try 3: HTTP 200, and the body has '^ok$'\n");
    EXPECT_THAT(server.last_request, HasSubstr("GET /health HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST_F(HealthCheckTest, TriesAreCountedAndTheLastOneIsTold) {
    Answers server(io, {sick});
    const auto outcome =
        check({{"kind", "http"}, {"url", server.url()}, {"retries", 1}, {"interval_s", 1}});
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_EQ(outcome.error, "not healthy after 2 tries: HTTP 503, wanted 200");
    EXPECT_EQ(server.asked, 2);
}

TEST_F(HealthCheckTest, TheDeadlineEndsItBeforeTheTriesDo) {
    Answers server(io, {sick});
    const auto outcome = check({{"kind", "http"},
                                {"url", server.url()},
                                {"retries", 1000},
                                {"interval_s", 1},
                                {"deadline_s", 2}});
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_LT(server.asked, 4);
}

TEST_F(HealthCheckTest, OneThatDoesNotAnswerIsNotWell) {
    Answers server(io, {"", well});
    auto made = handler(std::chrono::milliseconds(200));
    CommandRun run(io, *made, {{"kind", "http"}, {"url", server.url()}, {"interval_s", 1}});
    const auto outcome = run.outcome();
    EXPECT_EQ(outcome.state, CommandState::success);
    EXPECT_THAT(outcome.output, HasSubstr("try 1: no answer within 200 ms\ntry 2: HTTP 200"));
}

TEST_F(HealthCheckTest, WhatIsNoHttpIsSaidSo) {
    Answers server(io, {"SSH-2.0-OpenSSH_9.2\r\n\r\n"});
    const auto outcome = check({{"kind", "http"}, {"url", server.url()}, {"retries", 0}});
    EXPECT_THAT(outcome.error.value_or(""),
                HasSubstr("the answer is unreadable: it does not begin like an HTTP answer"));
}

TEST_F(HealthCheckTest, ATcpPortTakesConnectionsOrNot) {
    Answers server(io, {well});
    const auto open =
        check({{"kind", "tcp"}, {"host", "localhost"}, {"port", std::int64_t{server.port()}}});
    EXPECT_EQ(open.state, CommandState::success) << open.error.value_or("");
    unsigned short closed = 0;
    {
        const tcp::acceptor taken(io, {asio::ip::address_v4::loopback(), 0});
        closed = taken.local_endpoint().port();
    }
    const auto shut = check(
        {{"kind", "tcp"}, {"host", "127.0.0.1"}, {"port", std::int64_t{closed}}, {"retries", 0}});
    EXPECT_EQ(shut.state, CommandState::error);
    EXPECT_THAT(shut.error.value_or(""), HasSubstr("Connection refused"));
}

TEST_F(HealthCheckTest, CancelledAndOutOfTimeItStopsAtOnce) {
    for (const auto& [reason, state] : {std::pair{StopReason::cancelled, CommandState::cancelled},
                                        std::pair{StopReason::timeout, CommandState::timeout}}) {
        Answers server(io, {sick});
        auto made = handler();
        CommandRun run(
            io, *made,
            {{"kind", "http"}, {"url", server.url()}, {"interval_s", 600}, {"deadline_s", 3600}});
        ASSERT_TRUE(run.turn_until([&] { return server.asked == 1; }));
        run.stop(reason);
        const auto outcome = run.outcome();
        EXPECT_EQ(outcome.state, state);
        EXPECT_TRUE(outcome.error);
    }
}

TEST_F(HealthCheckTest, DestroyedInTheMiddleItLeavesNothingBehind) {
    Answers server(io, {""});
    auto made = handler();
    CommandRun run(io, *made, {{"kind", "http"}, {"url", server.url()}});
    ASSERT_TRUE(run.turn_until([&] { return server.asked == 1; }));
    run.destroy();
    io.restart();
    io.poll();
    EXPECT_FALSE(run.ended());
}

TEST_F(HealthCheckTest, TheOwnerDecidesWhomItMayAsk) {
    auto made = handler();
    EXPECT_THAT(refusal(*made, {{"kind", "tcp"}, {"host", "10.0.0.1"}, {"port", 22}}),
                HasSubstr("HEALTH_CHECK_HOSTS: 127.0.0.1, localhost"));
    EXPECT_THAT(refusal(*made, {{"kind", "container"}, {"container", "db"}}),
                HasSubstr("container 'db' is not one of this host's DOCKER_CONTAINER_NAME: web"));
    EXPECT_EQ(refusal(*made, {{"kind", "container"}, {"container", "web"}}), "allowed");
    const auto outcome = check({{"kind", "container"}, {"container", "web"}, {"retries", 0}});
    EXPECT_THAT(outcome.error.value_or(""), HasSubstr("docker.sock' does not exist"));
}

}  // namespace
}  // namespace cockpit::commands

#pragma once
// What the tests against a real redis-server share.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "fakes/redis_server.hpp"
#include "redis/client.hpp"

namespace cockpit::redis {

class ConnectionTest : public ::testing::Test {
  protected:
    /// What a connection told of itself, in order.
    struct Heard {
        std::vector<std::optional<std::string>> news;
        ConnectionListener listener() {
            return [this](std::optional<std::string> down) { news.push_back(std::move(down)); };
        }
        bool up() const { return !news.empty() && !news.back(); }
        bool down() const { return !news.empty() && news.back(); }
        std::string why() const { return down() ? *news.back() : ""; }
    };

    /// Runs the loop until `true_now`, at most 20 s.
    template <typename Predicate>
    [[nodiscard]] bool until(Predicate true_now) {
        const auto work = boost::asio::make_work_guard(io_);
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        io_.restart();
        while (!true_now()) {
            if (std::chrono::steady_clock::now() >= limit) return false;
            io_.run_one_until(
                std::min(limit, std::chrono::steady_clock::now() + std::chrono::milliseconds(50)));
        }
        return true;
    }

    template <typename Connection>
    void stop(Connection& connection) {
        bool ended = false;
        boost::asio::co_spawn(io_, connection.stop(), [&](std::exception_ptr failure) {
            EXPECT_FALSE(failure);
            ended = true;
        });
        EXPECT_TRUE(until([&] { return ended; })) << "stop() did not end";
    }

    Answer ask(Client& client, Command command) {
        std::optional<Answer> answer;
        client.send(std::move(command), [&](Answer value) { answer = std::move(value); });
        EXPECT_FALSE(answer) << "never from inside the call";
        EXPECT_TRUE(until([&] { return answer.has_value(); }));
        return answer ? std::move(*answer) : Answer(std::unexpected(Error::stopped));
    }

    static Settings over_unix(const fakes::RedisServer& server) {
        Settings settings;
        settings.unix_socket = server.unix_socket();
        settings.backoff_cap = std::chrono::milliseconds(100);
        return settings;
    }
    static Settings over_tcp(const fakes::RedisServer& server, std::string host = "127.0.0.1") {
        Settings settings;
        settings.host = std::move(host);
        settings.port = server.port();
        settings.backoff_cap = std::chrono::milliseconds(100);
        return settings;
    }

    /// Starts a client, waits for its first news, gives its sentence ("" for up) and stops it.
    std::string first_news(Settings settings) {
        auto client = Client::create(io_.get_executor(), std::move(settings));
        Heard heard;
        client->start(heard.listener());
        EXPECT_TRUE(heard.news.empty()) << "never from inside the call";
        EXPECT_TRUE(until([&] { return !heard.news.empty(); }));
        stop(*client);
        return heard.news.empty() ? "nothing" : heard.news.front().value_or("");
    }

    boost::asio::io_context io_;
};

inline Value text(std::string words) {
    return Value{std::move(words)};
}

}  // namespace cockpit::redis

// What needs no receiver; the rest is seen with real ones in
// tests/integration/test_notifications.py.

#include "server/delivery/curl_sender.hpp"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace cockpit::delivery {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;

class CurlSenderTest : public testing::Test {
  protected:
    notify::SendOutcome send(const SenderSettings& settings, const std::string& url) {
        CurlSender sender(io.get_executor(), settings);
        return send(sender, url);
    }
    notify::SendOutcome send(CurlSender& sender, const std::string& url) {
        std::optional<notify::SendOutcome> outcome;
        io.restart();  // it stopped when the attempt before left it without work
        const auto work = asio::make_work_guard(io);
        sender.send({.kind = notify::TargetKind::webhook, .url = url, .body = "{}"},
                    [&](notify::SendOutcome got) { outcome = std::move(got); });
        while (!outcome)
            io.run_one();
        return *outcome;
    }
    asio::io_context io;
};

TEST_F(CurlSenderTest, LocalAddressesAreRefusedHoweverTheyAreWritten) {
    for (const auto* url :
         {"http://127.0.0.1:9/", "http://localhost:9/", "http://127.1:9/", "http://2130706433:9/",
          "http://0x7f.1:9/", "http://0.0.0.0:9/", "http://169.254.169.254/latest/meta-data",
          "http://[::1]:9/", "http://[::ffff:127.0.0.1]:9/", "http://[::]:9/"}) {
        const auto outcome = send({.timeout_ms = 5'000}, url);
        EXPECT_FALSE(outcome.delivered) << url;
        EXPECT_TRUE(outcome.refused) << url << ": " << outcome.error;
        EXPECT_THAT(outcome.error, HasSubstr("which notifications are not sent to")) << url;
    }
}

TEST_F(CurlSenderTest, AnAllowedHostIsConnectedTo) {
    asio::ip::tcp::acceptor closed(io, {asio::ip::make_address("127.0.0.1"), 0});
    const auto url = "http://127.0.0.1:" + std::to_string(closed.local_endpoint().port()) + "/";
    closed.close();
    const auto outcome = send({.timeout_ms = 5'000, .allow_hosts = {"127.0.0.1"}}, url);
    EXPECT_FALSE(outcome.refused);
    EXPECT_THAT(outcome.error, HasSubstr("the attempt failed: "));
    EXPECT_TRUE(send({.timeout_ms = 5'000, .allow_hosts = {"localhost"}}, url).refused);
    EXPECT_FALSE(send({.timeout_ms = 5'000, .allow_local = true}, url).refused);
}

TEST_F(CurlSenderTest, WhoDoesNotAnswerIsGivenUp) {
    asio::ip::tcp::acceptor silent(io, {asio::ip::make_address("127.0.0.1"), 0});
    const auto url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/";
    const auto outcome = send({.timeout_ms = 200, .allow_local = true}, url);
    EXPECT_EQ(outcome.error, "no complete answer within 200 ms");
}

TEST_F(CurlSenderTest, OtherProtocolsAreNotSpoken) {
    const auto outcome = send({.timeout_ms = 5'000, .allow_local = true}, "file:///etc/hostname");
    EXPECT_FALSE(outcome.delivered);
    EXPECT_THAT(outcome.error, HasSubstr("the attempt failed: "));
    EXPECT_EQ(outcome.response, "");
}

TEST_F(CurlSenderTest, AStoppedOneAborts) {
    CurlSender sender(io.get_executor(), {.allow_local = true});
    sender.stop();
    EXPECT_TRUE(send(sender, "http://127.0.0.1:9/").aborted);
}

}  // namespace
}  // namespace cockpit::delivery

#include "server/notify/incoming_hooks.hpp"

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "unit/server/notify/notify_fixture.hpp"

namespace cockpit::notify {
namespace {

using testing::HasSubstr;
using Kind = Reception::Kind;

class Deployments final : public PushListener {
  public:
    std::vector<Push> pushed;
    void on_push(Push push, runtime::Callback<std::string> done) override {
        pushed.push_back(std::move(push));
        done("deployment grafana was started");
    }
};

class IncomingHooksTest : public NotifyTest {
  protected:
    static HeaderMap signed_headers(const std::string& body, const std::string& delivery) {
        return {{"x-github-event", "push"},
                {"x-github-delivery", delivery},
                {"x-hub-signature-256",
                 "sha256=" + crypto::to_hex(crypto::hmac_sha256(some_secret, body))}};
    }
    Reception receive(IncomingHooks& hooks, const std::string& name, HeaderMap headers,
                      const std::string& body) {
        return wait<Reception>([&](auto done) {
            hooks.receive(name, "10.0.0.1", std::move(headers), body, std::move(done));
        });
    }
    void add(IncomingHooks& hooks, const std::string& name) {
        const auto made = wait<IncomingHooks::Changed>([&](auto done) {
            hooks.create(name, Provider::github, std::string(some_secret), "admin",
                         std::move(done));
        });
        ASSERT_TRUE(made) << made.error().detail;
    }
    static std::string push(const std::string& after) {
        return R"({"ref":"refs/heads/main","before":"aa","after":")" + after +
               R"(","repository":{"full_name":"o/r"},"pusher":{"name":"vera"}})";
    }
};

TEST_F(IncomingHooksTest, APushIsWrittenDownAndHandedOnOnce) {
    Deployments deployments;
    IncomingHooks hooks(store, clock, box, &deployments);
    add(hooks, "h");
    const auto body = push("bb");
    const auto first = receive(hooks, "h", signed_headers(body, "d1"), body);
    EXPECT_EQ(first.kind, Kind::recorded);
    EXPECT_EQ(first.detail, "deployment grafana was started");
    EXPECT_EQ(receive(hooks, "h", signed_headers(body, "d1"), body).kind, Kind::repeated);
    // The delivery's id is not signed, so a new one does not make it a new push.
    EXPECT_EQ(receive(hooks, "h", signed_headers(body, "d2"), body).kind, Kind::repeated);
    const auto other = push("cc");
    EXPECT_EQ(receive(hooks, "h", signed_headers(other, "d1"), other).kind, Kind::repeated);
    EXPECT_EQ(receive(hooks, "h", signed_headers(other, "d3"), other).kind, Kind::recorded);
    ASSERT_EQ(deployments.pushed.size(), 2u);
    EXPECT_EQ(deployments.pushed[0].hook, "h");
    EXPECT_EQ(deployments.pushed[0].branch, "main");
    ASSERT_EQ(store.pushes.size(), 2u);
    EXPECT_EQ(store.pushes[0].outcome, "deployment grafana was started");
}

TEST_F(IncomingHooksTest, WithoutDeploymentsNothingMatches) {
    IncomingHooks hooks(store, clock, box);
    add(hooks, "h");
    const auto body = push("bb");
    EXPECT_EQ(receive(hooks, "h", signed_headers(body, "d"), body).detail, "no deployment matches");
    EXPECT_EQ(store.pushes.at(0).outcome, "no deployment matches");
}

TEST_F(IncomingHooksTest, NamesAreNotTold) {
    IncomingHooks hooks(store, clock, box);
    add(hooks, "h");
    const auto body = push("bb");
    auto wrong = signed_headers(body, "d");
    wrong["x-hub-signature-256"] = "sha256=" + std::string(64, '0');
    const auto known = receive(hooks, "h", wrong, body);
    const auto unknown = receive(hooks, "nothing", signed_headers(body, "d"), body);
    EXPECT_EQ(known.kind, Kind::refused);
    EXPECT_EQ(unknown.kind, Kind::refused);
    EXPECT_EQ(known.detail, unknown.detail);
    EXPECT_EQ(receive(hooks, "h", {}, body).kind, Kind::refused);
    EXPECT_TRUE(store.pushes.empty());
}

TEST_F(IncomingHooksTest, OtherEventsAreIgnoredWithTheReason) {
    IncomingHooks hooks(store, clock, box);
    add(hooks, "h");
    auto headers = signed_headers("{}", "d");
    headers["x-github-event"] = "ping";
    const auto ignored = receive(hooks, "h", headers, "{}");
    EXPECT_EQ(ignored.kind, Kind::ignored);
    EXPECT_THAT(ignored.detail, HasSubstr("the event is 'ping'"));
    EXPECT_EQ(receive(hooks, "h", signed_headers("[]", "d"), "[]").kind, Kind::malformed);
}

TEST_F(IncomingHooksTest, APeerIsLimited) {
    IncomingHooks hooks(store, clock, box);
    for (int n = 0; n < 100; ++n)
        EXPECT_EQ(receive(hooks, "x", {}, "").kind, Kind::refused);
    const auto limited = receive(hooks, "x", {}, "");
    EXPECT_EQ(limited.kind, Kind::limited);
    EXPECT_EQ(limited.retry_after_ms, 100);
    clock.advance(100);
    EXPECT_EQ(receive(hooks, "x", {}, "").kind, Kind::refused);
}

TEST_F(IncomingHooksTest, AFailingStoreIsTold) {
    IncomingHooks hooks(store, clock, box);
    add(hooks, "h");
    store.broken = true;
    EXPECT_EQ(receive(hooks, "h", {}, "").kind, Kind::unavailable);
}

TEST_F(IncomingHooksTest, SecretsAreSealed) {
    IncomingHooks hooks(store, clock, box);
    add(hooks, "h");
    EXPECT_THAT(store.hooks.at("h").sealed_secret,
                testing::Not(HasSubstr(std::string(some_secret))));
    const auto again = wait<IncomingHooks::Changed>([&](auto done) {
        hooks.create("h", Provider::gitea, std::string(some_secret), "admin", std::move(done));
    });
    EXPECT_EQ(again.error().kind, TargetError::Kind::exists);
    const auto removed =
        wait<IncomingHooks::Changed>([&](auto done) { hooks.remove("x", std::move(done)); });
    EXPECT_EQ(removed.error().kind, TargetError::Kind::unknown);
}

}  // namespace
}  // namespace cockpit::notify

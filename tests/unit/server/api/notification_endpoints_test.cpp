#include <boost/json/serialize.hpp>

#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view base = "/api/cockpit-agent/notifications";

class NotificationEndpointsTest : public ApiTest {
  protected:
    Answer at(std::string method, const std::string& path, std::string body = "") {
        return call(std::move(method), std::string(base) + path, std::move(body), admin);
    }
    Answer make_webhook(const std::string& name = "ops") {
        return at("POST", "/targets",
                  R"({"name":")" + name +
                      R"(","kind":"webhook","url":"https://x.org/in?token=tt",)"
                      R"("secret":"0123456789abcdef","events":["command.ended:error"]})");
    }
    void publish(std::string event) {
        notifications.publish_event({.event_id = std::move(event),
                                     .event = "command.ended",
                                     .subject = "s",
                                     .body = R"({"text":"t"})",
                                     .to = {{.target = "ops", .delivery_id = "d"}},
                                     .now_ms = clock.wall_ms(),
                                     .give_up_at_ms = clock.wall_ms() + 86'400'000},
                                    [](auto) {});
    }
};

TEST_F(NotificationEndpointsTest, ATargetIsMadeAndItsSecretsNeverShown) {
    const auto made = make_webhook();
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.text("url"), "https://x.org/in?…");
    EXPECT_EQ(made.body.at("events").as_array().at(0), "command.ended:error");
    EXPECT_EQ(made.body.if_contains("secret"), nullptr);
    const auto listed = at("GET", "/targets");
    EXPECT_EQ(listed.body.at("total"), 1);
    EXPECT_THAT(boost::json::serialize(listed.body), Not(HasSubstr("0123456789abcdef")));
    EXPECT_EQ(make_webhook().status, 409);
}

TEST_F(NotificationEndpointsTest, WrongFieldsAreNamed) {
    EXPECT_THAT(at("POST", "/targets", R"({"name":"x","kind":"pigeon"})").detail(),
                HasSubstr("'kind' must be webhook, slack or email"));
    EXPECT_THAT(
        at("POST", "/targets", R"({"name":"x","kind":"slack","url":"ftp://x","events":["*"]})")
            .detail(),
        HasSubstr("'url' must be http://host/path"));
    make_webhook();
    EXPECT_THAT(at("PATCH", "/targets/ops", R"({"events":["x"]})").detail(),
                HasSubstr("'events' has 'x'"));
    EXPECT_EQ(at("PATCH", "/targets/nobody", "{}").status, 404);
    EXPECT_EQ(at("GET", "/deliveries?state=lost").detail(),
              "'state' must be pending, delivered or dead");
    EXPECT_EQ(at("GET", "/deliveries?cursor=x").status, 400);
}

TEST_F(NotificationEndpointsTest, ATargetIsChangedAndRemoved) {
    make_webhook();
    const auto changed = at("PATCH", "/targets/ops", R"({"enabled":false,"agents":["web-*"]})");
    EXPECT_EQ(changed.status, 200);
    EXPECT_EQ(changed.body.at("enabled"), false);
    EXPECT_EQ(changed.body.at("agents").as_array().at(0), "web-*");
    EXPECT_EQ(at("DELETE", "/targets/ops").status, 200);
    EXPECT_EQ(at("DELETE", "/targets/ops").status, 404);
}

TEST_F(NotificationEndpointsTest, ATestTellsWhatHappened) {
    make_webhook();
    const auto good = at("POST", "/targets/ops/test");
    EXPECT_EQ(good.status, 200);
    EXPECT_EQ(good.body.at("delivered"), true);
    EXPECT_THAT(sender.sent.at(0).body, HasSubstr("asked for by admin"));
    sender.outcome = {.delivered = false, .status = 302, .error = "a redirect"};
    const auto bad = at("POST", "/targets/ops/test");
    EXPECT_EQ(bad.body.at("delivered"), false);
    EXPECT_EQ(bad.body.at("status"), 302);
    EXPECT_EQ(bad.text("error"), "a redirect");
    EXPECT_EQ(at("POST", "/targets/nobody/test").status, 404);
}

TEST_F(NotificationEndpointsTest, DeliveriesAreListedInPages) {
    make_webhook();
    for (const auto* event : {"1", "2", "3"})
        publish(event);
    const auto first = at("GET", "/deliveries?limit=2&target=ops");
    ASSERT_EQ(first.body.at("deliveries").as_array().size(), 2u);
    EXPECT_EQ(first.body.at("deliveries").at(0).at("event_id"), "3");
    const auto second = at("GET", "/deliveries?limit=2&cursor=" + first.text("next_cursor"));
    ASSERT_EQ(second.body.at("deliveries").as_array().size(), 1u);
    EXPECT_TRUE(second.body.at("next_cursor").is_null());
    EXPECT_EQ(at("GET", "/deliveries?state=dead").body.at("deliveries").as_array().size(), 0u);
    const auto one = at("GET", "/deliveries/1");
    EXPECT_EQ(one.body.at("body").at("text"), "t");
    EXPECT_EQ(at("GET", "/deliveries/99").status, 404);
    EXPECT_EQ(at("GET", "/deliveries/x").status, 404);
}

TEST_F(NotificationEndpointsTest, ADeadOneIsSentAgain) {
    make_webhook();
    publish("1");
    EXPECT_EQ(at("POST", "/deliveries/1/resend").detail(), "the delivery is pending already");
    notifications.rows.at(0).delivery.state = notify::DeliveryState::dead;
    EXPECT_EQ(at("POST", "/deliveries/1/resend").status, 200);
    notifications.rows.at(0).delivery.state = notify::DeliveryState::dead;
    at("DELETE", "/targets/ops");
    EXPECT_EQ(at("POST", "/deliveries/1/resend").detail(), "the target 'ops' is gone");
    EXPECT_EQ(at("POST", "/deliveries/2/resend").status, 404);
}

}  // namespace
}  // namespace cockpit::api

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

using testing::HasSubstr;

const std::string base = "/api/cockpit-agent/webhooks";
const std::string secret = "0123456789abcdef";
const std::string push =
    R"({"ref":"refs/heads/main","before":"aa","after":"bb","repository":{"full_name":"o/r"}})";

class WebhookEndpointsTest : public ApiTest {
  protected:
    void SetUp() override {
        const auto made =
            post(base, R"({"name":"grafana","provider":"gitea","secret":")" + secret + R"("})");
        ASSERT_EQ(made.status, 201);
        EXPECT_EQ(made.text("path"), base + "/grafana");
        EXPECT_EQ(made.body.if_contains("secret"), nullptr);
    }
    Answer send(const std::string& body, const std::string& signed_body,
                const std::string& event = "push") {
        return call_open(
            base + "/grafana", body,
            {{"x-gitea-event", event},
             {"x-gitea-delivery", "d1"},
             {"content-type", "application/json"},
             {"x-gitea-signature", crypto::to_hex(crypto::hmac_sha256(secret, signed_body))}});
    }
};

TEST_F(WebhookEndpointsTest, APushIsTakenInOnce) {
    const auto first = send(push, push);
    EXPECT_EQ(first.status, 202);
    EXPECT_EQ(first.text("outcome"), "no deployment matches");
    const auto again = send(push, push);
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.text("status"), "repeated");
    const auto pushes = get(base + "/grafana/pushes");
    ASSERT_EQ(pushes.body.at("pushes").as_array().size(), 1u);
    EXPECT_EQ(pushes.body.at("pushes").at(0).at("branch"), "main");
}

TEST_F(WebhookEndpointsTest, WhatIsNotSignedIsRefusedAndNamesAreNotTold) {
    const auto forged = send(push, push + " ");
    EXPECT_EQ(forged.status, 401);
    const auto unknown = call_open(base + "/nobody", push, {});
    EXPECT_EQ(unknown.status, 401);
    EXPECT_EQ(unknown.detail(), forged.detail());
    EXPECT_TRUE(notifications.pushes.empty());
}

TEST_F(WebhookEndpointsTest, TheBodyIsVerifiedBeforeItIsParsed) {
    EXPECT_EQ(send("{\"a\":1,", "forged").status, 401);
    const auto broken = send("{\"a\":1,", "{\"a\":1,");
    EXPECT_EQ(broken.status, 400);
    EXPECT_THAT(broken.detail(), HasSubstr("application/json"));
    EXPECT_EQ(send("{}", "{}", "issues").text("status"), "ignored");
}

TEST_F(WebhookEndpointsTest, TooManyAre429) {
    Answer answer;
    for (int n = 0; n < 101; ++n)
        answer = call_open(base + "/nobody", "", {});
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(answer.header("Retry-After"), "1");
}

TEST_F(WebhookEndpointsTest, AWebhookIsListedAndRemoved) {
    EXPECT_EQ(get(base).body.at("total"), 1);
    EXPECT_EQ(post(base, R"({"name":"x","provider":"cvs","secret":"s"})").detail(),
              "'provider' must be github, gitlab or gitea");
    EXPECT_EQ(
        post(base, R"({"name":"grafana","provider":"gitea","secret":")" + secret + R"("})").status,
        409);
    EXPECT_EQ(call("DELETE", base + "/grafana", "", admin).status, 200);
    EXPECT_EQ(call("DELETE", base + "/grafana", "", admin).status, 404);
    EXPECT_EQ(send(push, push).status, 401);
}

}  // namespace
}  // namespace cockpit::api

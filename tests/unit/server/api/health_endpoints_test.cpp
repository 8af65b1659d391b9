#include "unit/server/api/api_fixture.hpp"

#include "fakes/run_task.hpp"

namespace cockpit::api {
namespace {

class HealthEndpointsTest : public ApiTest {
  protected:
    Answer open(std::string_view target) { return call("GET", target, "", ""); }
    static std::string detail_of(const Answer& answer, std::string_view check) {
        return std::string(answer.body.at("checks").at(check).at("detail").as_string());
    }
};

TEST_F(HealthEndpointsTest, AProcessThatAnswersLives) {
    redis.ok = false;
    commands.broken = true;
    const auto answer = open("/healthz");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.text("status"), "ok");
}

TEST_F(HealthEndpointsTest, ReadyWhenEveryCheckIs) {
    const auto answer = open("/readyz");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.text("status"), "ready");
    EXPECT_EQ(detail_of(answer, "redis"), "Redis answers");
    EXPECT_EQ(detail_of(answer, "database"), "the database answers");
}

TEST_F(HealthEndpointsTest, NotReadySaysWhichCheckAndWhy) {
    redis = {.ok = false, .detail = "Redis has been away for 4 s"};
    const auto answer = open("/readyz");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.text("status"), "not ready");
    EXPECT_FALSE(answer.body.at("checks").at("redis").at("ok").as_bool());
    EXPECT_EQ(detail_of(answer, "redis"), "Redis has been away for 4 s");
    EXPECT_TRUE(answer.body.at("checks").at("database").at("ok").as_bool());
}

TEST_F(HealthEndpointsTest, ADatabaseThatFailsOrIsSilentIsNotReady) {
    commands.broken = true;
    EXPECT_EQ(detail_of(open("/readyz"), "database"),
              "the database does not answer; the log says why");
    commands.broken = false;
    commands.silent = true;
    const auto answer = open("/readyz");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(detail_of(answer, "database"), "no answer within 2 s");
}

boost::asio::awaitable<http::Response> page(const http::Request&) {
    co_return http::Response{.status = 200, .content_type = "text/html", .body = "the page"};
}

TEST_F(HealthEndpointsTest, OnlyPathsThatAreNotTheApisGoToThePage) {
    auto both = rest.handler(page);
    const auto type_of = [&](std::string path) {
        const http::Request request{.method = "GET", .path = path, .raw_path = path};
        return fakes::run_task(io, both(request)).content_type;
    };
    EXPECT_EQ(type_of("/"), "text/html");
    EXPECT_EQ(type_of("/hosts"), "text/html");
    EXPECT_EQ(type_of("/healthz"), "application/json");
    EXPECT_EQ(type_of("/api/nothing"), "application/problem+json");
    EXPECT_EQ(type_of("/auth/nothing"), "application/problem+json");
}

}  // namespace
}  // namespace cockpit::api

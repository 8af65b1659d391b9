#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

using testing::HasSubstr;
using testing::Not;

class MetricsEndpointTest : public ApiTest {};

TEST_F(MetricsEndpointTest, TellsOfHostsCommandsAndServices) {
    connect("web-1");
    statistics.open = {{"web-1", protocol::CommandState::pending, 2}};
    statistics.size = {.bytes = 4096, .history = 17};
    get("/healthz");
    const auto answer = get("/metrics");
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
    for (const auto* line :
         {"cockpit_agents{state=\"online\"} 1\n", "cockpit_agent_up{agent_id=\"web-1\"} 1\n",
          "cockpit_commands_open{state=\"pending\"} 2\n", "cockpit_database_up 1\n",
          "cockpit_database_size_bytes 4096\n", "cockpit_history_commands 17\n",
          "cockpit_redis_up 1\n", "cockpit_results_waiting 3\n",
          "cockpit_http_requests_total{code=\"200\"} 1\n"})
        EXPECT_THAT(answer.plain, HasSubstr(line));
}

TEST_F(MetricsEndpointTest, WhatDoesNotAnswerIsDownAndTheRestIsThere) {
    connect("web-1");
    statistics.broken = true;
    redis.ok = false;
    const auto answer = get("/metrics");
    ASSERT_EQ(answer.status, 200);
    EXPECT_THAT(answer.plain, HasSubstr("cockpit_database_up 0\n"));
    EXPECT_THAT(answer.plain, Not(HasSubstr("cockpit_database_size_bytes")));
    EXPECT_THAT(answer.plain, HasSubstr("cockpit_redis_up 0\n"));
    EXPECT_THAT(answer.plain, HasSubstr("cockpit_agent_up{agent_id=\"web-1\"} 1\n"));
}

TEST_F(MetricsEndpointTest, APermissionOfItsOwn) {
    const auto reader = token_for("prometheus", {"metrics:read"});
    EXPECT_EQ(call("GET", "/metrics", "", reader).status, 200);
    EXPECT_EQ(call("GET", "/api/cockpit-agent/list", "", reader).status, 403);
    EXPECT_EQ(call("GET", "/metrics", "", token_for("eve", {"cockpit_agents:read"})).detail(),
              "this needs the permission 'metrics:read', which 'eve' does not have");
}

}  // namespace
}  // namespace cockpit::api

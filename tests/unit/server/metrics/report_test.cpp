#include "server/metrics/report.hpp"

#include <gmock/gmock.h>

namespace cockpit::metrics {
namespace {

using dispatch::Presence;
using testing::HasSubstr;
using testing::Not;

Moment moment_with(Presence presence) {
    Moment moment{.version = "1.2.3"};
    moment.agents.push_back({.id = *protocol::AgentId::parse("web-1"),
                             .presence = presence,
                             .hostname = "web-1.example.org",
                             .version = "0.9",
                             .os = "Linux \"x\"",
                             .arch = "x86_64",
                             .last_heartbeat_ms = 1'500,
                             .commands_executed = 12});
    return moment;
}

TEST(Report, AHostIsUpOrDownAndTellsWhatItDid) {
    const auto online = report({}, moment_with(Presence::online));
    EXPECT_THAT(online, HasSubstr("cockpit_agents{state=\"online\"} 1\n"));
    EXPECT_THAT(online, HasSubstr("cockpit_agent_up{agent_id=\"web-1\"} 1\n"));
    EXPECT_THAT(
        online,
        HasSubstr("cockpit_agent_last_heartbeat_timestamp_seconds{agent_id=\"web-1\"} 1.5\n"));
    EXPECT_THAT(online,
                HasSubstr("cockpit_agent_commands_executed_total{agent_id=\"web-1\"} 12\n"));
    EXPECT_THAT(online, HasSubstr("os=\"Linux \\\"x\\\"\""));
    EXPECT_THAT(report({}, moment_with(Presence::offline)),
                HasSubstr("cockpit_agent_up{agent_id=\"web-1\"} 0\n"));
}

// Whoever alerts on cockpit_agent_up == 0 must not hear of hosts that nobody could see.
TEST(Report, OurOwnBlindnessIsNoHostThatIsDown) {
    const auto unknown = report({}, moment_with(Presence::unknown));
    EXPECT_THAT(unknown, HasSubstr("cockpit_agents{state=\"unknown\"} 1\n"));
    EXPECT_THAT(unknown, Not(HasSubstr("cockpit_agent_up{")));
}

TEST(Report, CommandsByNameAndState) {
    Metrics counted;
    dispatch::CommandRecord record;
    record.command = "git_pull";
    record.state = protocol::CommandState::error;
    record.execution_time_ms = 40;
    counted.on_end(record);
    const auto text = report(counted, {});
    EXPECT_THAT(text,
                HasSubstr("cockpit_commands_total{command=\"git_pull\",state=\"error\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("cockpit_command_duration_seconds_bucket{command=\"git_pull\","
                                "state=\"error\",le=\"0.05\"} 1\n"));
}

TEST(Report, WhatDoesNotAnswerIsDownAndHasNoFigures) {
    const auto down = report({}, {});
    EXPECT_THAT(down, HasSubstr("cockpit_database_up 0\n"));
    EXPECT_THAT(down, HasSubstr("cockpit_redis_up 0\n"));
    EXPECT_THAT(down, Not(HasSubstr("cockpit_database_size_bytes")));
    EXPECT_THAT(down, Not(HasSubstr("cockpit_redis_memory_bytes")));
}

}  // namespace
}  // namespace cockpit::metrics

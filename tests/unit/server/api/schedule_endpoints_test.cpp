#include <boost/json/array.hpp>

#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

using testing::HasSubstr;

class ScheduleEndpointsTest : public ApiTest {
  protected:
    ScheduleEndpointsTest() { connect("web-1"); }
    static std::string body(std::string_view more = "", std::string_view kind = "command") {
        return R"({"name": "tick", "cron": "* * * * * *", "kind": ")" + std::string(kind) +
               R"(", "request": {"agent_id": "web-1", "command": "echo"})" + std::string(more) +
               "}";
    }
    Answer make(std::string text) { return post("/api/cockpit-agent/schedules", std::move(text)); }
    void tick(std::int64_t milliseconds) {
        clock.advance(milliseconds);
        scheduler.on_tick();
        io.restart();
        io.run();
    }
};

TEST_F(ScheduleEndpointsTest, AScheduleIsMadeFiresAndIsRemoved) {
    const auto made = make(body());
    ASSERT_EQ(made.status, 201) << made.detail();
    EXPECT_EQ(made.text("time_zone"), "UTC");
    EXPECT_EQ(make(body()).detail(), "there is a schedule 'tick' already");
    tick(1'000);
    ASSERT_EQ(commands.rows.size(), 1u);
    EXPECT_EQ(commands.rows[0].sent_by, "schedule:tick");

    const auto answer = get("/api/cockpit-agent/schedules/tick/firings");
    const auto& firings = answer.body.at("firings").as_array();
    ASSERT_EQ(firings.size(), 1u);
    EXPECT_EQ(firings[0].at("state").as_string(), "launched");
    EXPECT_EQ(firings[0].at("launched_id").as_string(), commands.rows[0].command_id);
    EXPECT_EQ(get("/api/cockpit-agent/schedules/tick").body.at("next").as_array().size(), 5u);
    EXPECT_EQ(get("/api/cockpit-agent/schedules").body.at("total").to_number<int>(), 1);

    EXPECT_EQ(call("DELETE", "/api/cockpit-agent/schedules/tick", "", admin).status, 200);
    EXPECT_EQ(get("/api/cockpit-agent/schedules/tick").detail(), "there is no schedule 'tick'");
    tick(5'000);
    EXPECT_EQ(commands.rows.size(), 1u);
}

TEST_F(ScheduleEndpointsTest, WhatIsWrongIsSaid) {
    EXPECT_EQ(make(body(R"(, "time_zone": "Mars/Olympus")")).status, 400);
    EXPECT_THAT(make(body(R"(, "missed": "never")")).detail(), HasSubstr("skip, once or all"));
    EXPECT_EQ(make(body("", "run")).detail(), "'kind' is wrong: this server cannot launch a run");
    EXPECT_THAT(make(body("", "party")).detail(), HasSubstr("none of command, run, deployment"));
    EXPECT_THAT(
        make(R"({"name": "a", "cron": "61 * * * *", "kind": "command", "request": {}})").detail(),
        HasSubstr("'cron' is wrong: column 1: the field minute cannot be '61'"));
    EXPECT_EQ(make(R"({"name": "a", "cron": "@daily", "kind": "command", "request": {}})").detail(),
              "'request' is wrong: 'agent_id' is missing");
    EXPECT_TRUE(schedule_store.kept.empty());
}

TEST_F(ScheduleEndpointsTest, RunNowStartsWhatIsDisabledToo) {
    ASSERT_EQ(make(body(R"(, "enabled": false)")).status, 201);
    tick(3'000);
    EXPECT_TRUE(commands.rows.empty());
    const auto fired = post("/api/cockpit-agent/schedules/tick/run", "");
    EXPECT_EQ(fired.status, 200) << fired.detail();
    io.restart();
    io.run();
    EXPECT_EQ(commands.rows.size(), 1u);
}

TEST_F(ScheduleEndpointsTest, PreviewShowsTheNextTimes) {
    const auto answer = get("/api/cockpit-agent/schedules/preview?cron=0%200%201%201%20*&count=2");
    ASSERT_EQ(answer.status, 200) << answer.detail();
    const auto& next = answer.body.at("next").as_array();
    ASSERT_EQ(next.size(), 2u);
    EXPECT_EQ(next[0].as_string(), "2024-01-01T00:00:00.000Z");
    EXPECT_EQ(next[1].as_string(), "2025-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace cockpit::api

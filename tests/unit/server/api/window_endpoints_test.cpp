#include <boost/json/array.hpp>

#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class WindowEndpointsTest : public ApiTest {
  protected:
    WindowEndpointsTest() {
        connect("web-1");
        connect("db-1");
    }
    Answer make(std::string text) {
        return post("/api/cockpit-agent/maintenance-windows", std::move(text));
    }
    Answer echo(std::string_view agent_id, std::string_view more = "") {
        return post("/api/cockpit-agent/command", R"({"agent_id": ")" + std::string(agent_id) +
                                                      R"(", "command": "echo")" +
                                                      std::string(more) + "}");
    }
    std::string once() {
        const auto now_s = clock.wall_ms() / 1000;
        return R"({"name": "disk", "targets": "web-*", "reason": "new disk", "from": )" +
               std::to_string(now_s - 1) + R"(, "until": )" + std::to_string(now_s + 60) + "}";
    }
};

TEST_F(WindowEndpointsTest, NothingStartsInAWindowWithoutForce) {
    ASSERT_EQ(make(once()).status, 201);
    const auto refused = echo("web-1");
    EXPECT_EQ(refused.status, 409);
    EXPECT_THAT(refused.detail(),
                AllOf(HasSubstr("'web-1' is in the maintenance window 'disk' until "),
                      HasSubstr("(new disk); nothing was sent; 'force': true")));
    EXPECT_TRUE(commands.rows.empty());
    EXPECT_EQ(echo("web-1", R"(, "force": true)").status, 200);
    EXPECT_EQ(echo("db-1").status, 200);
    const auto open = get("/api/cockpit-agent/maintenance-windows?open=true");
    EXPECT_EQ(open.body.at("total").to_number<int>(), 1);
    clock.advance(60'000);
    EXPECT_EQ(get("/api/cockpit-agent/maintenance-windows?open=true").body.at("total"), 0);
    EXPECT_EQ(get("/api/cockpit-agent/maintenance-windows").body.at("total"), 1);
}

TEST_F(WindowEndpointsTest, ARemovedWindowIsOverAtOnce) {
    ASSERT_EQ(make(once()).status, 201);
    ASSERT_EQ(echo("web-1").status, 409);
    ASSERT_EQ(call("DELETE", "/api/cockpit-agent/maintenance-windows/disk", "", admin).status, 200);
    EXPECT_EQ(echo("web-1").status, 200);
}

TEST_F(WindowEndpointsTest, WhatIsWrongIsSaid) {
    EXPECT_EQ(make(R"({"name": "a", "targets": "all"})").detail(),
              "a window has 'cron' and 'duration_s', or 'from' and a later 'until'");
    EXPECT_THAT(make(R"({"name": "a", "targets": "all", "cron": "@daily"})").detail(),
                HasSubstr("'duration_s' is wrong"));
    EXPECT_THAT(make(R"({"name": "a", "targets": "(", "from": 1, "until": 2})").detail(),
                HasSubstr("'targets' is wrong: column "));
    EXPECT_EQ(get("/api/cockpit-agent/maintenance-windows/a").status, 404);
}

}  // namespace
}  // namespace cockpit::api

#include "server/api/history_endpoints.hpp"
#include "server/api/paging.hpp"

#include <boost/json/array.hpp>

#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

class HistoryEndpointsTest : public ApiTest {
  protected:
    HistoryEndpointsTest() {
        for (int i = 1; i <= 7; ++i) {
            commands.rows.push_back({.id = i,
                                     .agent_id = i % 2 == 0 ? "web-1" : "web-2",
                                     .command_id = "id-" + std::to_string(i),
                                     .command = "echo",
                                     .params = "{}",
                                     .state = protocol::CommandState::success,
                                     .sent_at_ms = clock.wall,
                                     .sent_by = "admin"});
        }
    }
    static std::string ids(const Answer& answer) {
        std::string all;
        for (const auto& one : answer.body.at("commands").as_array()) {
            all += std::to_string(one.at("id").as_int64()) + " ";
        }
        return all;
    }
};

TEST_F(HistoryEndpointsTest, AllIsNewestFirst) {
    const auto answer = get("/api/cockpit-agent/history/all");
    EXPECT_EQ(ids(answer), "7 6 5 4 3 2 1 ");
    EXPECT_EQ(answer.body.at("total").as_int64(), 7);
    EXPECT_TRUE(answer.body.at("next_cursor").is_null());
}

TEST_F(HistoryEndpointsTest, OfOneAgent) {
    const auto answer = get("/api/cockpit-agent/web-1/history");
    EXPECT_EQ(ids(answer), "6 4 2 ");
    EXPECT_EQ(answer.body.at("total").as_int64(), 3);
}

TEST_F(HistoryEndpointsTest, TheCursorLeadsThroughAllPages) {
    std::string seen;
    std::string target = "/api/cockpit-agent/history/all?limit=3";
    for (int pages = 0; pages < 3; ++pages) {
        const auto answer = get(target);
        seen += ids(answer) + "| ";
        EXPECT_EQ(answer.body.at("total").as_int64(), 7);
        if (answer.body.at("next_cursor").is_null()) break;
        target = "/api/cockpit-agent/history/all?limit=3&cursor=" + answer.text("next_cursor");
    }
    EXPECT_EQ(seen, "7 6 5 | 4 3 2 | 1 | ");
}

TEST_F(HistoryEndpointsTest, WrongPagesAreRefused) {
    for (const auto* limit : {"0", "1001", "-1", "ten", ""}) {
        EXPECT_EQ(get(std::string("/api/cockpit-agent/history/all?limit=") + limit).status, 400)
            << limit;
    }
    for (const auto* cursor : {"7", "YmVmb3JlOi0x", "YmVmb3JlOjE7", "%2B%2B"}) {
        const auto answer = get(std::string("/api/cockpit-agent/history/all?cursor=") + cursor);
        EXPECT_EQ(answer.status, 400) << cursor;
        EXPECT_EQ(answer.detail(), "'cursor' must be the next_cursor of an earlier page");
    }
}

TEST_F(HistoryEndpointsTest, AnUnknownAgentIs404AndAKnownOneWithoutCommandsIsEmpty) {
    EXPECT_EQ(get("/api/cockpit-agent/web-9/history").status, 404);
    connect("web-9");
    const auto answer = get("/api/cockpit-agent/web-9/history");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.at("total").as_int64(), 0);
}

TEST_F(HistoryEndpointsTest, AStoreThatFailsIs503WithoutDetails) {
    commands.broken = true;
    const auto answer = get("/api/cockpit-agent/history/all");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.detail(), "the database is unavailable; try again later");
}

TEST(Cursor, ComesBackAsItWent) {
    EXPECT_EQ(from_cursor(to_cursor(1)), 1);
    EXPECT_EQ(from_cursor(to_cursor(9'000'000'000'000'000'000)), 9'000'000'000'000'000'000);
    EXPECT_EQ(from_cursor(to_cursor(0)), std::nullopt);
    EXPECT_EQ(from_cursor(""), std::nullopt);
}

}  // namespace
}  // namespace cockpit::api

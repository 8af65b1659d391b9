#include <boost/json/array.hpp>

#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

using protocol::CommandState;

class OverviewEndpointTest : public ApiTest {};

TEST_F(OverviewEndpointTest, OneAnswerHasItAll) {
    connect("web-1");
    const auto minute = clock.wall / 60'000;
    statistics.ended = {{minute, "echo", CommandState::success, 10, 3},
                        {minute - 5, "git_pull", CommandState::error, 1000, 1},
                        {minute - 61, "old", CommandState::success, 10, 9}};
    statistics.open = {{"web-1", CommandState::pending, 2}, {"web-2", CommandState::pending, 1}};
    const auto answer = get("/api/cockpit-agent/overview");
    ASSERT_EQ(answer.status, 200);
    const auto& commands = answer.body.at("commands").as_object();
    EXPECT_EQ(commands.at("ended"), 4);
    EXPECT_EQ(commands.at("failed"), 1);
    EXPECT_EQ(commands.at("error_rate"), 0.25);
    EXPECT_EQ(answer.body.at("points").as_array().size(), 60u);
    EXPECT_EQ(answer.body.at("points").as_array().back().at("ended"), 3);
    EXPECT_EQ(answer.body.at("slowest").as_array()[0].at("command"), "git_pull");
    EXPECT_EQ(answer.body.at("failing").as_array().size(), 1u);
    EXPECT_EQ(answer.body.at("open").at("pending"), 3);
    EXPECT_EQ(answer.body.at("agents").at("online"), 1);
    EXPECT_EQ(answer.body.at("agents").at("total"), 1);
    EXPECT_EQ(get("/api/cockpit-agent/overview?window=24h").body.at("commands").at("ended"), 13);
}

TEST_F(OverviewEndpointTest, OtherWindowsAndABrokenStoreAreSaid) {
    EXPECT_EQ(get("/api/cockpit-agent/overview?window=2h").detail(),
              "'window' must be 1h, 24h or 7d");
    statistics.broken = true;
    EXPECT_EQ(get("/api/cockpit-agent/overview").status, 503);
}

}  // namespace
}  // namespace cockpit::api

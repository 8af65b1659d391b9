#include "server/api/agent_feed.hpp"

#include <boost/json/array.hpp>

#include "fakes/run_task.hpp"
#include "server/api/agent_events.hpp"
#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

using testing::HasSubstr;

class AgentFeedTest : public ApiTest {
  protected:
    std::vector<std::string> changed() {
        clock.advance(250);
        std::vector<std::string> ids;
        for (const auto& view : feed.changes(seen))
            ids.push_back(view.id.text());
        return ids;
    }
    AgentFeed feed{directory, clock};
    OpenCounts open{statistics, clock};
    AgentFeed::Seen seen;
};

TEST_F(AgentFeedTest, EachChangeIsToldOnceAndTheAgeOfTheEvidenceIsNone) {
    EXPECT_THAT(changed(), testing::IsEmpty());
    connect("web-1");
    connect("web-2");
    EXPECT_THAT(changed(), testing::ElementsAre("web-1", "web-2"));
    EXPECT_THAT(changed(), testing::IsEmpty()) << "only time went by";
    directory.on_link_lost(clock.wall_ms(), "Redis is away");
    EXPECT_THAT(changed(), testing::ElementsAre("web-1", "web-2"));
    AgentFeed::Seen another;
    EXPECT_EQ(feed.changes(another).size(), 2u) << "each reader has a memory of its own";
}

TEST_F(AgentFeedTest, HostsAreLookedAtFourTimesASecondAtMost) {
    connect("web-1");
    EXPECT_EQ(changed().size(), 1u);
    connect("web-2");
    EXPECT_TRUE(feed.changes(seen).empty());
    EXPECT_THAT(changed(), testing::ElementsAre("web-2"));
}

TEST_F(AgentFeedTest, AReaderGetsAllAtFirstAndThenWhatChanged) {
    connect("web-1");
    clock.advance(250);
    const auto events = agent_events(io.get_executor(), feed, open, targeting, nullptr);
    const auto first = fakes::run_task(io, events->next());
    ASSERT_TRUE(first);
    EXPECT_THAT(*first, HasSubstr("event: agents\ndata: {\"agents\":[{\"agent_id\":\"web-1\""));
    EXPECT_THAT(*first, HasSubstr("\"all\":true}"));
    connect("web-2");
    clock.advance(250);
    const auto second = fakes::run_task(io, events->next());
    EXPECT_THAT(*second, HasSubstr("web-2"));
    EXPECT_THAT(*second, HasSubstr("\"all\":false}"));
}

TEST_F(AgentFeedTest, OpenCommandsAreToldAtFirstAndWhenTheyChange) {
    const auto events = agent_events(io.get_executor(), feed, open, targeting, nullptr);
    fakes::run_task(io, events->next());
    EXPECT_EQ(fakes::run_task(io, events->next()), "event: open\ndata: {}\n\n");
    statistics.open = {{"web-1", protocol::CommandState::pending, 2}};
    clock.advance(1000);
    EXPECT_EQ(fakes::run_task(io, events->next()),
              "event: open\ndata: {\"web-1\":{\"pending\":2}}\n\n");
    statistics.broken = true;
    clock.advance(1000);
    const auto kept = fakes::run_task(io, open.now());
    EXPECT_EQ(kept->size(), 1u) << "what was known stays";
    EXPECT_EQ(statistics.times_asked, 3) << "once a second at most";
}

TEST_F(AgentFeedTest, WhatAHostCanDoIsToldWithItsParameters) {
    connect("web-1");
    const auto answer = get("/api/cockpit-agent/web-1/commands");
    ASSERT_EQ(answer.status, 200);
    const auto& commands = answer.body.at("commands").as_array();
    ASSERT_EQ(commands.size(), 3u);
    EXPECT_EQ(commands[0].at("name"), "echo");
    EXPECT_EQ(commands[0].at("parameters").as_array()[0].at("name"), "message");
    EXPECT_EQ(get("/api/cockpit-agent/nobody/commands").status, 404);
}

}  // namespace
}  // namespace cockpit::api

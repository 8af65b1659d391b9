#include "server/notify/presence_watch.hpp"

#include <gtest/gtest.h>

namespace cockpit::notify {
namespace {

using dispatch::AgentView;
using dispatch::Presence;

class PresenceWatchTest : public testing::Test {
  protected:
    // Whether the host is told of now.
    bool look(Presence presence, std::int64_t at_ms) {
        const std::vector<AgentView> hosts{
            {.id = *protocol::AgentId::parse("web-1"), .presence = presence}};
        return !watch.look(hosts, at_ms).empty();
    }
    PresenceWatch watch{30'000};
};

TEST_F(PresenceWatchTest, TellsAPresenceThatStood) {
    EXPECT_FALSE(look(Presence::online, 0));
    EXPECT_FALSE(look(Presence::online, 29'999));
    EXPECT_TRUE(look(Presence::online, 30'000));
    EXPECT_FALSE(look(Presence::online, 31'000)) << "once";
    EXPECT_FALSE(look(Presence::offline, 40'000));
    EXPECT_FALSE(look(Presence::offline, 69'999));
    EXPECT_TRUE(look(Presence::offline, 70'000));
}

TEST_F(PresenceWatchTest, AHostThatFlapsIsNotTold) {
    look(Presence::online, 0);
    EXPECT_TRUE(look(Presence::online, 30'000));
    for (std::int64_t at = 31'000; at < 300'000; at += 20'000) {
        EXPECT_FALSE(look(Presence::offline, at));
        EXPECT_FALSE(look(Presence::online, at + 10'000));
    }
    EXPECT_FALSE(look(Presence::online, 400'000)) << "it is what was told before";
}

TEST_F(PresenceWatchTest, UnknownIsNoEvidence) {
    look(Presence::online, 0);
    EXPECT_TRUE(look(Presence::online, 30'000));
    EXPECT_FALSE(look(Presence::unknown, 31'000));
    EXPECT_FALSE(look(Presence::unknown, 200'000));
    EXPECT_FALSE(look(Presence::offline, 201'000)) << "it stands only since now";
    EXPECT_TRUE(look(Presence::offline, 231'000));
}

}  // namespace
}  // namespace cockpit::notify

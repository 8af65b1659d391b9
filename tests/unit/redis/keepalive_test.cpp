#include "redis/keepalive.hpp"

#include <gtest/gtest.h>

namespace cockpit::redis {
namespace {

using std::chrono::milliseconds;
using Verdict = Keepalive::Verdict;

TEST(Keepalive, pings_when_idle_and_is_lost_when_the_ping_has_no_answer) {
    Keepalive keepalive(milliseconds(100));
    keepalive.begin(1000);
    EXPECT_EQ(keepalive.check(1099), Verdict::nothing);
    EXPECT_EQ(keepalive.next_check(1000), 1100);
    EXPECT_EQ(keepalive.check(1100), Verdict::ping);
    keepalive.waiting(1100, milliseconds(0));
    EXPECT_EQ(keepalive.check(1199), Verdict::nothing);
    EXPECT_EQ(keepalive.check(1200), Verdict::lost);
}

TEST(Keepalive, any_byte_is_a_sign_of_life) {
    Keepalive keepalive(milliseconds(100));
    keepalive.begin(1000);
    keepalive.waiting(1000, milliseconds(0));
    keepalive.received(1090);
    EXPECT_EQ(keepalive.check(1150), Verdict::nothing);
    keepalive.idle();
    EXPECT_EQ(keepalive.check(1189), Verdict::nothing);
    EXPECT_EQ(keepalive.check(1190), Verdict::ping);
}

TEST(Keepalive, a_blocking_command_may_take_its_time) {
    Keepalive keepalive(milliseconds(100));
    keepalive.begin(0);
    keepalive.waiting(0, milliseconds(5000));
    EXPECT_EQ(keepalive.check(5099), Verdict::nothing);
    EXPECT_EQ(keepalive.check(5100), Verdict::lost);
    keepalive.waiting(0, std::nullopt);
    EXPECT_EQ(keepalive.check(1'000'000'000), Verdict::nothing);
}

TEST(Keepalive, looks_again_after_a_period_at_the_latest) {
    Keepalive keepalive(milliseconds(100));
    keepalive.begin(0);
    keepalive.waiting(0, std::nullopt);
    EXPECT_EQ(keepalive.next_check(50), 150);
    keepalive.waiting(0, milliseconds(5000));
    EXPECT_EQ(keepalive.next_check(50), 150);
}

TEST(Keepalive, knows_how_long_commands_block) {
    const auto none = std::optional(milliseconds(0));
    const std::optional<milliseconds> for_ever;
    const struct {
        Command command;
        std::optional<milliseconds> expected;
    } cases[] = {
        {{"PING"}, none},
        {{"GET", "BLOCK", "1"}, none},
        {{"XADD", "s", "*", "BLOCK", "1"}, none},
        {{"XREAD", "STREAMS", "s", "$"}, none},
        {{"XREAD", "BLOCK", "5000", "STREAMS", "s", "$"}, milliseconds(5000)},
        {{"xreadgroup", "GROUP", "g", "c", "count", "9", "block", "250", "STREAMS", "s", ">"},
         milliseconds(250)},
        {{"XREADGROUP", "GROUP", "BLOCK", "77", "STREAMS", "s", ">"}, none},
        {{"XREADGROUP", "GROUP", "g", "c", "STREAMS", "BLOCK", ">"}, none},
        {{"XREAD", "BLOCK", "0", "STREAMS", "s", "$"}, for_ever},
        {{"XREAD", "BLOCK", "soon", "STREAMS", "s", "$"}, none},
        {{"BLPOP", "a", "b", "0.5"}, milliseconds(500)},
        {{"blpop", "a", "0"}, for_ever},
        {{"BLMPOP", "2", "1", "k", "LEFT"}, milliseconds(2000)},
        {{"WAIT", "1", "300"}, milliseconds(300)},
        {{"BITCOUNT", "k", "0"}, none},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(block_time(each.command), each.expected) << each.command.front();
    }
}

}  // namespace
}  // namespace cockpit::redis

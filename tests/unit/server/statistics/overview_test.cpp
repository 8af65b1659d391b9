#include "server/statistics/overview.hpp"

#include <gmock/gmock.h>

namespace cockpit::statistics {
namespace {

using protocol::CommandState;
using testing::DoubleNear;
using testing::Optional;

constexpr std::int64_t minute_ms = 60'000;
constexpr Window ten_minutes{.from_minute = 100, .until_minute = 109, .step = Step::minute};

TEST(DurationClasses, AreAtMostHalfAsWideAsTheyBegin) {
    EXPECT_EQ(end_of_class(0), 1);
    EXPECT_EQ(end_of_class(9), 10);
    EXPECT_EQ(end_of_class(10), 15);
    EXPECT_EQ(end_of_class(95), 100);
    EXPECT_EQ(end_of_class(100), 150);
    EXPECT_EQ(end_of_class(950), 1000);
    EXPECT_EQ(end_of_class(5'000'000), 5'500'000);
    EXPECT_EQ(end_of_class(last_class_ms), last_class_ms);
}

TEST(WindowTest, StepsAreWholeAndTheRunningOneIsIn) {
    const auto hour = window_of(60, 1'000'000 * minute_ms + 59'999);
    EXPECT_EQ(hour.from_minute, 999'941);
    EXPECT_EQ(hour.until_minute, 1'000'000);
    EXPECT_EQ(hour.step, Step::minute);
    const auto week = window_of(7 * 1440, 1'000'000 * minute_ms);
    EXPECT_EQ(week.step, Step::hour);
    EXPECT_EQ(week.from_minute % 60, 0);
    EXPECT_LE(week.from_minute, 1'000'000 - 7 * 1440 + 1);
}

TEST(OverviewTest, WithoutCommandsThereAreStepsAndNoPercentiles) {
    const auto overview = overview_of({}, ten_minutes);
    EXPECT_EQ(overview.points.size(), 10u);
    EXPECT_EQ(overview.all.ended, 0);
    EXPECT_EQ(overview.all.error_rate(), 0);
    EXPECT_EQ(overview.all.durations.p95, std::nullopt);
    EXPECT_TRUE(overview.slowest.empty());
}

TEST(OverviewTest, CancelledIsNoFailureAndWhatNeverRanHasNoDuration) {
    const Tally tallies[] = {{100, "echo", CommandState::success, 5, 6},
                             {100, "echo", CommandState::cancelled, 5, 1},
                             {103, "echo", CommandState::expired, std::nullopt, 2},
                             {103, "pull", CommandState::error, 1000, 1}};
    const auto overview = overview_of(tallies, ten_minutes);
    EXPECT_EQ(overview.all.ended, 10);
    EXPECT_EQ(overview.all.failed, 3);
    EXPECT_DOUBLE_EQ(overview.all.error_rate(), 0.3);
    EXPECT_EQ(overview.points[0].counted.ended, 7);
    EXPECT_EQ(overview.points[1].counted.ended, 0);
    EXPECT_EQ(overview.points[3].counted.failed, 3);
    ASSERT_EQ(overview.failing.size(), 2u);
    EXPECT_EQ(overview.failing[0].command, "echo") << "two of them expired";
    ASSERT_EQ(overview.slowest.size(), 2u);
    EXPECT_EQ(overview.slowest[0].command, "pull");
}

// A thousand durations, evenly spread: the classes must give back about what sorting would.
TEST(OverviewTest, PercentilesAreThoseOfTheDurationsAsFarAsClassesCanTell) {
    std::vector<Tally> tallies;
    for (std::int64_t ms = 0; ms < 1000; ++ms) {
        std::int64_t least = 0;
        while (end_of_class(least) <= ms)
            least = end_of_class(least);
        tallies.push_back({100, "echo", CommandState::success, least, 1});
    }
    const auto durations = overview_of(tallies, ten_minutes).all.durations;
    EXPECT_THAT(durations.p50, Optional(DoubleNear(500, 1)));
    EXPECT_THAT(durations.p95, Optional(DoubleNear(950, 1)));
    EXPECT_THAT(durations.p99, Optional(DoubleNear(990, 1)));
}

TEST(OverviewTest, WhatLiesOutsideTheWindowIsNotThere) {
    const Tally tallies[] = {{99, "echo", CommandState::success, 5, 6},
                             {110, "echo", CommandState::success, 5, 6}};
    EXPECT_EQ(overview_of(tallies, ten_minutes).all.ended, 0);
}

}  // namespace
}  // namespace cockpit::statistics

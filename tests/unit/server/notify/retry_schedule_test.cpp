#include "server/notify/retry_schedule.hpp"

#include <gtest/gtest.h>

namespace cockpit::notify {
namespace {

constexpr RetrySchedule usual{};
constexpr std::int64_t day_ms = 86'400'000;

std::int64_t pause_after(int failures, double chance = 0.5) {
    return next_attempt(usual, failures, 0, day_ms, chance).value();
}

TEST(RetrySchedule, DoublesFromTenSecondsToAnHour) {
    EXPECT_EQ(pause_after(1), 10'000);
    EXPECT_EQ(pause_after(2), 20'000);
    EXPECT_EQ(pause_after(3), 40'000);
    EXPECT_EQ(pause_after(9), 2'560'000);
    EXPECT_EQ(pause_after(10), 3'600'000);
    EXPECT_EQ(pause_after(100'000), 3'600'000);
}

TEST(RetrySchedule, ChanceMovesItByAFifth) {
    EXPECT_EQ(pause_after(1, 0.0), 8'000);
    EXPECT_EQ(pause_after(1, 1.0), 12'000);
    EXPECT_EQ(pause_after(1, 7.0), 12'000);
}

TEST(RetrySchedule, NoAttemptAfterTheLastMoment) {
    EXPECT_EQ(next_attempt(usual, 1, 0, 10'000, 0.5), 10'000);
    EXPECT_EQ(next_attempt(usual, 1, 1, 10'000, 0.5), std::nullopt);
}

// docs/notifications.md promises this number.
TEST(RetrySchedule, ADayHoldsAboutThirtyTwoAttempts) {
    std::int64_t now = 0;
    int attempts = 1;
    while (const auto next = next_attempt(usual, attempts, now, day_ms, 0.5)) {
        now = *next;
        ++attempts;
    }
    EXPECT_EQ(attempts, 32);
}

}  // namespace
}  // namespace cockpit::notify

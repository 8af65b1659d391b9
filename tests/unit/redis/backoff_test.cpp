#include "redis/backoff.hpp"

#include <gtest/gtest.h>

namespace cockpit::redis {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, doubles_up_to_the_cap) {
    Backoff backoff(milliseconds(50), milliseconds(300));
    for (const int expected : {50, 100, 200, 300, 300}) {
        EXPECT_EQ(backoff.next(1.0), milliseconds(expected));
    }
    EXPECT_EQ(backoff.failures(), 5);
}

TEST(Backoff, pauses_between_half_and_all_of_the_step) {
    EXPECT_EQ(Backoff(milliseconds(100), milliseconds(1000)).next(0.0), milliseconds(50));
    EXPECT_EQ(Backoff(milliseconds(100), milliseconds(1000)).next(0.5), milliseconds(75));
}

TEST(Backoff, begins_again_after_reset) {
    Backoff backoff(milliseconds(50), milliseconds(5000));
    for (int i = 0; i < 4; ++i)
        backoff.next(0.0);
    backoff.reset();
    EXPECT_EQ(backoff.failures(), 0);
    EXPECT_EQ(backoff.next(1.0), milliseconds(50));
}

TEST(Backoff, stays_at_the_cap_after_very_many_failures) {
    Backoff backoff(milliseconds(50), milliseconds(5000));
    for (int i = 0; i < 10'000; ++i)
        backoff.next(0.3);
    EXPECT_EQ(backoff.next(1.0), milliseconds(5000));
}

}  // namespace
}  // namespace cockpit::redis

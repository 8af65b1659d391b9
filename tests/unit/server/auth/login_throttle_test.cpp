#include "server/auth/login_throttle.hpp"

#include <gmock/gmock.h>

namespace cockpit::auth {
namespace {

constexpr ThrottleSettings settings{.attempts = 3,
                                    .attempt_every_ms = 10'000,
                                    .peer_attempts = 5,
                                    .peer_attempt_every_ms = 1'000,
                                    .max_buckets = 20};

TEST(LoginThrottle, AFewAttemptsThenOneEachInterval) {
    LoginThrottle throttle(settings);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(throttle.charge("vera", "10.0.0.1", 0), std::nullopt);
    EXPECT_EQ(throttle.charge("vera", "10.0.0.1", 0), 10);
    EXPECT_EQ(throttle.charge("vera", "10.0.0.1", 9'500), 1);
    EXPECT_EQ(throttle.charge("vera", "10.0.0.1", 10'000), std::nullopt);
    EXPECT_EQ(throttle.charge("vera", "10.0.0.1", 10'000), 10);
}

TEST(LoginThrottle, AnotherPeerIsNotLockedOut) {
    LoginThrottle throttle(settings);
    for (int i = 0; i < 4; ++i)
        throttle.charge("vera", "10.0.0.1", 0);
    EXPECT_EQ(throttle.charge("vera", "10.0.0.2", 0), std::nullopt);
}

TEST(LoginThrottle, APeerThatTriesManyNamesIsSlowedToo) {
    LoginThrottle throttle(settings);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(throttle.charge("user" + std::to_string(i), "10.0.0.1", 0), std::nullopt);
    }
    EXPECT_EQ(throttle.charge("user5", "10.0.0.1", 0), 1);
    EXPECT_EQ(throttle.charge("user5", "10.0.0.1", 1'000), std::nullopt);
}

TEST(LoginThrottle, SuccessForgetsTheFailures) {
    LoginThrottle throttle(settings);
    for (int i = 0; i < 50; ++i) {
        ASSERT_EQ(throttle.charge("vera", "10.0.0.1", 0), std::nullopt) << i;
        throttle.succeeded("vera", "10.0.0.1");
    }
}

TEST(LoginThrottle, AnAttemptGivenBackDoesNotCount) {
    LoginThrottle throttle(settings);
    for (int i = 0; i < 50; ++i) {
        ASSERT_EQ(throttle.charge("vera", "10.0.0.1", 0), std::nullopt) << i;
        throttle.give_back("vera", "10.0.0.1");
    }
}

TEST(LoginThrottle, MemoryIsBoundedAndTheMostUsedBucketsStay) {
    LoginThrottle throttle(settings);
    for (int i = 0; i < 4; ++i)
        throttle.charge("vera", "10.0.0.1", 0);
    for (int i = 0; i < 1000; ++i)
        throttle.charge("x", "peer" + std::to_string(i), 0);
    EXPECT_LE(throttle.buckets(), settings.max_buckets);
    EXPECT_NE(throttle.charge("vera", "10.0.0.1", 0), std::nullopt);
}

TEST(LoginThrottle, AClockThatGoesBackTakesNothingAway) {
    LoginThrottle throttle(settings);
    EXPECT_EQ(throttle.charge("vera", "10.0.0.1", 10'000), std::nullopt);
    EXPECT_EQ(throttle.charge("vera", "10.0.0.1", 0), std::nullopt);
    EXPECT_EQ(throttle.charge("vera", "10.0.0.1", 0), std::nullopt);
}

}  // namespace
}  // namespace cockpit::auth

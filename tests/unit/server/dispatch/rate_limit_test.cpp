#include "server/dispatch/rate_limit.hpp"

#include <gtest/gtest.h>

#include "unit/server/dispatch/dispatcher_fixture.hpp"

namespace cockpit::dispatch {
namespace {

TEST(TokenBuckets, a_full_bucket_gives_its_burst_and_then_one_per_interval) {
    TokenBuckets buckets({.per_second = 10, .burst = 3});
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(buckets.take("web-1", 5'000), 0);
    EXPECT_EQ(buckets.take("web-1", 5'000), 100) << "says when there will be one";
    EXPECT_EQ(buckets.take("web-1", 5'060), 40) << "asking costs nothing";
    EXPECT_EQ(buckets.take("web-1", 5'100), 0);
    EXPECT_EQ(buckets.take("web-1", 5'100), 100);
}

TEST(TokenBuckets, hosts_have_buckets_of_their_own_and_no_more_than_the_burst_gathers) {
    TokenBuckets buckets({.per_second = 1, .burst = 2});
    EXPECT_EQ(buckets.take("web-1", 0), 0);
    EXPECT_EQ(buckets.take("web-1", 0), 0);
    EXPECT_GT(buckets.take("web-1", 0), 0);
    EXPECT_EQ(buckets.take("web-2", 0), 0);
    const std::int64_t much_later = 86'400'000;
    EXPECT_EQ(buckets.take("web-1", much_later), 0);
    EXPECT_EQ(buckets.take("web-1", much_later), 0);
    EXPECT_EQ(buckets.take("web-1", much_later), 1'000);
}

TEST(TokenBuckets, over_a_long_time_exactly_the_rate_is_given) {
    TokenBuckets buckets({.per_second = 7, .burst = 5});
    int taken = 0;
    for (std::int64_t now = 0; now < 60'000; ++now)
        taken += buckets.take("web-1", now) == 0 ? 1 : 0;
    EXPECT_NEAR(taken, 5 + 7 * 60, 1);
}

TEST(TokenBuckets, no_limit_counts_nothing_and_full_buckets_are_forgotten) {
    TokenBuckets unlimited({});
    for (int i = 0; i < 1'000; ++i)
        ASSERT_EQ(unlimited.take("web-1", 0), 0);
    EXPECT_EQ(unlimited.size(), 0u);

    TokenBuckets buckets({.per_second = 1'000, .burst = 1});
    for (int i = 0; i < 10'000; ++i)
        buckets.take("host-" + std::to_string(i), i * 10);
    EXPECT_LE(buckets.size(), 1'024u);
}

class RateLimitedDispatcher : public DispatcherTest {
  protected:
    std::optional<Submitted> submit_key(const std::string& key) {
        std::optional<Submitted> result;
        limited.submit({.agent = web,
                        .command = "echo",
                        .sent_by = "alice",
                        .idempotency = Submission::Idempotency{key, "digest"}},
                       [&](Submitted answer) { result = std::move(answer); });
        answers.deliver();
        return result;
    }
    Submitted submit_echo() {
        std::optional<Submitted> result;
        limited.submit({.agent = web, .command = "echo", .sent_by = "alice"},
                       [&](Submitted answer) { result = std::move(answer); });
        answers.deliver();
        return *std::move(result);
    }

    Dispatcher limited{
        {.rate = {.per_second = 2, .burst = 2}}, clock, directory, store, link, next_id};
};

TEST_F(RateLimitedDispatcher, what_the_shared_bucket_refuses_is_not_recorded) {
    link.permit = 1'200;
    const auto refused = submit_echo();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, Kind::rate_limited);
    EXPECT_EQ(refused.error().retry_after_ms, 1'200);
    EXPECT_EQ(refused.error().detail,
              "agent 'web-1' is given 2 commands per second at most, 2 at once (AGENT_RATE_LIMIT, "
              "AGENT_RATE_BURST): nothing was sent; try again in 2 s");
    EXPECT_TRUE(store.rows.empty());
    EXPECT_TRUE(link.runs.empty());
    link.permit = 0;
    EXPECT_TRUE(submit_echo().has_value());
}

TEST_F(RateLimitedDispatcher, without_redis_this_server_counts_by_itself) {
    link.permit = std::nullopt;
    EXPECT_TRUE(submit_echo().has_value());
    EXPECT_TRUE(submit_echo().has_value());
    const auto refused = submit_echo();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, Kind::rate_limited);
    clock.advance(refused.error().retry_after_ms);
    EXPECT_TRUE(submit_echo().has_value());
}

TEST_F(RateLimitedDispatcher, a_repeated_request_and_a_wrong_one_cost_no_permit) {
    link.permit = 0;
    ASSERT_TRUE(submit_key("once")->has_value());
    EXPECT_EQ(link.permits_asked, 1);
    ASSERT_TRUE(submit_key("once")->has_value());
    EXPECT_EQ(link.permits_asked, 1);
    limited.submit({.agent = web, .command = "format_disk", .sent_by = "alice"},
                   [](const Submitted& answer) { EXPECT_FALSE(answer.has_value()); });
    answers.deliver();
    EXPECT_EQ(link.permits_asked, 1);
}

TEST_F(DispatcherTest, without_a_limit_nobody_is_asked) {
    echo();
    EXPECT_EQ(link.permits_asked, 0);
}

}  // namespace
}  // namespace cockpit::dispatch

#include "agent/spool/retention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cockpit::spool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t hour = 3'600'000;
constexpr std::int64_t now = 1'800'000'000'000;

protocol::AttemptId attempt(char digit) {
    return {*protocol::CommandId::parse(std::string("00000000-0000-4000-8000-00000000000") + digit),
            1};
}
Held held(char digit, std::int64_t age, std::uint64_t bytes, bool busy = false) {
    return {attempt(digit), now - age, bytes, busy};
}

TEST(Retention, what_is_older_than_the_time_goes) {
    EXPECT_THAT(to_discard({held('1', 25 * hour, 10), held('2', 24 * hour, 10), held('3', hour, 10),
                            held('4', 99 * hour, 10)},
                           {24 * hour, 1'000}, now),
                ElementsAre(attempt('4'), attempt('1')));
    EXPECT_THAT(to_discard({}, {24 * hour, 1'000}, now), IsEmpty());
}

TEST(Retention, the_oldest_go_until_the_rest_fits) {
    const std::vector<Held> all = {held('1', 1 * hour, 400), held('2', 3 * hour, 300),
                                   held('3', 2 * hour, 300)};
    EXPECT_THAT(to_discard(all, {24 * hour, 1'000}, now), IsEmpty());
    EXPECT_THAT(to_discard(all, {24 * hour, 999}, now), ElementsAre(attempt('2')));
    EXPECT_THAT(to_discard(all, {24 * hour, 399}, now),
                ElementsAre(attempt('2'), attempt('3'), attempt('1')));
}

TEST(Retention, what_runs_or_is_not_acknowledged_stays_but_counts) {
    EXPECT_THAT(to_discard({held('1', 99 * hour, 900, true), held('2', 2 * hour, 100),
                            held('3', hour, 100)},
                           {24 * hour, 1'000}, now),
                ElementsAre(attempt('2')));
}

TEST(Retention, the_oldest_go_until_the_disk_has_room) {
    const std::vector<Held> all = {held('1', 1 * hour, 400), held('2', 3 * hour, 300),
                                   held('3', 2 * hour, 300), held('4', 4 * hour, 300, true)};
    const Keeping keeping{24 * hour, 10'000, 500};
    EXPECT_THAT(to_discard(all, keeping, now, Room{8'000, 500}), IsEmpty());
    EXPECT_THAT(to_discard(all, keeping, now, Room{8'000, 499}), ElementsAre(attempt('2')));
    EXPECT_THAT(to_discard(all, keeping, now, Room{8'000, 0}),
                ElementsAre(attempt('2'), attempt('3')));
    EXPECT_THAT(to_discard(all, keeping, now, Room{800, 100}), IsEmpty())
        << "of a small disk an eighth";
}

TEST(Retention, what_is_new_stays_even_where_nothing_is_to_be_kept) {
    EXPECT_THAT(to_discard({held('1', 1'000, 900), held('2', 61'000, 100)}, {0, 0}, now),
                ElementsAre(attempt('2')));
    EXPECT_THAT(to_discard({held('1', -hour, 900)}, {0, 0}, now), IsEmpty())
        << "the clock went back";
}

}  // namespace
}  // namespace cockpit::spool

#include "server/statistics/statistics_store.hpp"

#include <gmock/gmock.h>

#include "server/statistics/overview.hpp"
#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using protocol::CommandState;
using statistics::Tally;

class StatisticsStoreTest : public StoreTest {
  protected:
    std::vector<Tally> tallies(std::int64_t from_minute = 0,
                               statistics::Step step = statistics::Step::minute) {
        using Result = dispatch::StoreResult<std::vector<Tally>>;
        auto found = store_.wait<Result>(
            [&](auto done) { store_->tallies(from_minute, step, std::move(done)); });
        return found.value();
    }
    void end(unsigned n, CommandState state, std::int64_t at_ms,
             std::optional<std::int64_t> took_ms) {
        ASSERT_TRUE(store_.insert(command_record(n)));
        auto update = command_update(n, state);
        update.at_ms = at_ms;
        update.execution_time_ms = took_ms;
        ASSERT_TRUE(store_.update(update).value().changed);
    }
    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(StatisticsStoreTest);

TEST_P(StatisticsStoreTest, EachCommandCountsOnceWhenItEnds) {
    end(1, CommandState::success, 120'000, 17);
    end(2, CommandState::success, 120'500, 19);
    end(3, CommandState::success, 179'999, 20);
    end(4, CommandState::expired, 180'000, std::nullopt);
    ASSERT_TRUE(store_.insert(command_record(5))) << "still open: not counted";
    EXPECT_FALSE(store_.update(command_update(1, CommandState::error)).value().changed);

    auto found = tallies();
    std::ranges::sort(found, {}, [](const Tally& t) { return std::pair(t.minute, t.duration_ms); });
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].minute, 2);
    EXPECT_EQ(found[0].duration_ms, 15);
    EXPECT_EQ(found[0].total, 2);
    EXPECT_EQ(found[0].state, CommandState::success);
    EXPECT_EQ(found[1].duration_ms, 20);
    EXPECT_EQ(found[2].minute, 3);
    EXPECT_EQ(found[2].state, CommandState::expired);
    EXPECT_EQ(found[2].duration_ms, std::nullopt);
    EXPECT_EQ(tallies(3).size(), 1u);
}

TEST_P(StatisticsStoreTest, TheDatabasesClassesAreThoseOfTheOverview) {
    const std::int64_t durations[] = {0,      9,       10,        99,         100,
                                      12'345, 123'456, 9'999'999, 10'000'000, 86'400'000};
    unsigned n = 0;
    for (const auto ms : durations)
        end(++n, CommandState::success, 60'000, ms);
    std::int64_t total = 0;
    for (const auto& tally : tallies()) {
        total += tally.total;
        const auto least = tally.duration_ms.value();
        const auto fits = [&](std::int64_t ms) {
            return ms >= least &&
                   (ms < statistics::end_of_class(least) || least == statistics::last_class_ms);
        };
        EXPECT_EQ(std::ranges::count_if(durations, fits), tally.total) << least;
    }
    EXPECT_EQ(total, std::ssize(durations));
}

TEST_P(StatisticsStoreTest, StepsAddMinutesUpAndOldOnesGo) {
    end(1, CommandState::success, 60 * 60'000, 5);
    end(2, CommandState::success, 119 * 60'000, 5);
    end(3, CommandState::success, 120 * 60'000, 5);
    auto found = tallies(0, statistics::Step::hour);
    std::ranges::sort(found, {}, &Tally::minute);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].minute, 60);
    EXPECT_EQ(found[0].total, 2);
    EXPECT_EQ(found[1].minute, 120);
    using Result = dispatch::StoreResult<bool>;
    ASSERT_TRUE(store_.wait<Result>([&](auto done) {
        store_->remove_tallies({.minutes = 119, .hours = 120}, std::move(done));
    }));
    EXPECT_EQ(tallies().size(), 2u);
    EXPECT_EQ(tallies(0, statistics::Step::hour).size(), 1u);
}

TEST_P(StatisticsStoreTest, OpenCommandsAreCountedByHostAndState) {
    ASSERT_TRUE(store_.insert(command_record(1)));
    ASSERT_TRUE(store_.insert(command_record(2)));
    ASSERT_TRUE(store_.update(command_update(2, CommandState::running)).value().changed);
    end(3, CommandState::success, 60'000, 5);
    using Result = dispatch::StoreResult<std::vector<statistics::OpenCount>>;
    const auto found =
        store_.wait<Result>([&](auto done) { store_->open_counts(std::move(done)); }).value();
    ASSERT_EQ(found.size(), 2u);
    for (const auto& one : found) {
        EXPECT_EQ(one.total, 1);
        EXPECT_FALSE(protocol::is_final(one.state));
    }
}

TEST_P(StatisticsStoreTest, SizeOfTheDatabase) {
    using Result = dispatch::StoreResult<statistics::DatabaseSize>;
    const auto size = [&] {
        return store_.wait<Result>([&](auto done) { store_->database_size(std::move(done)); })
            .value();
    };
    EXPECT_GT(size().bytes, 0);
    EXPECT_EQ(size().history, 0);
    ASSERT_TRUE(store_.insert(command_record(1)));
    ASSERT_TRUE(store_.insert(command_record(2)));
    EXPECT_EQ(size().history, 2);
    const auto figures = store_->write_figures();
    EXPECT_GE(figures.group_sizes.sum(), 2);
    EXPECT_EQ(figures.group_sizes.count(), figures.seconds.count());
}

// Servers that end commands at the same time, each in an order of its own, must not wait for each
// other in a circle: PostgreSQL would find it only after a second, and undo one of them.
TEST_P(StatisticsStoreTest, ServersThatCountAtTheSameTimeLoseNothing) {
    OpenStore other(url_);
    constexpr unsigned each = 40;
    for (unsigned n = 1; n <= 2 * each; ++n)
        ASSERT_TRUE(store_.insert(command_record(n)));
    unsigned answered = 0;
    for (unsigned i = 0; i < each; ++i) {
        const auto send = [&](OpenStore& store, unsigned n, std::int64_t took_ms) {
            auto update = command_update(n, CommandState::success);
            update.at_ms = 60'000;
            update.execution_time_ms = took_ms;
            store->update(update, [&](auto outcome) {
                EXPECT_TRUE(outcome && outcome->changed);
                ++answered;
            });
        };
        send(store_, 1 + i, i % 8);
        send(other, 1 + each + i, 7 - i % 8);
    }
    store_.run_until([&] {
        other.io().restart();
        other.io().poll();
        return answered == 2 * each;
    });
    std::int64_t total = 0;
    for (const auto& tally : tallies())
        total += tally.total;
    EXPECT_EQ(total, std::int64_t{2} * each);
}

}  // namespace
}  // namespace cockpit::store

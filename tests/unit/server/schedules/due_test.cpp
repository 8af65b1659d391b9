#include "server/schedules/due.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <random>

namespace cockpit::schedules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::int64_t utc(int year, unsigned month, unsigned day, int hour, int minute, int second = 0) {
    using namespace std::chrono;
    return sys_days(std::chrono::year(year) / month / day).time_since_epoch().count() * 86'400LL +
           hour * 3600 + minute * 60 + second;
}

std::vector<std::int64_t> dues(std::string_view cron, std::string_view zone, std::int64_t after,
                               std::size_t count) {
    return next_dues(Cron::parse(cron).value(), Zone::find(zone).value(), after, count);
}

TEST(Zone, UnknownNamesAreRefused) {
    for (const auto* name :
         {"", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "Europe/Berlin\n"}) {
        const auto zone = Zone::find(name);
        ASSERT_FALSE(zone) << name;
        EXPECT_THAT(zone.error(), HasSubstr("there is no time zone '")) << name;
    }
}

TEST(Due, UtcKnowsNoChange) {
    EXPECT_THAT(dues("30 2 * * *", "UTC", utc(2026, 3, 28, 3, 0), 2),
                ElementsAre(utc(2026, 3, 29, 2, 30), utc(2026, 3, 30, 2, 30)));
}

// Berlin: 2026-03-29 02:00 becomes 03:00 (01:00 UTC); 2026-10-25 03:00 becomes 02:00 (01:00 UTC).
TEST(Due, AFixedTimeThatDoesNotExistIsDueAfterTheGapOnce) {
    EXPECT_THAT(dues("30 2 * * *", "Europe/Berlin", utc(2026, 3, 28, 2, 0), 2),
                ElementsAre(utc(2026, 3, 29, 1, 0), utc(2026, 3, 30, 0, 30)));
    EXPECT_THAT(dues("0,15,30,45 2 * * *", "Europe/Berlin", utc(2026, 3, 28, 2, 0), 2),
                ElementsAre(utc(2026, 3, 29, 1, 0), utc(2026, 3, 30, 0, 0)));
}

TEST(Due, AFixedTimeThatComesTwiceIsDueOnce) {
    EXPECT_THAT(dues("30 2 * * *", "Europe/Berlin", utc(2026, 10, 24, 12, 0), 2),
                ElementsAre(utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)));
    EXPECT_THAT(dues("30 2 * * *", "Europe/Berlin", utc(2026, 10, 25, 1, 10), 1),
                ElementsAre(utc(2026, 10, 26, 1, 30)));
}

TEST(Due, ARhythmFollowsTheClockAsItRuns) {
    EXPECT_THAT(dues("30 * * * *", "Europe/Berlin", utc(2026, 3, 29, 0, 0), 2),
                ElementsAre(utc(2026, 3, 29, 0, 30), utc(2026, 3, 29, 1, 30)));
    EXPECT_THAT(dues("30 * * * *", "Europe/Berlin", utc(2026, 10, 25, 0, 0), 2),
                ElementsAre(utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)));
}

// New York: 2026-03-08 02:00 becomes 03:00 (07:00 UTC); 2026-11-01 02:00 becomes 01:00 (06:00 UTC).
TEST(Due, NewYork) {
    EXPECT_THAT(dues("15 2 * * *", "America/New_York", utc(2026, 3, 8, 0, 0), 2),
                ElementsAre(utc(2026, 3, 8, 7, 0), utc(2026, 3, 9, 6, 15)));
    EXPECT_THAT(dues("15 1 * * *", "America/New_York", utc(2026, 11, 1, 0, 0), 2),
                ElementsAre(utc(2026, 11, 1, 5, 15), utc(2026, 11, 2, 6, 15)));
}

// Lord Howe: half an hour. 2026-04-05 02:00 becomes 01:30 (2026-04-04 15:00 UTC); 2026-10-04 02:00
// becomes 02:30 (2026-10-03 15:30 UTC).
TEST(Due, LordHoweMovesByHalfAnHour) {
    EXPECT_THAT(dues("45 1 * * *", "Australia/Lord_Howe", utc(2026, 4, 4, 12, 0), 2),
                ElementsAre(utc(2026, 4, 4, 14, 45), utc(2026, 4, 5, 15, 15)));
    EXPECT_THAT(dues("15 2 * * *", "Australia/Lord_Howe", utc(2026, 10, 3, 12, 0), 2),
                ElementsAre(utc(2026, 10, 3, 15, 30), utc(2026, 10, 4, 15, 15)));
}

// Second by second, with the rule written a second time as plainly as can be.
std::optional<std::int64_t> brute_force(const Cron& cron, const Zone& zone, std::int64_t after,
                                        std::int64_t until) {
    for (auto at = after + 1; at < until; ++at) {
        const auto offset = zone.span_at(at).offset_s;
        if (!cron.has_fixed_times()) {
            if (cron.fits(at + offset)) return at;
            continue;
        }
        const auto before = zone.span_at(at - 1).offset_s;
        for (auto local = at + before; local < at + offset; ++local)
            if (cron.fits(local)) return at;
        bool shown_before = false;
        for (const auto back : {1800, 3600})
            shown_before |= zone.span_at(at - back).offset_s - offset == back;
        if (cron.fits(at + offset) && !shown_before) return at;
    }
    return std::nullopt;
}

TEST(Due, IsWhatGoingThroughEachSecondFinds) {
    std::mt19937 random(20261125);
    const auto pick = [&](auto... text) {
        const std::array<std::string, sizeof...(text)> all{text...};
        return all[random() % all.size()];
    };
    const std::vector<std::pair<std::string, std::int64_t>> changes{
        {"Europe/Berlin", utc(2026, 3, 29, 1, 0)},
        {"Europe/Berlin", utc(2026, 10, 25, 1, 0)},
        {"America/New_York", utc(2026, 3, 8, 7, 0)},
        {"America/New_York", utc(2026, 11, 1, 6, 0)},
        {"Australia/Lord_Howe", utc(2026, 10, 3, 15, 30)},
        {"UTC", utc(2026, 6, 1, 0, 0)}};
    for (int round = 0; round < 60; ++round) {
        const auto& [name, change] = changes[static_cast<std::size_t>(round) % changes.size()];
        const auto text = pick("0", "30", "*/20", "*") + " " + pick("0", "7,30", "*/10", "*") +
                          " " + pick("1", "2", "1-3", "*", "*/2") + " " + pick("*", "29", "1-8") +
                          " * " + pick("*", "sun", "mon-fri");
        const auto cron = Cron::parse(text).value();
        const auto zone = Zone::find(name).value();
        const auto after = change - 7200 + static_cast<std::int64_t>(random() % 10'800);
        const auto until = after + 6 * 3600;
        auto found = next_due(cron, zone, after);
        if (found && *found >= until) found.reset();
        EXPECT_EQ(found, brute_force(cron, zone, after, until))
            << text << " in " << name << " after " << after;
    }
}

}  // namespace
}  // namespace cockpit::schedules

#include <gmock/gmock.h>

#include <chrono>

#include "server/schedules/cron.hpp"

namespace cockpit::schedules {
namespace {

using testing::HasSubstr;

std::int64_t at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0,
                int second = 0) {
    using namespace std::chrono;
    return sys_days(std::chrono::year(year) / month / day).time_since_epoch().count() * 86'400LL +
           hour * 3600 + minute * 60 + second;
}

struct Right {
    std::string_view text;
    std::int64_t next;  ///< the first from Wednesday 2026-11-25 10:00:00 on
};
const std::vector<Right> right{
    {"* * * * *", at(2026, 11, 25, 10)},
    {"* * * * * *", at(2026, 11, 25, 10)},
    {"*/5 * * * *", at(2026, 11, 25, 10)},
    {"*/7 * * * * *", at(2026, 11, 25, 10)},
    {"1 * * * * *", at(2026, 11, 25, 10, 0, 1)},
    {"59 59 23 31 12 *", at(2026, 12, 31, 23, 59, 59)},
    {"1 * * * *", at(2026, 11, 25, 10, 1)},
    {"0 9 * * *", at(2026, 11, 26, 9)},
    {"0 11 * * *", at(2026, 11, 25, 11)},
    {"30 4 1,15 * *", at(2026, 12, 1, 4, 30)},
    {"30 4 1,15 * fri", at(2026, 11, 27, 4, 30)},
    {"30 4 1,15 * 5", at(2026, 11, 27, 4, 30)},
    {"0 0 * * 0", at(2026, 11, 29)},
    {"0 0 * * 7", at(2026, 11, 29)},
    {"0 0 * * sun", at(2026, 11, 29)},
    {"0 0 * * SUN", at(2026, 11, 29)},
    {"0 0 * * fri-sun", at(2026, 11, 27)},
    {"0 0 * * mon-fri", at(2026, 11, 26)},
    {"0 0 * * sat,sun", at(2026, 11, 28)},
    {"0 0 * * 6-7", at(2026, 11, 28)},
    {"0 0 * * 0-6/2", at(2026, 11, 26)},
    {"0 0 1 jan *", at(2027, 1, 1)},
    {"0 0 1 Jan-Mar *", at(2027, 1, 1)},
    {"0 0 1 2-12/5 *", at(2026, 12, 1)},
    {"0 0 29 2 *", at(2028, 2, 29)},
    {"0 0 29 2,4 *", at(2027, 4, 29)},
    {"0 0 31 * *", at(2026, 12, 31)},
    {"0 0 30 2 mon", at(2027, 2, 1)},
    {"0 0 */10 * *", at(2026, 12, 1)},
    {"0 0 */2 * fri", at(2026, 11, 27)},
    {"0 0 13 * */1", at(2026, 12, 13)},
    {"10-20/5 12 * * *", at(2026, 11, 25, 12, 10)},
    {"0-59/30 9-17 * * *", at(2026, 11, 25, 10)},
    {"5,4,3 10 * * *", at(2026, 11, 25, 10, 3)},
    {"0 10 * * *", at(2026, 11, 25, 10)},
    {"\t0  10 \t* * * ", at(2026, 11, 25, 10)},
    {"@hourly", at(2026, 11, 25, 10)},
    {"@daily", at(2026, 11, 26)},
    {"@midnight", at(2026, 11, 26)},
    {"@weekly", at(2026, 11, 29)},
    {"@monthly", at(2026, 12, 1)},
    {"@yearly", at(2027, 1, 1)},
    {"@Annually", at(2027, 1, 1)},
};

TEST(CronTable, WhatIsRightIsDueWhenItSays) {
    const auto from = at(2026, 11, 25, 10);
    for (const auto& one : right) {
        const auto cron = Cron::parse(one.text);
        ASSERT_TRUE(cron) << one.text << ": " << cron.error().text();
        EXPECT_EQ(cron->first_in(from, from + Cron::horizon_s), one.next) << one.text;
    }
}

struct Wrong {
    std::string_view text;
    std::size_t column;
    std::string_view says;
};
const std::vector<Wrong> wrong{
    {"", 1, "the expression is empty; five fields must be there"},
    {"   ", 1, "the expression is empty"},
    {"* * * *", 8, "the field day of week is missing; there are 4 fields"},
    {"*", 2, "the field hour is missing; there are 1 fields"},
    {"* * * * * * *", 13, "there are more than six fields"},
    {"60 * * * *", 1, "the field minute cannot be '60'; it goes from 0 to 59"},
    {"60 0 * * * *", 1, "the field second cannot be '60'; it goes from 0 to 59"},
    {"* 24 * * *", 3, "the field hour cannot be '24'; it goes from 0 to 23"},
    {"* * 0 * *", 5, "the field day of month cannot be '0'; it goes from 1 to 31"},
    {"* * 32 * *", 5, "the field day of month cannot be '32'"},
    {"* * * 13 *", 7, "the field month cannot be '13'; it goes from 1 to 12, or jan to dec"},
    {"* * * 0 *", 7, "the field month cannot be '0'"},
    {"* * * * 8", 9, "the field day of week cannot be '8'; it goes from 0 to 7, or sun to sat"},
    {"* * * * monday", 9, "the field day of week has 'monday' where a value must stand"},
    {"* * * mon *", 7, "the field month has 'mon' where a value must stand"},
    {"1,2,x * * * *", 5, "the field minute has 'x' where a value must stand: 0 to 59"},
    {"1, * * * *", 3, "the field minute lacks a value"},
    {",1 * * * *", 1, "the field minute lacks a value"},
    {"1- * * * *", 3, "the field minute lacks a value"},
    {"-1 * * * *", 1, "the field minute lacks a value"},
    {"5-1 * * * *", 1, "the range '5-1', which runs backwards; write two ranges with a comma"},
    {"1-2-3 * * * *", 3, "the field minute has '2-3' where a value must stand"},
    {"5/2 * * * *", 1, "has a step after a single value; write a range before it, or *"},
    {"*/0 * * * *", 3, "has the step '0'; a step is a number from 1 to 59"},
    {"*/ * * * *", 3, "has the step ''"},
    {"*/60 * * * *", 3, "has the step '60'"},
    {"*/x * * * *", 3, "has the step 'x'"},
    {"** * * * *", 1, "the field minute has '**' where a value must stand"},
    {"0 0 30 2 *", 5, "names days that none of the months has: this would never be due"},
    {"0 0 31 4,6,9,11 *", 5, "this would never be due"},
    {"@reboot", 1, "'@reboot' is not known; there are @yearly"},
    {"@daily x", 8, "nothing may follow @daily"},
    {"0 0 L * *", 5, "the field day of month has 'L' where a value must stand"},
    {"99999999999 * * * *", 1, "the field minute cannot be '99999999999'"},
    {"\xc3\xa4 * * * *", 1, "the field minute has '\?\?' where a value must stand"},
};

TEST(CronTable, WhatIsWrongIsRefusedWithFieldAndColumn) {
    for (const auto& one : wrong) {
        const auto cron = Cron::parse(one.text);
        ASSERT_FALSE(cron) << one.text;
        EXPECT_EQ(cron.error().column, one.column) << one.text;
        EXPECT_THAT(cron.error().sentence, HasSubstr(one.says)) << one.text;
    }
    EXPECT_GE(right.size() + wrong.size(), 60u);
    EXPECT_FALSE(Cron::parse(std::string(Cron::max_bytes + 1, ' ')));
}

TEST(CronTable, OnlyWhatNamesHourAndMinuteHasFixedTimes) {
    for (const auto* text : {"0 2 * * *", "5,10 2-4 * * *", "* 0 2 * * *", "@daily"})
        EXPECT_TRUE(Cron::parse(text)->has_fixed_times()) << text;
    for (const auto* text : {"* 2 * * *", "0 * * * *", "0 */2 * * *", "@hourly"})
        EXPECT_FALSE(Cron::parse(text)->has_fixed_times()) << text;
}

}  // namespace
}  // namespace cockpit::schedules

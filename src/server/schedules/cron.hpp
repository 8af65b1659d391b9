#pragma once
// Cron expressions. Pure: knows calendars, no time zones.
//
//   minute hour day-of-month month day-of-week          as crontab(5)
//   second minute hour day-of-month month day-of-week   with seconds first
//   @yearly @annually @monthly @weekly @daily @midnight @hourly
//
// A field is a list of parts with commas: `*`, a number, a range `a-b`, each but a single number
// with `/step`. Months and days have names of three letters (jan, mon), in either case; Sunday is
// 0 and 7. Days by the rule of crontab(5): where both day fields are restricted (neither begins
// with `*`) either one is enough, else both must fit.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace cockpit::schedules {

struct CronError {
    std::size_t column = 1;  ///< in bytes, the first is 1
    std::string sentence;    ///< which field, what is wrong, what would be right
    std::string text() const { return "column " + std::to_string(column) + ": " + sentence; }
};

class Cron {
  public:
    static constexpr std::size_t max_bytes = 256;
    /// The longest pause that an expression can have is the 8 years around a year 2100 without its
    /// 29 February; nothing is looked for beyond this.
    static constexpr std::int64_t horizon_s = 9 * 366 * 86'400LL;

    /// Refuses what can never be (30 February), too.
    static std::expected<Cron, CronError> parse(std::string_view text);

    /// Whether this second of the calendar fits. Local times are seconds since 1970-01-01 00:00:00
    /// on the clock of the place.
    bool fits(std::int64_t local_s) const;
    /// The first fitting second in [from, to).
    std::optional<std::int64_t> first_in(std::int64_t from, std::int64_t to) const;
    /// Neither hours nor minutes begin with `*`: it means points of the day, no rhythm. What
    /// due.hpp does when clocks are changed depends on it.
    bool has_fixed_times() const { return fixed_times_; }

  private:
    Cron() = default;
    bool fits_day(std::int64_t day) const;
    std::optional<std::int64_t> first_in_day(std::int64_t from) const;

    // A bit for each value: seconds, minutes, hours, days of month, months, days of week.
    std::array<std::uint64_t, 6> sets_{};
    bool either_day_ = false;
    bool fixed_times_ = false;

    friend class CronParser;
};

}  // namespace cockpit::schedules

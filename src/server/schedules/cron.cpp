#include "server/schedules/cron.hpp"

#include <algorithm>
#include <bit>
#include <chrono>

namespace cockpit::schedules {
namespace {

constexpr std::int64_t day_s = 86'400;
enum Part { seconds, minutes, hours, days, months, weekdays };

std::int64_t day_of(std::int64_t local_s) {
    return local_s >= 0 ? local_s / day_s : -((day_s - 1 - local_s) / day_s);
}

bool has(std::uint64_t set, std::int64_t value) {
    return (set >> value & 1) != 0;
}

/// The smallest member that is at least `from`; 64 for none.
std::int64_t next_member(std::uint64_t set, std::int64_t from) {
    if (from > 63) return 64;
    return std::countr_zero(set & (~std::uint64_t{0} << from));
}

}  // namespace

bool Cron::fits_day(std::int64_t day) const {
    const std::chrono::sys_days date{std::chrono::days(day)};
    const std::chrono::year_month_day parts(date);
    if (!has(sets_[months], unsigned(parts.month()))) return false;
    const bool by_month = has(sets_[days], unsigned(parts.day()));
    const bool by_week = has(sets_[weekdays], std::chrono::weekday(date).c_encoding());
    return either_day_ ? by_month || by_week : by_month && by_week;
}

bool Cron::fits(std::int64_t local_s) const {
    const auto day = day_of(local_s);
    const auto second = local_s - day * day_s;
    return has(sets_[seconds], second % 60) && has(sets_[minutes], second / 60 % 60) &&
           has(sets_[hours], second / 3600) && fits_day(day);
}

// Of the times of a day, the first that is not before second `from` of it.
std::optional<std::int64_t> Cron::first_in_day(std::int64_t from) const {
    auto hour = from / 3600;
    auto minute = from / 60 % 60;
    auto second = next_member(sets_[seconds], from % 60);
    if (!has(sets_[hours], hour)) {
        hour = next_member(sets_[hours], hour);
        minute = 0;
        second = next_member(sets_[seconds], 0);
        if (hour > 23) return std::nullopt;
    }
    if (!has(sets_[minutes], minute)) {
        minute = next_member(sets_[minutes], minute);
        second = next_member(sets_[seconds], 0);
    }
    if (second > 59) {
        minute = next_member(sets_[minutes], minute + 1);
        second = next_member(sets_[seconds], 0);
    }
    if (minute > 59) {
        hour = next_member(sets_[hours], hour + 1);
        minute = next_member(sets_[minutes], 0);
        second = next_member(sets_[seconds], 0);
    }
    if (hour > 23) return std::nullopt;
    return hour * 3600 + minute * 60 + second;
}

std::optional<std::int64_t> Cron::first_in(std::int64_t from, std::int64_t to) const {
    to = std::min(to, from + horizon_s);
    for (auto day = day_of(from); day * day_s < to; ++day) {
        if (!fits_day(day)) continue;
        const auto second = first_in_day(std::max<std::int64_t>(0, from - day * day_s));
        if (!second) continue;
        const auto found = day * day_s + *second;
        if (found < to) return found;
        return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace cockpit::schedules

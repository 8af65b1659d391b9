#pragma once
// When a cron expression is due in a time zone. Pure.
//
// When clocks are changed, the rule is that of Debian's cron (cron(8), "Daylight Saving Time and
// other time changes"):
// * an expression with fixed times (no `*` in hours or minutes) whose time does not exist is due at
//   the first moment after the gap, once; a time that comes twice is due the first time only;
// * any other one follows the clock as it runs: what does not exist is not due, what comes twice is
//   due twice, so that "every 10 minutes" stays every 10 minutes.
// Other than there, it holds for changes of any size, a day that was left out among them.

#include <cstdint>
#include <optional>
#include <vector>

#include "server/schedules/cron.hpp"
#include "server/schedules/zone.hpp"

namespace cockpit::schedules {

/// The first time after `after_s` (seconds since the Unix epoch); nothing within Cron::horizon_s.
std::optional<std::int64_t> next_due(const Cron& cron, const Zone& zone, std::int64_t after_s);

/// The first `count` times after `after_s`.
std::vector<std::int64_t> next_dues(const Cron& cron, const Zone& zone, std::int64_t after_s,
                                    std::size_t count);

}  // namespace cockpit::schedules

#pragma once
// When a delivery that failed is tried again, and when it is given up. Pure.

#include <cstdint>
#include <optional>

namespace cockpit::notify {

struct RetrySchedule {
    std::int64_t first_ms = 10'000;        ///< after the first failure
    std::int64_t longest_ms = 3'600'000;   ///< it doubles up to this
    std::int64_t give_up_ms = 86'400'000;  ///< no attempt begins later than this after the event
};

/// When the attempt after the `failures`-th (from 1) failure is due: the pause, give or take a
/// fifth, so that what failed together does not come back together. `chance` is from 0 to 1.
/// Nothing: that would be after `last_ms`, and the delivery is dead.
std::optional<std::int64_t> next_attempt(const RetrySchedule& schedule, int failures,
                                         std::int64_t now_ms, std::int64_t last_ms, double chance);

}  // namespace cockpit::notify

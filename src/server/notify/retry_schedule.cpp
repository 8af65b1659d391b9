#include "server/notify/retry_schedule.hpp"

#include <algorithm>

namespace cockpit::notify {

std::optional<std::int64_t> next_attempt(const RetrySchedule& schedule, int failures,
                                         std::int64_t now_ms, std::int64_t last_ms, double chance) {
    auto pause = schedule.first_ms;
    for (int n = 1; n < failures && pause < schedule.longest_ms; ++n)
        pause *= 2;
    pause = std::min(pause, schedule.longest_ms);
    const auto spread = 0.8 + 0.4 * std::clamp(chance, 0.0, 1.0);
    const auto at = now_ms + static_cast<std::int64_t>(static_cast<double>(pause) * spread);
    if (at > last_ms) return std::nullopt;
    return at;
}

}  // namespace cockpit::notify

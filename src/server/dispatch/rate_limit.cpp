#include "server/dispatch/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace cockpit::dispatch {

std::int64_t TokenBuckets::take(const std::string& agent, std::int64_t now_ms) {
    if (limit_.none()) return 0;
    const auto now = static_cast<double>(now_ms);
    const double interval = 1000.0 / limit_.per_second;
    if (full_at_ms_.size() >= forget_at_) forget_full(now);
    const auto found = full_at_ms_.find(agent);
    const double full_at = std::max(found == full_at_ms_.end() ? now : found->second, now);
    const double wait = full_at + interval - now - interval * limit_.burst;
    // The sum of thirds of a millisecond is not exact; a permit must not come late for that.
    if (wait > 1e-6) return std::max<std::int64_t>(1, std::llround(std::ceil(wait)));
    full_at_ms_.insert_or_assign(agent, full_at + interval);
    return 0;
}

void TokenBuckets::forget_full(double now_ms) {
    std::erase_if(full_at_ms_, [&](const auto& bucket) { return bucket.second <= now_ms; });
    forget_at_ = std::max<std::size_t>(1024, full_at_ms_.size() * 2);
}

}  // namespace cockpit::dispatch

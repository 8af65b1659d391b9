#include "redis/backoff.hpp"

#include <algorithm>

namespace cockpit::redis {

std::chrono::milliseconds Backoff::next(double random) {
    // Beyond 30 doublings any first step is over any cap that makes sense; a shift must not
    // overflow.
    const int doublings = std::min(failures_, 30);
    const auto grown = static_cast<double>(first_.count()) * static_cast<double>(1LL << doublings);
    const double step = std::min(grown, static_cast<double>(cap_.count()));
    ++failures_;
    const double pause = step / 2 + step / 2 * std::clamp(random, 0.0, 1.0);
    return std::chrono::milliseconds(static_cast<std::int64_t>(pause));
}

}  // namespace cockpit::redis

#pragma once

#include "runtime/clock.hpp"

namespace cockpit::fakes {

/// A clock that stands still until the test moves it.
class SetClock final : public runtime::Clock {
  public:
    std::int64_t wall = 1'700'000'000'000;
    std::int64_t steady = 1'000'000;

    void advance(std::int64_t milliseconds) {
        wall += milliseconds;
        steady += milliseconds;
    }
    std::int64_t wall_ms() const override { return wall; }
    std::int64_t steady_ms() const override { return steady; }
};

}  // namespace cockpit::fakes

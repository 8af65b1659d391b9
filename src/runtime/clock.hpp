#pragma once
// The two clocks, behind one seam: rules are tested with a clock that the test moves.

#include <chrono>
#include <cstdint>

namespace cockpit::runtime {

using Milliseconds = std::chrono::milliseconds;

class Clock {
  public:
    virtual ~Clock() = default;
    /// Milliseconds since the Unix epoch. For what is shown, stored or compared across machines;
    /// may jump.
    virtual std::int64_t wall_ms() const = 0;
    /// Milliseconds since some fixed point. For deadlines and durations; never jumps.
    virtual std::int64_t steady_ms() const = 0;
};

class SystemClock final : public Clock {
  public:
    std::int64_t wall_ms() const override;
    std::int64_t steady_ms() const override;
};

}  // namespace cockpit::runtime

#pragma once
// How long to wait before the next try to connect: grows by doubling up to a cap, with jitter, so
// that ten thousand agents do not come back in the same instant. Pure: the caller brings
// randomness.

#include <chrono>
#include <cstdint>

namespace cockpit::redis {

class Backoff {
  public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds cap)
        : first_(first), cap_(cap) {}

    /// The pause before the next try. `random` is uniform in [0, 1). Between half of and all of the
    /// current step; the step doubles with each call and stays at the cap.
    std::chrono::milliseconds next(double random);
    /// To be called when a connection has proved good.
    void reset() { failures_ = 0; }
    int failures() const { return failures_; }

  private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds cap_;
    int failures_ = 0;
};

}  // namespace cockpit::redis

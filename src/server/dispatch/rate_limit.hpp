#pragma once
// How many commands one host is given per time: a token bucket, kept as the one time at which it
// would be full again (the generic cell rate algorithm, ITU-T I.371). Where Redis answers, all
// servers share one bucket per host (AgentLink::take_permit); this one is for the time without.
//
// Pure, one thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace cockpit::dispatch {

/// A bucket holds `burst` permits, and `per_second` come back each second.
struct RateLimit {
    int per_second = 0;  ///< 0: no limit
    int burst = 1;       ///< at least 1

    bool none() const { return per_second <= 0; }
};

class TokenBuckets {
  public:
    explicit TokenBuckets(RateLimit limit) : limit_(limit) {}

    /// Takes a permit of this host's bucket: 0, or in how many milliseconds there will be one. The
    /// clock is a steady one.
    std::int64_t take(const std::string& agent, std::int64_t now_ms);

    /// Buckets that are not full; the full ones are forgotten.
    std::size_t size() const { return full_at_ms_.size(); }

  private:
    void forget_full(double now_ms);

    const RateLimit limit_;
    std::unordered_map<std::string, double> full_at_ms_;
    std::size_t forget_at_ = 1024;
};

}  // namespace cockpit::dispatch

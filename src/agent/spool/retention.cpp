#include "agent/spool/retention.hpp"

#include <algorithm>

namespace cockpit::spool {

std::vector<protocol::AttemptId> to_discard(std::vector<Held> held, const Keeping& keeping,
                                            std::int64_t now_ms) {
    constexpr std::int64_t too_young_ms = 60'000;
    std::ranges::sort(held, {}, &Held::written_at_ms);
    std::uint64_t total = 0;
    for (const auto& each : held)
        total += each.bytes;
    std::vector<protocol::AttemptId> gone;
    for (auto& each : held) {
        const auto age = now_ms - each.written_at_ms;
        if (each.busy || age < too_young_ms) continue;
        if (age <= keeping.for_ms && total <= keeping.total_bytes) continue;
        total -= each.bytes;
        gone.push_back(std::move(each.attempt));
    }
    return gone;
}

}  // namespace cockpit::spool

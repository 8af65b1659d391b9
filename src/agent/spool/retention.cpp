#include "agent/spool/retention.hpp"

#include <algorithm>

namespace cockpit::spool {

std::vector<protocol::AttemptId> to_discard(std::vector<Held> held, const Keeping& keeping,
                                            std::int64_t now_ms, std::optional<Room> room) {
    constexpr std::int64_t too_young_ms = 60'000;
    std::ranges::sort(held, {}, &Held::written_at_ms);
    std::uint64_t total = 0;
    for (const auto& each : held)
        total += each.bytes;
    const auto wanted = room ? wanted_free(keeping, *room) : 0;
    auto free = room ? room->free : 0;
    std::vector<protocol::AttemptId> gone;
    for (auto& each : held) {
        const auto age = now_ms - each.written_at_ms;
        if (each.busy || age < too_young_ms) continue;
        if (age <= keeping.for_ms && total <= keeping.total_bytes && free >= wanted) continue;
        total -= each.bytes;
        free += each.bytes;
        gone.push_back(std::move(each.attempt));
    }
    return gone;
}

std::uint64_t wanted_free(const Keeping& keeping, const Room& room) {
    return std::min(keeping.free_bytes, room.capacity / 8);
}

}  // namespace cockpit::spool

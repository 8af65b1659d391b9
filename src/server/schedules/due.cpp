#include "server/schedules/due.hpp"

#include <algorithm>

namespace cockpit::schedules {

std::optional<std::int64_t> next_due(const Cron& cron, const Zone& zone, std::int64_t after_s) {
    const auto limit = after_s + Cron::horizon_s;
    auto at = after_s + 1;
    while (at < limit) {
        const auto span = zone.span_at(at);
        auto from = at + span.offset_s;
        // No clock was ever changed by more: what begins earlier has no say here.
        if (cron.has_fixed_times() && at - span.begin_s < 2 * 86'400) {
            const auto before = zone.span_at(span.begin_s - 1).offset_s;
            const auto shown_before = span.begin_s + before;  // of the clock, when it was changed
            const auto shown_after = span.begin_s + span.offset_s;
            if (at == span.begin_s && cron.first_in(shown_before, shown_after)) return at;
            // What the clock showed before it was set back was due then.
            from = std::max(from, shown_before);
        }
        const auto to = std::min(span.end_s, limit) + span.offset_s;
        if (from < to) {
            if (const auto found = cron.first_in(from, to)) return *found - span.offset_s;
        }
        at = span.end_s;
    }
    return std::nullopt;
}

std::vector<std::int64_t> next_dues(const Cron& cron, const Zone& zone, std::int64_t after_s,
                                    std::size_t count) {
    std::vector<std::int64_t> times;
    while (times.size() < count) {
        const auto next = next_due(cron, zone, times.empty() ? after_s : times.back());
        if (!next) break;
        times.push_back(*next);
    }
    return times;
}

}  // namespace cockpit::schedules

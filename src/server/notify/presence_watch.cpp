#include "server/notify/presence_watch.hpp"

namespace cockpit::notify {

std::vector<dispatch::AgentView> PresenceWatch::look(const std::vector<dispatch::AgentView>& hosts,
                                                     std::int64_t now_ms) {
    std::vector<dispatch::AgentView> changed;
    for (const auto& host : hosts) {
        auto& seen = seen_[host.id];
        if (host.presence != seen.presence) {
            seen.presence = host.presence;
            seen.since_ms = now_ms;
        }
        if (seen.presence == dispatch::Presence::unknown) continue;
        if (now_ms - seen.since_ms < stable_ms_ || seen.told == seen.presence) continue;
        seen.told = seen.presence;
        changed.push_back(host);
    }
    return changed;
}

}  // namespace cockpit::notify

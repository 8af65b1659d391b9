#pragma once
// Which hosts came or went for good: a presence counts when it has stood for a while without a
// break. Presence `unknown` is no evidence and only breaks what stood. Pure, one thread.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "server/dispatch/agent_directory.hpp"

namespace cockpit::notify {

class PresenceWatch {
  public:
    explicit PresenceWatch(std::int64_t stable_ms) : stable_ms_(stable_ms) {}

    /// Hosts whose presence has stood for so long and is not what was last told of them here; each
    /// is told once, the first time too. `now_ms` is of a steady clock.
    std::vector<dispatch::AgentView> look(const std::vector<dispatch::AgentView>& hosts,
                                          std::int64_t now_ms);

  private:
    struct Seen {
        dispatch::Presence presence = dispatch::Presence::unknown;
        std::int64_t since_ms = 0;
        std::optional<dispatch::Presence> told;
    };
    const std::int64_t stable_ms_;
    std::map<protocol::AgentId, Seen> seen_;
};

}  // namespace cockpit::notify

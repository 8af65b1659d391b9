#pragma once
// What changed of the hosts since somebody looked, without asking each of them for each reader. One
// thread.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/clock.hpp"
#include "server/dispatch/agent_directory.hpp"

namespace cockpit::api {

class AgentFeed {
  public:
    /// Both must outlive this object.
    AgentFeed(const dispatch::AgentDirectory& directory, const runtime::Clock& clock)
        : directory_(directory), clock_(clock) {}

    /// What a reader was told last, by host. Of the sentence that is a host's evidence nothing
    /// counts: it says how long ago something was, and changes by itself.
    using Seen = std::map<std::string, std::size_t>;
    /// Hosts that look otherwise now; `seen` is brought up to date. The hosts themselves are looked
    /// at four times a second at most, however many ask.
    std::vector<dispatch::AgentView> changes(Seen& seen);

  private:
    struct Host {
        dispatch::AgentView view;
        std::size_t signature;
    };
    void look();

    const dispatch::AgentDirectory& directory_;
    const runtime::Clock& clock_;
    std::vector<Host> hosts_;
    std::int64_t looked_ms_ = -1'000'000;
};

}  // namespace cockpit::api

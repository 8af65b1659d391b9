#pragma once
// Whether something may start on a host now. dispatch owns this port and asks it for each command;
// server/schedules implements it with maintenance windows.

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/ids.hpp"

namespace cockpit::dispatch {

class StartGuard {
  public:
    virtual ~StartGuard() = default;
    /// The sentence why nothing may start on this host at `now_ms` (since the Unix epoch); nothing:
    /// it may. Asked on the I/O thread for each command, so it must answer from memory.
    virtual std::optional<std::string> forbids(const protocol::AgentId& agent,
                                               std::int64_t now_ms) const = 0;
};

}  // namespace cockpit::dispatch

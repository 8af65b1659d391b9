#pragma once
// Which spools go, so that they do not fill the disk. Pure.

#include <cstdint>
#include <vector>

#include "protocol/ids.hpp"

namespace cockpit::spool {

struct Held {
    protocol::AttemptId attempt;
    std::int64_t written_at_ms = 0;  ///< when its last byte came, wall clock
    std::uint64_t bytes = 0;         ///< on disk
    bool busy = false;               ///< its command runs, or the server does not have it all
};

struct Keeping {
    std::int64_t for_ms = 0;        ///< after the last byte
    std::uint64_t total_bytes = 0;  ///< of all together
};

/// Those that are too old, and of the others the oldest until what is left fits. Never a busy one,
/// and none that was written to in the last minute: its command may be about to start.
std::vector<protocol::AttemptId> to_discard(std::vector<Held> held, const Keeping& keeping,
                                            std::int64_t now_ms);

}  // namespace cockpit::spool

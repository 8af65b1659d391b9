#pragma once
// Which spools go, so that they do not fill the disk. Pure.

#include <cstdint>
#include <optional>
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
    std::uint64_t free_bytes = 0;   ///< that the disk should have left, see wanted_free()
};

/// The disk that the spools are on.
struct Room {
    std::uint64_t capacity = 0;
    std::uint64_t free = 0;
};

/// Those that are too old, and of the others the oldest until what is left fits and the disk has
/// as much room as it should: outputs must not crowd out the journal. Never a busy one, and none
/// that was written to in the last minute: its command may be about to start.
std::vector<protocol::AttemptId> to_discard(std::vector<Held> held, const Keeping& keeping,
                                            std::int64_t now_ms, std::optional<Room> room = {});

/// `keeping.free_bytes`, but of a small disk no more than an eighth.
std::uint64_t wanted_free(const Keeping& keeping, const Room& room);

}  // namespace cockpit::spool

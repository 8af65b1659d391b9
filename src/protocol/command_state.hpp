#pragma once
// The life of a command, as both ends and every reader of the database see it (design: States).
//
//   pending → delivered → running → success | error | timeout | cancelled | cancel_failed |
//   interrupted pending → expired | refused | cancelled
//
// A final state never changes. `pending`, `success`, `error` and `timeout` are the original's four
// words.

#include <optional>
#include <string_view>

namespace cockpit::protocol {

enum class CommandState {
    pending,        ///< committed by the server; nothing heard from the host
    delivered,      ///< the host has it and will run it
    running,        ///< the host started it
    success,        ///< it ended, and ended well
    error,          ///< it ended, and failed
    timeout,        ///< the host stopped it at its time limit, and all of it is gone
    cancelled,      ///< stopped on request, and all of it is gone
    cancel_failed,  ///< asked to stop, and something of it survives
    interrupted,    ///< the host died in the middle: outcome unknown
    expired,        ///< its time to start passed; it will never run
    refused,        ///< the host would not run it; it never ran
};

std::string_view to_text(CommandState state);
std::optional<CommandState> parse_command_state(std::string_view text);
bool is_final(CommandState state);

/// Whether news of `next` may replace `current`. News arrives late, twice and out of order, so a
/// state only ever moves forward: anything open may end, nothing ended moves.
bool may_follow(CommandState current, CommandState next);

}  // namespace cockpit::protocol

#pragma once
// The keeper: a small process of ours beside each command (docs/keeper.md). It starts the command,
// reads what it writes into the spool, watches its time limit, ends all of it, and leaves a status.
// It does all this without the agent, which may die and come back meanwhile.
//
// Signals to it: SIGTERM, end the command because that was asked for; SIGALRM, because its time is
// over; SIGQUIT, end it at once, without a grace time.

namespace cockpit::keeper {

/// The program argument by which the agent's program becomes a keeper.
inline constexpr const char* keep_flag = "--keep-command";

/// The whole life of a keeper; `control` is the socket over which the agent gives its order
/// (launch.hpp). In a process of its own, in a session of its own, with one thread. Returns the
/// process's exit code; whoever called leaves by _exit(2). Without a word to go it does nothing and
/// leaves nothing.
int keep(int control);

}  // namespace cockpit::keeper

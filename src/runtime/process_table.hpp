#pragma once
// Who lives in a session, as /proc tells it (proc(5)). For the end of a process tree, not for hot
// paths: it reads one file per process of the machine.

#include <sys/types.h>

#include <vector>

namespace cockpit::runtime {

/// The processes whose session or process group is `leader`, zombies left out, in ascending order.
std::vector<pid_t> living_in_session(pid_t leader);

/// Sends the signal to the group `leader` and to every other process of its session. The caller
/// guarantees that `leader` was not reaped, so that the number is still its own.
void signal_session(pid_t leader, int signal);

}  // namespace cockpit::runtime

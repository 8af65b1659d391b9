#pragma once
// The processes of this machine, as /proc tells them (proc(5)). For the end of a process tree, not
// for hot paths: most of it reads one file per process of the machine.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cockpit::runtime {

struct ProcessInfo {
    pid_t pid = 0;
    char state = '?';  ///< R, S, D, T, t, Z, X
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    /// In clock ticks since the boot. With the number it names one process of this boot, since
    /// numbers are given away again.
    std::uint64_t start_time = 0;
    /// Neither a zombie nor dead.
    bool lives() const { return state != 'Z' && state != 'X'; }
};

std::optional<ProcessInfo> process_info(pid_t pid);

/// In no order.
std::vector<ProcessInfo> all_processes();

/// Children of the `roots` and theirs, zombies left out, parents before their children, of one look
/// at all processes. One whose parent ends during the look may be overlooked: look again.
std::vector<ProcessInfo> descendants_of(const std::vector<ProcessInfo>& all,
                                        const std::vector<pid_t>& roots);
std::vector<ProcessInfo> descendants_of(pid_t root);

/// What it was started with: NAME=value, each ended by a NUL. Empty when it may not be read; a
/// process can also overwrite it.
std::string initial_environment(pid_t pid);

/// Sends the signal unless the number belongs to another process by now. Whether it was sent.
bool signal_process(const ProcessInfo& process, int signal);

/// The processes whose session or process group is `leader`, zombies left out, in ascending order.
std::vector<pid_t> living_in_session(pid_t leader);

/// Sends the signal to the group `leader` and to every other process of its session. The caller
/// guarantees that `leader` was not reaped, so that the number is still its own.
void signal_session(pid_t leader, int signal);

}  // namespace cockpit::runtime

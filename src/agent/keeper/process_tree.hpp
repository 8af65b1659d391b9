#pragma once
// All processes of one command, whatever they did to be forgotten (setsid, double fork, nohup):
// those in its control group, where it has one, and the descendants of its keeper, to whom
// orphans come back (PR_SET_CHILD_SUBREAPER, prctl(2)). Blocks for the time of a look at /proc.

#include <sys/types.h>

#include <functional>
#include <optional>
#include <vector>

#include "agent/keeper/cgroup.hpp"
#include "runtime/process_table.hpp"

namespace cockpit::keeper {

class ProcessTree {
  public:
    /// The descendants of `root`, which is not itself one of them.
    ProcessTree(pid_t root, std::optional<Cgroup> cgroup)
        : root_(root), cgroup_(std::move(cgroup)) {}

    /// Zombies left out, parents before their children.
    std::vector<runtime::ProcessInfo> members() const;

    /// SIGTERM to each, and SIGCONT, since a stopped one would not hear it.
    void terminate() const;

    /// SIGKILL to all. Without a group they are first stopped, again and again until a look finds
    /// no new one, so that whoever forks faster than a table is read does not get away. Call again
    /// while members() are left.
    void kill() const;

    const std::optional<Cgroup>& cgroup() const { return cgroup_; }

  private:
    pid_t root_;
    std::optional<Cgroup> cgroup_;
};

/// Stops and then kills what `look` finds, as above.
void stop_and_kill(const std::function<std::vector<runtime::ProcessInfo>()>& look);

}  // namespace cockpit::keeper

#pragma once
// How this agent keeps its process commands: what all of them share.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/spool/extent.hpp"

namespace cockpit::commands {

/// One for all handlers; on the one thread.
struct Keeping {
    /// The program of keepers with its arguments.
    std::vector<std::string> keeper;
    std::filesystem::path spool;  ///< the root of all spools; it is there
    /// Where control groups of commands are made; none: commands are held by process group,
    /// session and their keeper's place in the process tree.
    std::optional<std::filesystem::path> cgroups;
    bool cgroup_required = false;  ///< a command whose group cannot be made does not start
    spool::Limits limits{.head = 32U << 20, .tail = 32U << 20};
    std::string boot_id;
    std::set<pid_t> keepers{};            ///< that are children of ours and live
    std::uint64_t unsigned_commands = 0;  ///< so far; names the spools of those
};

}  // namespace cockpit::commands

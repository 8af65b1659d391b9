#pragma once
// What the agent tells a keeper, and what the keeper leaves behind (docs/keeper.md). Plain values
// with their JSON text. The order may hold secrets: it goes through a socket, never to the disk.

#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/child_process.hpp"

namespace cockpit::keeper {

/// In the environment of all that belongs to an attempt, with attempt_text() as its value.
inline constexpr std::string_view cookie_name = "COCKPIT_ATTEMPT";

struct Order {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    std::optional<std::string> working_directory;
    std::optional<runtime::ChildUser> user;
    std::string directory;  ///< the spool of this attempt; it is there
    std::string cookie;
    /// The control group to make for it; none: it is held by its place in the process tree only.
    std::optional<std::string> cgroup;
    bool cgroup_required = false;  ///< do not start it where the group cannot be made
    std::int64_t time_limit_ms = 0;
    std::int64_t grace_ms = 0;      ///< between SIGTERM and SIGKILL
    std::int64_t kill_wait_ms = 0;  ///< how long SIGKILL may take to work
    std::uint64_t spool_head = 0;
    std::uint64_t spool_tail = 0;
    bool outlives_agent = true;  ///< false: it is cancelled when the agent goes
};
std::string encode(const Order& order);
std::expected<Order, std::string> decode_order(std::string_view text);

/// How it ended.
enum class EndedBy {
    itself,       ///< exit_code or signal say how
    time_limit,   ///< it was stopped
    request,      ///< it was stopped
    not_started,  ///< `problem` says why
};

struct Status {
    EndedBy by = EndedBy::itself;
    std::optional<int> exit_code;
    std::optional<int> signal;
    std::string problem;
    std::int64_t execution_time_ms = 0;
    std::int64_t cpu_ms = 0;
    std::int64_t peak_memory_bytes = 0;
    std::string containment;  ///< "cgroup" or "process_group"
    std::int64_t output_bytes = 0;
    std::string output_sha256;            ///< hex
    std::vector<std::int64_t> survivors;  ///< outlived SIGKILL
};

/// Files in the attempt's spool directory.
inline constexpr std::string_view status_file = "status";
/// The path of the control group, there from before the command begins; without it there is none.
inline constexpr std::string_view cgroup_file = "cgroup";

/// Whole or not at all: to another name, then renamed. Not synced: after a crash of the host it
/// says nothing any more.
std::expected<void, std::string> write_status(const std::filesystem::path& directory,
                                              const Status& status);
/// Nothing when there is none, or it is not one.
std::optional<Status> read_status(const std::filesystem::path& directory);
/// Takes away what an earlier keeper left in the directory.
void clear(const std::filesystem::path& directory);

}  // namespace cockpit::keeper

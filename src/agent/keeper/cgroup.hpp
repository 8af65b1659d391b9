#pragma once
// A control group (cgroups(7), version 2; kernel.org Documentation/admin-guide/cgroup-v2.rst) that
// holds all processes of one command: nothing that they start can leave it without help from
// outside, so ending the group ends all of them. Blocks for the time of a few system calls.

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cockpit::keeper {

/// A directory in which this process may make groups: `cockpit-agent` below its own group, made if
/// it is not there. It is in the unified hierarchy, also where others are mounted beside it. The
/// error is a sentence: no such hierarchy, no permission, a kernel before 5.14 (cgroup.kill).
std::expected<std::filesystem::path, std::string> place_for_cgroups();

/// The same, of given files, for tests: the contents of /proc/self/mountinfo and /proc/self/cgroup.
/// The path of this process's own group as the mounted file system shows it.
std::expected<std::filesystem::path, std::string> own_cgroup(const std::string& mountinfo,
                                                             const std::string& membership);

class Cgroup {
  public:
    /// Makes it, below a directory that is there.
    static std::expected<Cgroup, std::string> make(const std::filesystem::path& path);
    /// One that may be there or not.
    explicit Cgroup(std::filesystem::path path) : path_(std::move(path)) {}

    /// For ChildSettings::cgroup_processes; close-on-exec, the caller's to close; -1 and errno.
    int open_for_joining() const;
    /// Whether a process lives in it or in a group below it.
    bool populated() const;
    /// Those of groups below it included.
    std::vector<pid_t> processes() const;
    /// SIGKILL to all of it at once; a fork that is under way does not escape.
    void kill() const;
    /// Removes it with the groups below it. False while somebody lives there; true when it is gone.
    bool remove() const;

    std::optional<std::int64_t> cpu_ms() const;
    /// Only where the kernel counts memory by group here.
    std::optional<std::int64_t> peak_memory_bytes() const;

  private:
    std::filesystem::path path_;
};

}  // namespace cockpit::keeper

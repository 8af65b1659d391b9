#include "agent/keeper/cgroup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

namespace cockpit::keeper {
namespace fs = std::filesystem;
namespace {

std::string reason() {
    return std::strerror(errno);
}

// Files of /proc and /sys have no size, so they are read until their end.
std::optional<std::string> read_all(const fs::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    std::string text;
    char buffer[4096];
    ssize_t size = 0;
    while ((size = ::read(file, buffer, sizeof buffer)) > 0)
        text.append(buffer, static_cast<std::size_t>(size));
    ::close(file);
    // A group that was removed meanwhile has nothing to tell.
    if (size < 0) return std::nullopt;
    return text;
}

bool write_all(const fs::path& path, std::string_view text) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    const bool written =
        ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(file);
    return written;
}

// proc(5): space, tab, newline and backslash are written as octal escapes.
std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 3 < text.size()) {
            const auto digit = [&](std::size_t i) { return (text[at + i] - '0') & 7; };
            plain += static_cast<char>(digit(1) << 6 | digit(2) << 3 | digit(3));
            at += 3;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

std::vector<fs::path> groups_below(const fs::path& group) {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (fs::directory_iterator entry(group, ignored), end; entry != end;
         entry.increment(ignored)) {
        if (entry->is_directory(ignored)) found.push_back(entry->path());
    }
    return found;
}

void add_processes(const fs::path& group, std::vector<pid_t>& found) {
    std::istringstream list(read_all(group / "cgroup.procs").value_or(""));
    for (pid_t pid = 0; list >> pid;)
        if (pid > 0) found.push_back(pid);
    for (const auto& below : groups_below(group))
        add_processes(below, found);
}

bool remove_tree(const fs::path& group) {
    for (const auto& below : groups_below(group))
        remove_tree(below);
    return ::rmdir(group.c_str()) == 0 || errno == ENOENT;
}

/// The number after `name` in a file of lines "name number".
std::optional<std::int64_t> number_in(const fs::path& path, std::string_view name) {
    std::istringstream lines(read_all(path).value_or(""));
    std::string word;
    for (std::int64_t number = 0; lines >> word >> number;)
        if (word == name) return number;
    return std::nullopt;
}

}  // namespace

std::expected<fs::path, std::string> own_cgroup(const std::string& mountinfo,
                                                const std::string& membership) {
    std::string own;
    std::istringstream groups(membership);
    for (std::string line; std::getline(groups, line);)
        if (line.starts_with("0::")) own = line.substr(3);
    if (own.empty()) {
        return std::unexpected(
            "this host has no control groups of version 2 (no line 0:: in /proc/self/cgroup)");
    }
    std::istringstream mounts(mountinfo);
    for (std::string line; std::getline(mounts, line);) {
        const auto dash = line.find(" - ");
        if (dash == std::string::npos || !line.substr(dash + 3).starts_with("cgroup2 ")) continue;
        std::istringstream fields(line);
        std::string id, parent, device, root, point;
        fields >> id >> parent >> device >> root >> point;
        root = unescape(root);
        // In a container without a cgroup namespace the mount shows a part of the hierarchy.
        std::string below = own;
        if (root != "/") {
            if (own != root && !own.starts_with(root + "/")) continue;
            below = own.substr(root.size());
        }
        return (fs::path(unescape(point)) / fs::path(below).relative_path()).lexically_normal();
    }
    return std::unexpected("no control groups of version 2 are mounted that show this process");
}

std::expected<fs::path, std::string> place_for_cgroups() {
    const auto own = own_cgroup(read_all("/proc/self/mountinfo").value_or(""),
                                read_all("/proc/self/cgroup").value_or(""));
    if (!own) return own;
    const auto place = *own / "cockpit-agent";
    if (::mkdir(place.c_str(), 0755) != 0 && errno != EEXIST) {
        return std::unexpected("the control group '" + place.string() +
                               "' cannot be made: " + reason());
    }
    for (const auto& file : {*own / "cgroup.procs", place / "cgroup.procs"}) {
        // Whoever moves a process needs both, and the directory above the two (cgroups(7)).
        if (::access(file.c_str(), W_OK) != 0) {
            return std::unexpected("'" + file.string() + "' cannot be written: " + reason());
        }
    }
    if (::access((place / "cgroup.kill").c_str(), W_OK) != 0) {
        return std::unexpected("'" + (place / "cgroup.kill").string() +
                               "' cannot be written (it needs Linux 5.14): " + reason());
    }
    // Peak memory by group is told where this works: not while the agent itself is in `own`, unless
    // that is the root.
    write_all(*own / "cgroup.subtree_control", "+memory");
    write_all(place / "cgroup.subtree_control", "+memory");
    return place;
}

std::expected<Cgroup, std::string> Cgroup::make(const fs::path& path) {
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
        return std::unexpected("the control group '" + path.string() +
                               "' cannot be made: " + reason());
    }
    return Cgroup(path);
}

int Cgroup::open_for_joining() const {
    return ::open((path_ / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
}

bool Cgroup::populated() const {
    return number_in(path_ / "cgroup.events", "populated").value_or(0) != 0;
}

std::vector<pid_t> Cgroup::processes() const {
    std::vector<pid_t> found;
    add_processes(path_, found);
    return found;
}

void Cgroup::kill() const {
    write_all(path_ / "cgroup.kill", "1");
}

bool Cgroup::remove() const {
    return remove_tree(path_);
}

std::optional<std::int64_t> Cgroup::cpu_ms() const {
    const auto microseconds = number_in(path_ / "cpu.stat", "usage_usec");
    if (!microseconds) return std::nullopt;
    return *microseconds / 1000;
}

std::optional<std::int64_t> Cgroup::peak_memory_bytes() const {
    std::istringstream text(read_all(path_ / "memory.peak").value_or(""));
    std::int64_t bytes = 0;
    if (!(text >> bytes)) return std::nullopt;
    return bytes;
}

}  // namespace cockpit::keeper

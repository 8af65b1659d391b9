#include "runtime/process_table.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <string_view>

namespace cockpit::runtime {
namespace {

bool lives_in(const ProcessInfo& process, pid_t leader) {
    return process.lives() && (process.group == leader || process.session == leader);
}

bool same(const ProcessInfo& process) {
    const auto now = process_info(process.pid);
    return now && now->start_time == process.start_time;
}

}  // namespace

std::optional<ProcessInfo> process_info(pid_t pid) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/%d/stat", static_cast<int>(pid));
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    char text[1024];
    const auto size = ::read(file, text, sizeof text - 1);
    ::close(file);
    if (size <= 0) return std::nullopt;
    text[size] = '\0';
    // The name in parentheses may hold anything, so what counts begins after the last one.
    const char* after_name = std::strrchr(text, ')');
    ProcessInfo info{.pid = pid};
    unsigned long long start_time = 0;
    // Fields 3 to 6, and 22.
    if (after_name == nullptr ||
        std::sscanf(after_name + 1,
                    " %c %d %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
                    &info.state, &info.parent, &info.group, &info.session, &start_time) != 5) {
        return std::nullopt;
    }
    info.start_time = start_time;
    return info;
}

std::vector<ProcessInfo> all_processes() {
    std::vector<ProcessInfo> found;
    DIR* directory = ::opendir("/proc");
    if (directory == nullptr) return found;
    while (const dirent* entry = ::readdir(directory)) {
        const std::string_view name = entry->d_name;
        pid_t pid = 0;
        const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc() || rest != name.data() + name.size()) continue;
        if (const auto info = process_info(pid)) found.push_back(*info);
    }
    ::closedir(directory);
    return found;
}

std::vector<ProcessInfo> descendants_of(pid_t root) {
    return descendants_of(all_processes(), {root});
}

std::vector<ProcessInfo> descendants_of(const std::vector<ProcessInfo>& all,
                                        const std::vector<pid_t>& roots) {
    std::multimap<pid_t, ProcessInfo> children;
    for (const auto& process : all)
        children.emplace(process.parent, process);
    std::vector<ProcessInfo> found;
    const auto add_children_of = [&](pid_t parent) {
        for (auto [child, end] = children.equal_range(parent); child != end; ++child)
            found.push_back(child->second);
        // Numbers may go round while the table is read; nobody may be his own ancestor.
        children.erase(parent);
    };
    for (const pid_t root : roots)
        add_children_of(root);
    for (std::size_t next = 0; next < found.size(); ++next)
        add_children_of(found[next].pid);
    std::erase_if(found, [](const ProcessInfo& process) { return !process.lives(); });
    return found;
}

std::string initial_environment(pid_t pid) {
    char buffer[16384];
    std::snprintf(buffer, sizeof buffer, "/proc/%d/environ", static_cast<int>(pid));
    const int file = ::open(buffer, O_RDONLY | O_CLOEXEC);
    std::string environment;
    if (file < 0) return environment;
    for (ssize_t size = 0; (size = ::read(file, buffer, sizeof buffer)) > 0;)
        environment.append(buffer, static_cast<std::size_t>(size));
    ::close(file);
    return environment;
}

bool signal_process(const ProcessInfo& process, int signal) {
    // Held by a pidfd and looked at again, so that a number given away in between is not hit.
    const int held = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
    if (held < 0) return false;
    const bool sent =
        same(process) && ::syscall(SYS_pidfd_send_signal, held, signal, nullptr, 0) == 0;
    ::close(held);
    return sent;
}

std::vector<pid_t> living_in_session(pid_t leader) {
    std::vector<pid_t> found;
    for (const auto& process : all_processes()) {
        if (lives_in(process, leader)) found.push_back(process.pid);
    }
    std::ranges::sort(found);
    return found;
}

void signal_session(pid_t leader, int signal) {
    ::kill(-leader, signal);
    for (const auto& process : all_processes()) {
        if (lives_in(process, leader) && process.group != leader) signal_process(process, signal);
    }
}

}  // namespace cockpit::runtime

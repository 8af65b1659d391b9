#include "runtime/process_table.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace cockpit::runtime {
namespace {

struct ProcessLine {
    char state;
    pid_t group;
    pid_t session;
};

std::optional<ProcessLine> read_process(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    char text[1024];
    const auto size = ::read(file, text, sizeof text - 1);
    ::close(file);
    if (size <= 0) return std::nullopt;
    text[size] = '\0';
    // The name in parentheses may hold anything, so what counts begins after the last one.
    const char* after_name = std::strrchr(text, ')');
    ProcessLine line{};
    int parent = 0;
    if (after_name == nullptr || std::sscanf(after_name + 1, " %c %d %d %d", &line.state, &parent,
                                             &line.group, &line.session) != 4) {
        return std::nullopt;
    }
    return line;
}

bool lives_in(pid_t pid, pid_t leader) {
    const auto line = read_process(pid);
    return line && line->state != 'Z' && line->state != 'X' &&
           (line->group == leader || line->session == leader);
}

}  // namespace

std::vector<pid_t> living_in_session(pid_t leader) {
    std::vector<pid_t> found;
    std::error_code ignored;
    for (std::filesystem::directory_iterator entry("/proc", ignored), end; entry != end;
         entry.increment(ignored)) {
        const std::string name = entry->path().filename();
        pid_t pid = 0;
        const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc() || rest != name.data() + name.size()) continue;
        if (lives_in(pid, leader)) found.push_back(pid);
    }
    std::ranges::sort(found);
    return found;
}

void signal_session(pid_t leader, int signal) {
    ::kill(-leader, signal);
    for (const pid_t pid : living_in_session(leader)) {
        const auto line = read_process(pid);
        if (!line || line->group == leader) continue;
        // Held by a pidfd and looked at again, so that a number given away in between is not hit.
        const int held = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
        if (held < 0) continue;
        if (lives_in(pid, leader)) ::syscall(SYS_pidfd_send_signal, held, signal, nullptr, 0);
        ::close(held);
    }
}

}  // namespace cockpit::runtime

#include "agent/keeper/left_behind.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "agent/keeper/cgroup.hpp"
#include "agent/keeper/order.hpp"
#include "agent/keeper/process_tree.hpp"
#include "agent/spool/files.hpp"

namespace cockpit::keeper {
namespace {

bool is_subreaper() {
    int answer = 0;
    return ::prctl(PR_GET_CHILD_SUBREAPER, &answer) == 0 && answer != 0;
}

std::optional<Cgroup> cgroup_of(const std::filesystem::path& directory) {
    auto path = spool::read_file(directory / cgroup_file);
    if (!path || path->empty()) return std::nullopt;
    return Cgroup(*path);
}

bool carries(pid_t pid, const std::string& variable) {
    const auto environment = runtime::initial_environment(pid);
    // Variables end with a NUL each, the last one, too.
    for (std::size_t at = environment.find(variable); at != std::string::npos;
         at = environment.find(variable, at + 1)) {
        const auto end = at + variable.size();
        if ((at == 0 || environment[at - 1] == '\0') &&
            (end == environment.size() || environment[end] == '\0')) {
            return true;
        }
    }
    return false;
}

}  // namespace

LeftBehind::LeftBehind(std::filesystem::path directory, std::string cookie, std::set<pid_t> keepers)
    : directory_(std::move(directory)), cookie_(std::move(cookie)), keepers_(std::move(keepers)) {}

std::vector<runtime::ProcessInfo> LeftBehind::find() const {
    std::vector<runtime::ProcessInfo> found;
    std::set<pid_t> seen{::getpid()};
    const auto add = [&](const runtime::ProcessInfo& process) {
        if (process.lives() && !keepers_.contains(process.pid) && seen.insert(process.pid).second) {
            found.push_back(process);
        }
    };
    if (const auto cgroup = cgroup_of(directory_)) {
        for (const pid_t pid : cgroup->processes()) {
            if (const auto info = runtime::process_info(pid)) add(*info);
        }
    }
    const std::string variable = std::string(cookie_name) + "=" + cookie_;
    const bool adopts = is_subreaper();
    const auto all = runtime::all_processes();
    for (const auto& process : all) {
        if ((adopts && process.parent == ::getpid()) || carries(process.pid, variable)) {
            add(process);
        }
    }
    std::vector<pid_t> roots;
    for (const auto& process : found)
        roots.push_back(process.pid);
    for (const auto& below : runtime::descendants_of(all, roots))
        add(below);
    return found;
}

void LeftBehind::kill() const {
    if (const auto cgroup = cgroup_of(directory_)) cgroup->kill();
    stop_and_kill([this] { return find(); });
    if (!is_subreaper()) return;
    for (const auto& process : runtime::all_processes()) {
        if (process.parent == ::getpid() && !process.lives() && !keepers_.contains(process.pid)) {
            ::waitid(P_PID, static_cast<id_t>(process.pid), nullptr, WEXITED | WNOHANG);
        }
    }
}

void LeftBehind::clean_up() const {
    if (const auto cgroup = cgroup_of(directory_)) cgroup->remove();
}

}  // namespace cockpit::keeper

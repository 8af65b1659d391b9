#include "agent/keeper/process_tree.hpp"

#include <chrono>
#include <csignal>
#include <set>

namespace cockpit::keeper {
namespace {

using namespace std::chrono_literals;

// For stopping a tree that grows faster than it is looked at. What was found is killed then, and
// all of it is repeated.
constexpr auto stopping_patience = 3s;

}  // namespace

std::vector<runtime::ProcessInfo> ProcessTree::members() const {
    auto found = runtime::descendants_of(root_);
    if (!cgroup_) return found;
    std::set<pid_t> seen;
    for (const auto& process : found)
        seen.insert(process.pid);
    for (const pid_t pid : cgroup_->processes()) {
        if (pid == root_ || seen.contains(pid)) continue;
        const auto info = runtime::process_info(pid);
        if (info && info->lives()) found.push_back(*info);
    }
    return found;
}

void ProcessTree::terminate() const {
    for (const auto& process : members()) {
        runtime::signal_process(process, SIGTERM);
        runtime::signal_process(process, SIGCONT);
    }
}

void ProcessTree::kill() const {
    if (cgroup_) cgroup_->kill();
    stop_and_kill([this] { return runtime::descendants_of(root_); });
}

void stop_and_kill(const std::function<std::vector<runtime::ProcessInfo>()>& look) {
    const auto limit = std::chrono::steady_clock::now() + stopping_patience;
    std::set<std::pair<pid_t, std::uint64_t>> stopped;
    std::vector<runtime::ProcessInfo> found = look();
    for (bool is_new = !found.empty(); is_new && std::chrono::steady_clock::now() < limit;) {
        is_new = false;
        for (const auto& process : found) {
            if (!stopped.emplace(process.pid, process.start_time).second) continue;
            runtime::signal_process(process, SIGSTOP);
            is_new = true;
        }
        found = look();
    }
    for (const auto& process : found)
        runtime::signal_process(process, SIGKILL);
}

}  // namespace cockpit::keeper

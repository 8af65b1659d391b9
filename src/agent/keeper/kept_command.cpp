#include "agent/keeper/kept_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "agent/spool/layout.hpp"

namespace cockpit::keeper {
namespace {

// How long output that a descendant may still write is waited for once the command itself has
// ended, and how often that is granted again while bytes keep coming.
constexpr std::int64_t drain_ms = 200;
// How often is looked whether a tree that is being ended is gone: not all of it tells us.
constexpr std::int64_t look_again_ms = 10;
constexpr std::int64_t removing_ms = 1000;

std::int64_t now_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::int64_t microseconds(const timeval& time) {
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

}  // namespace

KeptCommand::KeptCommand(Order order, int signals, int agent)
    : order_(std::move(order)), signals_(signals), agent_(agent) {}

std::expected<void, std::string> KeptCommand::run() {
    started_at_ = now_ms();
    if (start()) {
        follow();
        count_usage();
    } else {
        status_.by = EndedBy::not_started;
    }
    if (tree_ && tree_->cgroup()) {
        // The last of them may still be on their way out.
        const auto limit = now_ms() + removing_ms;
        while (!tree_->cgroup()->remove() && status_.survivors.empty() && now_ms() < limit)
            wait(now_ms() + look_again_ms);
    }
    status_.execution_time_ms = now_ms() - started_at_;
    if (writer_) {
        // Not to be kept waiting for by the result: an error means bytes that readers see missing.
        static_cast<void>(writer_->finish());
        status_.output_bytes = static_cast<std::int64_t>(writer_->total());
        status_.output_sha256 = writer_->sha256_hex();
    }
    return write_status(order_.directory, status_);
}

bool KeptCommand::start() {
    auto writer = spool::Writer::create(order_.directory, {order_.spool_head, order_.spool_tail},
                                        spool::current_boot_id());
    if (!writer) {
        status_.problem = "its output cannot be kept: " + writer.error();
        return false;
    }
    writer_ = *std::move(writer);

    std::optional<Cgroup> cgroup;
    if (order_.cgroup) {
        // Written first: whoever has to clean up after us must not overlook it.
        const auto named = spool::replace_file(
            std::filesystem::path(order_.directory) / cgroup_file, *order_.cgroup);
        auto made = Cgroup::make(*order_.cgroup);
        if (named && made) {
            cgroup = *std::move(made);
        } else if (order_.cgroup_required) {
            status_.problem = (named ? made.error() : named.error()) +
                              " (CONTAINMENT=cgroup allows nothing less)";
            return false;
        }
    }
    status_.containment = cgroup ? "cgroup" : "process_group";
    tree_.emplace(::getpid(), cgroup);

    runtime::ChildSettings settings{.arguments = order_.arguments,
                                    .environment = order_.environment,
                                    .working_directory = order_.working_directory,
                                    .on_stdout = [](std::string_view) {},
                                    .on_stderr = {},
                                    .stderr_to_stdout = true,
                                    .user = order_.user};
    settings.environment[std::string(cookie_name)] = order_.cookie;
    if (cgroup) settings.cgroup_processes = cgroup->open_for_joining();
    auto launched = runtime::launch(settings);
    if (settings.cgroup_processes >= 0) ::close(settings.cgroup_processes);
    if (!launched) {
        status_.problem = launched.error();
        return false;
    }
    command_ = *launched;
    ::close(command_.pidfd);
    ::fcntl(command_.output, F_SETFL, O_NONBLOCK);
    return true;
}

void KeptCommand::follow() {
    const auto time_is_over = started_at_ + order_.time_limit_ms;
    while (phase_ != Phase::over) {
        wait(phase_ == Phase::running ? time_is_over : phase_until_);
        reap();
        if (phase_ == Phase::running && !command_ended_ && now_ms() >= time_is_over) {
            stop(EndedBy::time_limit);
        }
        advance();
    }
    // Nobody writes any more, but a pipe holds up to 1 MiB (pipe(7)).
    read_output(64);
    if (command_.output >= 0) ::close(std::exchange(command_.output, -1));
}

void KeptCommand::wait(Milliseconds until) {
    std::array<pollfd, 3> looked{{{.fd = signals_, .events = POLLIN, .revents = 0},
                                  {.fd = command_.output, .events = POLLIN, .revents = 0},
                                  {.fd = agent_, .events = POLLIN, .revents = 0}}};
    const auto left = std::clamp<Milliseconds>(until - now_ms(), 0, 60'000);
    if (::poll(looked.data(), looked.size(), static_cast<int>(left)) <= 0) return;
    if (looked[0].revents != 0) read_signals();
    if (looked[1].revents != 0) read_output(1);
    if (looked[2].revents != 0) {
        agent_ = -1;
        stop(EndedBy::request);
    }
}

void KeptCommand::read_output(int rounds) {
    static std::array<char, 65536> buffer;
    for (; rounds > 0 && command_.output >= 0; --rounds) {
        const auto size = ::read(command_.output, buffer.data(), buffer.size());
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (size <= 0) {
            ::close(std::exchange(command_.output, -1));
            return;
        }
        bytes_came_ = true;
        // What a full disk does not take is counted and hashed all the same; readers see the hole.
        static_cast<void>(writer_->append({buffer.data(), static_cast<std::size_t>(size)}));
    }
}

void KeptCommand::read_signals() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        switch (info.ssi_signo) {
            case SIGQUIT:
                order_.grace_ms = 0;
                if (phase_ == Phase::terminating) ending_until_ = 0;
                [[fallthrough]];
            case SIGTERM:
                stop(EndedBy::request);
                break;
            case SIGALRM:
                stop(EndedBy::time_limit);
                break;
            default:
                break;  // SIGCHLD: only that there is something to reap
        }
    }
}

void KeptCommand::stop(EndedBy by) {
    if (stop_asked_) return;
    stop_asked_ = true;
    // A command that has ended by itself was not stopped, whatever it left running.
    reap();
    if (!command_ended_) status_.by = by;
    if (phase_ == Phase::running || phase_ == Phase::draining) end_the_tree();
}

void KeptCommand::reap() {
    for (;;) {
        int how = 0;
        const pid_t pid = ::waitpid(-1, &how, WNOHANG);
        if (pid < 0 && errno == EINTR) continue;
        children_left_ = pid >= 0;
        if (pid <= 0) return;
        if (pid != command_.pid || command_ended_) continue;
        command_ended_ = true;
        if (WIFEXITED(how)) {
            status_.exit_code = WEXITSTATUS(how);
        } else {
            status_.signal = WTERMSIG(how);
        }
    }
}

void KeptCommand::advance() {
    const auto now = now_ms();
    if (phase_ == Phase::running && command_ended_) {
        phase_ = Phase::draining;
        phase_until_ = now + drain_ms;
        bytes_came_ = false;
    }
    if (phase_ == Phase::draining) {
        if (command_.output < 0) {
            end_the_tree();
        } else if (now >= phase_until_) {
            if (bytes_came_ && --drains_left_ > 0) {
                bytes_came_ = false;
                phase_until_ = now + drain_ms;
            } else {
                end_the_tree();
            }
        }
    }
    if (phase_ == Phase::terminating || phase_ == Phase::killing) {
        if (gone()) {
            phase_ = Phase::over;
        } else if (now >= ending_until_) {
            if (phase_ == Phase::terminating) {
                phase_ = Phase::killing;
                ending_until_ = now + order_.kill_wait_ms;
            } else {
                for (const auto& process : tree_->members())
                    status_.survivors.push_back(process.pid);
                std::ranges::sort(status_.survivors);
                phase_ = Phase::over;
            }
        }
        if (phase_ == Phase::killing && now < ending_until_) tree_->kill();
        phase_until_ = now + look_again_ms;
    }
}

void KeptCommand::end_the_tree() {
    phase_ = Phase::terminating;
    phase_until_ = now_ms();
    if (gone()) return;
    tree_->terminate();
    ending_until_ = phase_until_ + order_.grace_ms;
    phase_until_ += look_again_ms;
}

bool KeptCommand::gone() {
    reap();
    // Every orphan comes back to us, so without children there are no descendants.
    return !children_left_ && (!tree_->cgroup() || !tree_->cgroup()->populated());
}

void KeptCommand::count_usage() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    status_.cpu_ms = (microseconds(usage.ru_utime) + microseconds(usage.ru_stime)) / 1000;
    status_.peak_memory_bytes = std::int64_t{usage.ru_maxrss} * 1024;
    if (!tree_->cgroup()) return;
    status_.cpu_ms = tree_->cgroup()->cpu_ms().value_or(status_.cpu_ms);
    status_.peak_memory_bytes =
        tree_->cgroup()->peak_memory_bytes().value_or(status_.peak_memory_bytes);
}

}  // namespace cockpit::keeper

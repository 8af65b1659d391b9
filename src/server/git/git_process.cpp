#include "server/git/git_process.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "runtime/descriptor.hpp"
#include "runtime/process_launch.hpp"
#include "runtime/process_table.hpp"

namespace cockpit::git {
namespace {

using runtime::Descriptor;

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// More than any answer of the plumbing that is used here.
constexpr std::size_t most_output = 32UL * 1024 * 1024;
constexpr std::size_t most_error = 64UL * 1024;
constexpr milliseconds glance(100);
// For what a descendant may still write once git itself has ended.
constexpr milliseconds drain_time(500);

// A file in memory: unlike a pipe it takes all of the input before anybody reads.
int as_input(const std::string& text) {
    const int file = ::memfd_create("git-input", MFD_CLOEXEC);
    if (file < 0) return -1;
    std::size_t written = 0;
    while (written < text.size()) {
        const auto size = ::write(file, text.data() + written, text.size() - written);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) {
            ::close(file);
            return -1;
        }
        written += static_cast<std::size_t>(size);
    }
    ::lseek(file, 0, SEEK_SET);
    return file;
}

class Running {
  public:
    explicit Running(const runtime::LaunchedProcess& launched)
        : pid_(launched.pid),
          pidfd_(launched.pidfd),
          output_(launched.output),
          error_(launched.error) {}
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { reap(); }

    std::expected<GitOutput, CallFailure> wait(const Patience& patience) {
        auto until = patience.until;
        for (;;) {
            if (patience.stopping != nullptr && *patience.stopping) {
                return std::unexpected(
                    CallFailure{CallFailure::Kind::stopped, "the server is shutting down"});
            }
            const auto now = steady_clock::now();
            if (now >= until) {
                if (ended_) break;
                return std::unexpected(
                    CallFailure{CallFailure::Kind::too_slow, "git took too long and was ended"});
            }
            const auto left = std::chrono::duration_cast<milliseconds>(until - now);
            look(std::min(left + milliseconds(1), glance));
            if (found_.output.size() > most_output) {
                return std::unexpected(
                    CallFailure{CallFailure::Kind::too_much, "git answered more than is taken"});
            }
            if (!ended_ && has_ended()) {
                ended_ = true;
                until = std::min(until, steady_clock::now() + drain_time);
            }
            if (ended_ && output_.get() < 0 && error_.get() < 0) break;
        }
        reap();
        found_.exit_code = exit_code_;
        return std::move(found_);
    }

  private:
    void look(milliseconds at_most) {
        std::array<pollfd, 3> ready{
            {{.fd = output_.get(), .events = POLLIN, .revents = 0},
             {.fd = error_.get(), .events = POLLIN, .revents = 0},
             {.fd = ended_ ? -1 : pidfd_.get(), .events = POLLIN, .revents = 0}}};
        if (::poll(ready.data(), ready.size(), static_cast<int>(at_most.count())) <= 0) return;
        if (ready[0].revents != 0) read(output_, found_.output, most_output + 1);
        if (ready[1].revents != 0) read(error_, found_.error, most_error);
    }

    static void read(Descriptor& from, std::string& to, std::size_t most) {
        std::array<char, 65536> buffer;
        const auto size = ::read(from.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) return;
        if (size <= 0) return from.reset();
        to.append(buffer.data(), std::min(static_cast<std::size_t>(size), most - to.size()));
    }

    bool has_ended() const {
        siginfo_t info{};
        const auto flags = WEXITED | WNOHANG | WNOWAIT;
        return ::waitid(P_PID, static_cast<id_t>(pid_), &info, flags) == 0 && info.si_pid != 0;
    }

    // Its number is its own until it is reaped, so the whole session is ended before.
    void reap() {
        if (reaped_) return;
        reaped_ = true;
        runtime::signal_session(pid_, SIGKILL);
        siginfo_t info{};
        while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) < 0 && errno == EINTR) {
        }
        exit_code_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    }

    pid_t pid_;
    Descriptor pidfd_;
    Descriptor output_;
    Descriptor error_;
    GitOutput found_;
    bool ended_ = false;
    bool reaped_ = false;
    int exit_code_ = 255;
};

}  // namespace

std::expected<GitOutput, CallFailure> run_git(const GitCall& call, const Patience& patience) {
    const Descriptor input(as_input(call.input));
    if (input.get() < 0) {
        return std::unexpected(
            CallFailure{CallFailure::Kind::not_started,
                        "no memory for the input of git: " + std::string(std::strerror(errno))});
    }
    runtime::ChildSettings settings;
    settings.arguments = {"git"};
    settings.arguments.insert(settings.arguments.end(), call.arguments.begin(),
                              call.arguments.end());
    settings.environment = call.environment;
    settings.working_directory = call.directory;
    settings.standard_input = input.get();
    // Only that there are receivers counts: the pipes are read here.
    settings.on_stdout = [](std::string_view) {};
    settings.on_stderr = [](std::string_view) {};
    settings.die_with_parent = true;
    const auto launched = runtime::launch(settings);
    if (!launched) {
        return std::unexpected(CallFailure{CallFailure::Kind::not_started, launched.error()});
    }
    return Running(*launched).wait(patience);
}

std::string words_of(const GitOutput& output) {
    constexpr std::size_t most_words = 500;
    std::string_view rest = output.error;
    std::string_view last;
    std::string_view chosen;
    while (!rest.empty() && chosen.empty()) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
            line.remove_suffix(1);
        if (line.empty()) continue;
        for (const std::string_view sign : {"fatal: ", "error: "}) {
            if (line.starts_with(sign)) chosen = line.substr(sign.size());
        }
        // What ssh said of it stands before.
        if (chosen.starts_with("Could not read from remote repository") && !last.empty()) {
            chosen = last;
        }
        last = line;
    }
    if (chosen.empty()) chosen = last;
    if (chosen.empty()) return "git ended with exit code " + std::to_string(output.exit_code);
    return std::string(chosen.substr(0, most_words));
}

}  // namespace cockpit::git

#include "runtime/process_launch.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "runtime/descriptor.hpp"

namespace cockpit::runtime {
namespace {

constexpr const char* default_path = "/usr/local/bin:/usr/bin:/bin";

struct Pipe {
    Descriptor read_end;
    Descriptor write_end;
    bool open() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return false;
        read_end.reset(ends[0]);
        write_end.reset(ends[1]);
        return true;
    }
};

std::string reason(int error) {
    return std::strerror(error);
}

bool runnable(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}

std::expected<std::string, std::string> find_program(const ChildSettings& settings) {
    const std::string& name = settings.arguments.front();
    if (name.find('/') != std::string::npos) {
        // Relative to the child's directory, as the child would see it.
        std::filesystem::path path(name);
        if (path.is_relative() && settings.working_directory) {
            path = *settings.working_directory / path;
        }
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0) {
            return std::unexpected("program '" + name + "' cannot be started: " + reason(errno));
        }
        if (!runnable(path)) {
            return std::unexpected("program '" + name +
                                   "' cannot be started: it is not an executable file");
        }
        return name;
    }
    const auto given = settings.environment.find("PATH");
    const std::string path = given == settings.environment.end() ? default_path : given->second;
    std::string rest = path;
    bool seen = false;
    while (!rest.empty()) {
        const auto colon = rest.find(':');
        const std::string directory = rest.substr(0, colon);
        rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
        // An empty entry would mean the working directory, which is never meant.
        if (directory.empty()) continue;
        std::string candidate = directory + "/" + name;
        if (runnable(candidate)) return candidate;
        seen = seen || ::access(candidate.c_str(), F_OK) == 0;
    }
    return std::unexpected("program '" + name + "' was not found " +
                           (seen ? "as an executable file " : "") + "in PATH (" + path + ")");
}

std::optional<std::string> wrong_settings(const ChildSettings& settings) {
    if (settings.arguments.empty() || settings.arguments.front().empty()) {
        return "no program was named";
    }
    for (const auto& argument : settings.arguments) {
        if (argument.find('\0') != std::string::npos) return "an argument contains a NUL character";
    }
    for (const auto& [name, value] : settings.environment) {
        if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos ||
            value.find('\0') != std::string::npos) {
            return "the environment variable '" + name + "' cannot be passed to a program";
        }
    }
    return std::nullopt;
}

enum class Step : int { directory = 1, descriptors, parent, program, user, cgroup };
struct Failure {
    Step step;
    int error;
};

// All that the child needs, prepared before fork: between fork and execve only async-signal-safe
// calls are allowed (signal-safety(7)), so nothing may allocate there.
struct Plan {
    std::string program;
    std::vector<char*> arguments;
    std::vector<std::string> environment_text;
    std::vector<char*> environment;
    const char* directory = nullptr;
    int input = -1;
    int cgroup_processes = -1;
    int output = -1;  // -1: leave ours
    int error = -1;
    int report = -1;
    bool die_with_parent = false;
    pid_t parent = -1;
    const ChildUser* user = nullptr;
};

[[noreturn]] void fail(const Plan& plan, Step step) {
    const Failure failure{step, errno};
    [[maybe_unused]] const auto written = ::write(plan.report, &failure, sizeof failure);
    ::_exit(127);
}

// Sockets of Asio are not close-on-exec, and libraries may hold descriptors of their own.
void close_on_exec_from(unsigned first) {
    constexpr unsigned cloexec = 1U << 2;  // CLOSE_RANGE_CLOEXEC, Linux 5.11
    if (::syscall(SYS_close_range, first, ~0U, cloexec) == 0) return;
    for (int number = static_cast<int>(first); number < 65536; ++number) {
        const int flags = ::fcntl(number, F_GETFD);
        if (flags >= 0) ::fcntl(number, F_SETFD, flags | FD_CLOEXEC);
    }
}

// The order matters: who is no longer root cannot change groups.
void change_user(const Plan& plan) {
    const auto& user = *plan.user;
    if (::setgroups(user.groups.size(), user.groups.data()) != 0 || ::setgid(user.gid) != 0 ||
        ::setuid(user.uid) != 0) {
        fail(plan, Step::user);
    }
}

[[noreturn]] void become(const Plan& plan) {
    ::setsid();
    // "0" is whoever writes it.
    if (plan.cgroup_processes >= 0 && ::write(plan.cgroup_processes, "0", 1) != 1) {
        fail(plan, Step::cgroup);
    }
    // Before the wish to die with the parent, which a change of user takes back (prctl(2)).
    if (plan.user != nullptr) change_user(plan);
    for (int number = 1; number < NSIG; ++number)
        ::signal(number, SIG_DFL);
    if (plan.die_with_parent) {
        if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) fail(plan, Step::parent);
        // It may have died before the request was made.
        if (::getppid() != plan.parent) ::_exit(127);
    }
    if (::dup2(plan.input, 0) < 0) fail(plan, Step::descriptors);
    if (plan.output >= 0 && ::dup2(plan.output, 1) < 0) fail(plan, Step::descriptors);
    if (plan.error >= 0 && ::dup2(plan.error, 2) < 0) fail(plan, Step::descriptors);
    close_on_exec_from(3);
    if (plan.directory != nullptr && ::chdir(plan.directory) != 0) fail(plan, Step::directory);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(plan.program.c_str(), plan.arguments.data(), plan.environment.data());
    fail(plan, Step::program);
}

std::string sentence(const Failure& failure, const ChildSettings& settings) {
    const std::string program = "program '" + settings.arguments.front() + "' cannot be started: ";
    switch (failure.step) {
        case Step::directory:
            return program + "working directory '" + settings.working_directory->string() +
                   "' cannot be entered: " + reason(failure.error);
        case Step::cgroup:
            return program + "it cannot be put into its control group: " + reason(failure.error);
        case Step::user:
            return program + "the user id " + std::to_string(settings.user->uid) +
                   " cannot be taken: " + reason(failure.error);
        case Step::descriptors:
        case Step::parent:
            return program + reason(failure.error);
        case Step::program:
            // stat(2) saw the file a moment ago, so it is its interpreter that is missing.
            if (failure.error == ENOENT) return program + "the interpreter it names does not exist";
            return program + reason(failure.error);
    }
    return program + reason(failure.error);
}

void fill(Plan& plan, const ChildSettings& settings) {
    for (const auto& argument : settings.arguments) {
        plan.arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    plan.arguments.push_back(nullptr);
    plan.environment_text.reserve(settings.environment.size());
    for (const auto& [name, value] : settings.environment) {
        plan.environment_text.push_back(name + "=" + value);
        plan.environment.push_back(plan.environment_text.back().data());
    }
    plan.environment.push_back(nullptr);
    if (settings.working_directory) plan.directory = settings.working_directory->c_str();
    plan.cgroup_processes = settings.cgroup_processes;
    plan.die_with_parent = settings.die_with_parent;
    if (settings.user) plan.user = &*settings.user;
    plan.parent = ::getpid();
}

// Handlers of ours must not run in the child before it becomes the program: they would write into
// pipes that both share.
pid_t fork_with_signals_blocked(const Plan& plan) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = ::fork();
    if (pid == 0) become(plan);
    const int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return pid;
}

void reap(pid_t pid) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace

std::expected<LaunchedProcess, std::string> launch(const ChildSettings& settings) {
    if (auto wrong = wrong_settings(settings)) {
        return std::unexpected("program cannot be started: " + *wrong);
    }
    auto program = find_program(settings);
    if (!program) return std::unexpected(std::move(program.error()));

    const auto no_start = [&](int error) {
        return std::unexpected("program '" + settings.arguments.front() +
                               "' cannot be started: " + reason(error));
    };
    Plan plan;
    plan.program = std::move(*program);
    fill(plan, settings);

    // Numbers below 3 would be overwritten in the child; they are free only where our own standard
    // streams were closed.
    Descriptor null_device(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (null_device.get() >= 0 && null_device.get() < 3) {
        null_device.reset(::fcntl(null_device.get(), F_DUPFD_CLOEXEC, 3));
    }
    if (null_device.get() < 0) return no_start(errno);
    Pipe report;
    Pipe output;
    Pipe error;
    const bool want_output = settings.on_stdout && !settings.inherit_output;
    const bool want_error =
        settings.on_stderr && !settings.inherit_output && !settings.stderr_to_stdout;
    if (!report.open() || (want_output && !output.open()) || (want_error && !error.open())) {
        return no_start(errno);
    }
    plan.input = settings.standard_input >= 0 ? settings.standard_input : null_device.get();
    plan.report = report.write_end.get();
    if (!settings.inherit_output) {
        plan.output = want_output ? output.write_end.get() : null_device.get();
        plan.error = settings.stderr_to_stdout ? plan.output
                     : want_error              ? error.write_end.get()
                                               : null_device.get();
    } else if (settings.stderr_to_stdout) {
        plan.error = 1;
    }

    const pid_t pid = fork_with_signals_blocked(plan);
    if (pid < 0) return no_start(errno);
    report.write_end.reset();
    output.write_end.reset();
    error.write_end.reset();

    Failure failure{};
    ssize_t size = 0;
    do {
        size = ::read(report.read_end.get(), &failure, sizeof failure);
    } while (size < 0 && errno == EINTR);
    if (size == static_cast<ssize_t>(sizeof failure)) {
        reap(pid);
        return std::unexpected(sentence(failure, settings));
    }
    // Not reaped yet, so the number is still our child's even when it has already ended.
    Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (pidfd.get() < 0) {
        const int code = errno;
        ::kill(-pid, SIGKILL);
        reap(pid);
        return no_start(code);
    }
    return LaunchedProcess{.pid = pid,
                           .pidfd = pidfd.release(),
                           .output = output.read_end.release(),
                           .error = error.read_end.release()};
}

}  // namespace cockpit::runtime

#pragma once
// A child process of ours: started from an argument list (never a shell), in a session and process
// group of its own, with standard input from /dev/null, and watched through a pidfd
// (pidfd_open(2)). The child is reaped only when the object dies: until then its number, which is
// also the group's, cannot be given to another process, so that a recycled id can never be
// signalled by mistake.
//
// One thread. The object owns the child: destroying it while the child runs kills the group
// (SIGKILL) and reaps the child. SIGCHLD must not be ignored in our process.

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cockpit::runtime {

/// Another user for a child; only root can give one.
struct ChildUser {
    uid_t uid;
    gid_t gid;
    std::vector<gid_t> groups;  ///< all supplementary groups
};

struct ChildSettings {
    /// [0] is the program: a path, or a name looked up in the PATH of `environment`, or, where that
    /// has none, in /usr/local/bin:/usr/bin:/bin.
    std::vector<std::string> arguments;
    /// The whole environment of the child; nothing is inherited but what stands here.
    std::map<std::string, std::string> environment;
    std::optional<std::filesystem::path> working_directory;
    /// Where output goes: called on the I/O thread with bytes as they come; null: /dev/null;
    /// inherit_output: ours. Never called after the object died; may destroy the object.
    std::function<void(std::string_view)> on_stdout;
    std::function<void(std::string_view)> on_stderr;
    bool inherit_output = false;
    /// Standard error goes where standard output goes, so that on_stdout sees both in order.
    bool stderr_to_stdout = false;
    /// The child gets SIGTERM when our process dies (PR_SET_PDEATHSIG).
    bool die_with_parent = false;
    /// Whom the child becomes before it enters its directory and runs the program; nothing: it
    /// stays who we are.
    std::optional<ChildUser> user;
    /// Its standard input, the caller's to close; -1: /dev/null.
    int standard_input = -1;
    /// The child puts itself into the control group whose `cgroup.procs` this is, open for writing
    /// (cgroups(7)), before anything of the program runs; -1: it stays in ours.
    int cgroup_processes = -1;
};

struct ExitStatus {
    std::optional<int> exit_code;  ///< when it exited
    std::optional<int> signal;     ///< when a signal ended it
    bool success() const { return exit_code == 0; }
    /// "exit code 1" or "signal 9 (Killed)".
    std::string text() const;
};

class ChildProcess {
  public:
    /// The error is a sentence: program not found, not executable, no more processes.
    static std::expected<std::unique_ptr<ChildProcess>, std::string> start(
        const boost::asio::any_io_executor& executor, ChildSettings settings);

    virtual ~ChildProcess() = default;
    virtual pid_t pid() const = 0;

    /// Waits until the child has ended and its output pipes were read to their end, or, where a
    /// descendant keeps a pipe open, until a short time after the child's end. Once per object.
    /// Cancellable (operation_aborted is thrown): the child goes on.
    virtual boost::asio::awaitable<ExitStatus> wait() = 0;

    /// Sends a signal to the child's process group and to whatever else is in its session. Nothing
    /// happens once all of them are gone.
    virtual void signal_group(int signal) = 0;
    /// Whether any process of the group or session lives. A zombie does not.
    virtual bool group_alive() const = 0;
    /// Their process ids, in ascending order.
    virtual std::vector<pid_t> survivors() const = 0;
};

}  // namespace cockpit::runtime

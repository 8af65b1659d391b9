#pragma once
// A child process of ours: started from an argument list (never a shell), in a process group of its own,
// with standard input from /dev/null, and watched through a pidfd (pidfd_open(2)), so that a recycled
// process id can never be signalled by mistake.
//
// One thread. The object owns the child: destroying it while the child runs kills the group (SIGKILL)
// and reaps the child.

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

struct ChildSettings {
    std::vector<std::string> arguments;  ///< [0] is the program: a path, or a name looked up in PATH
    /// The whole environment of the child; nothing is inherited but what stands here.
    std::map<std::string, std::string> environment;
    std::optional<std::filesystem::path> working_directory;
    /// Where output goes: called on the I/O thread with bytes as they come; null: /dev/null;
    /// inherit_output: ours.
    std::function<void(std::string_view)> on_stdout;
    std::function<void(std::string_view)> on_stderr;
    bool inherit_output = false;
    /// The child gets SIGTERM when our process dies (PR_SET_PDEATHSIG).
    bool die_with_parent = false;
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
    /// Cancellable: the child goes on.
    virtual boost::asio::awaitable<ExitStatus> wait() = 0;

    /// Sends a signal to the child's process group. Nothing happens once the child was reaped and its
    /// group is gone.
    virtual void signal_group(int signal) = 0;
    /// Whether any process of the group lives.
    virtual bool group_alive() const = 0;
};

}  // namespace cockpit::runtime

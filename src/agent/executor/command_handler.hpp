#pragma once
// One kind of command this host can do. executor owns this interface, agent/commands implements it.
// Everything on the one thread.

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/command_schema.hpp"
#include "protocol/command_state.hpp"
#include "protocol/ids.hpp"

namespace cockpit::executor {

/// How an execution ended.
struct Outcome {
    protocol::CommandState state;      ///< success, error, timeout, cancelled, cancel_failed; or
                                       ///< interrupted: how it ended cannot be known
    std::string output;                ///< bytes as they came, at most the handler's limit
    std::optional<std::string> error;  ///< a sentence for a person; absent on success
    std::optional<int> exit_code;
    std::optional<int> signal;                      ///< that ended it
    std::optional<std::int64_t> cpu_ms;             ///< processor time of all its processes
    std::optional<std::int64_t> peak_memory_bytes;  ///< of all of it, or of its largest process
    std::string containment;  ///< cgroup, process_group; empty: it was no process of ours
    /// What it wrote in all, and the SHA-256 of that (hex). Unset: `output` is all of it.
    std::optional<std::int64_t> output_bytes;
    std::string output_sha256;
    /// Where the executor's own watch is wrong, since it ended while no agent lived.
    std::optional<std::int64_t> execution_time_ms;
};

enum class StopReason { timeout, cancelled };

/// The process that keeps a command while it runs. It outlives the agent, which finds it again by
/// number and start time (of one boot).
struct ProcessMark {
    std::int64_t pid = 0;
    std::uint64_t start_time = 0;  ///< field 22 of /proc/<pid>/stat (proc(5)): clock ticks
    auto operator<=>(const ProcessMark&) const = default;
};

/// A command that is about to run, or runs. Destroying it ends what still runs, at once; before
/// go() nothing of it ran.
class Execution {
  public:
    virtual ~Execution() = default;
    /// Its process, known before it begins; nothing: a command without one.
    virtual std::optional<ProcessMark> process() const { return std::nullopt; }
    /// Lets it begin. Once, and not for one that was resumed: that one runs.
    virtual void go() = 0;
    /// Asks it to end, gently first, then by force. `done` still comes, when all of it is gone,
    /// with the state that `reason` names (or cancel_failed). Calling it again changes nothing.
    virtual void stop(StopReason reason) = 0;
};

/// One attempt at a command, as its handler gets it.
struct Task {
    boost::json::object params;  ///< valid under the schema
    std::int64_t timeout_ms = 0;
    /// Unset: a command of the original's unsigned wire. It is not journaled, so that nobody would
    /// find it again: it must not outlive the agent.
    std::optional<protocol::AttemptId> attempt;
};

class CommandHandler {
  public:
    virtual ~CommandHandler() = default;
    virtual const protocol::CommandSchema& schema() const = 0;

    /// The host owner's own rules (allowed paths, names), for parameters that fit the schema. The
    /// error is a sentence for whoever sent the command; it becomes `refused` and nothing runs.
    virtual std::expected<void, std::string> allows(const boost::json::object& params) const = 0;

    /// Two executions with the same resource never run at the same time; nothing: no such bound.
    virtual std::optional<std::string> resource(const boost::json::object& params) const = 0;

    using Done = std::move_only_function<void(Outcome)>;
    /// Prepares everything up to the point where the command would begin. `done` is called exactly
    /// once, later than go() and never from inside it, unless the Execution is destroyed first. The
    /// executor watches the time limit and calls stop().
    virtual std::unique_ptr<Execution> start(const Task& task, Done done) = 0;

    /// Goes on with an attempt that an earlier run of this agent began and let go, as if it had
    /// been started here: it may still run, or have ended since. `done` as above, at any later
    /// time. Null: this kind leaves nothing behind that could be gone on with.
    virtual std::unique_ptr<Execution> resume(const Task& /*task*/, const ProcessMark& /*process*/,
                                              Done /*done*/) {
        return nullptr;
    }
};

using CommandHandlers = std::vector<std::unique_ptr<CommandHandler>>;

/// Ends what an earlier run of this agent left running of a command that no handler knows how to go
/// on with.
class Leftovers {
  public:
    virtual ~Leftovers() = default;
    /// `done` comes once all of it is gone, with `interrupted`, or cancel_failed.
    virtual std::unique_ptr<Execution> end(const Task& task, const ProcessMark& process,
                                           CommandHandler::Done done) = 0;
};

}  // namespace cockpit::executor

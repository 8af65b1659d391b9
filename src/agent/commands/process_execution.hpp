#pragma once
// An execution that is one process and all that it starts, kept by a keeper of ours
// (docs/keeper.md), which outlives this agent. Stopping it means: SIGTERM to all of it, a grace
// time, SIGKILL, and no word of "timeout" or "cancelled" before the last of them is gone.

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>

#include "agent/commands/keeping.hpp"
#include "agent/executor/command_handler.hpp"
#include "runtime/child_process.hpp"

namespace cockpit::commands {

struct ProcessCommand {
    /// Arguments, environment, working directory and user count; both outputs go to the spool,
    /// in the order they come.
    runtime::ChildSettings child;
    std::string title;  ///< for sentences: "git pull"
    /// Watched by the keeper, and by the executor while it lives.
    std::chrono::milliseconds time_limit;
    std::chrono::milliseconds grace{2000};
    std::chrono::milliseconds kill_wait{5000};  ///< how long SIGKILL may take to work
    std::size_t output_limit = 1024 * 1024;     ///< bytes of the result's text
    /// Makes the outcome of a process that ended by itself.
    std::move_only_function<executor::Outcome(const runtime::ExitStatus&, std::string output)>
        judge;
    std::shared_ptr<Keeping> keeping;
    /// Unset: it is not in the journal, so it ends when the agent does.
    std::optional<protocol::AttemptId> attempt;
};

/// Its keeper is started at once and waits for go(). One that cannot start is an outcome too:
/// error.
std::unique_ptr<executor::Execution> start_process(const boost::asio::any_io_executor& loop,
                                                   ProcessCommand command,
                                                   executor::CommandHandler::Done done);

/// Goes on with one that an earlier run of this agent let go, or tells how it ended. Of `child`
/// nothing counts.
std::unique_ptr<executor::Execution> resume_process(const boost::asio::any_io_executor& loop,
                                                    ProcessCommand command,
                                                    const executor::ProcessMark& mark,
                                                    executor::CommandHandler::Done done);

/// Ends what runs of commands that this agent does not know any more.
std::unique_ptr<executor::Leftovers> end_leftovers(boost::asio::any_io_executor loop,
                                                   std::shared_ptr<Keeping> keeping);

}  // namespace cockpit::commands

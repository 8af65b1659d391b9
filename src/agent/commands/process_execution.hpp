#pragma once
// An execution that is one child process and all that it starts. Stopping it means: SIGTERM to all
// of it, a grace time, SIGKILL, and no word of "timeout" or "cancelled" before the last of them is
// gone.

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>

#include "agent/executor/command_handler.hpp"
#include "runtime/child_process.hpp"

namespace cockpit::commands {

struct ProcessCommand {
    /// Its output callbacks are replaced: standard output and error are kept in the order they
    /// come.
    runtime::ChildSettings child;
    std::string title;                     ///< for sentences: "git pull"
    std::chrono::milliseconds time_limit;  ///< for sentences; the executor watches it
    std::chrono::milliseconds grace{2000};
    std::chrono::milliseconds kill_wait{5000};  ///< how long SIGKILL may take to work
    std::size_t output_limit = 1024 * 1024;     ///< bytes kept, see OutputBuffer
    /// Makes the outcome of a child that ended by itself.
    std::move_only_function<executor::Outcome(const runtime::ExitStatus&, std::string output)>
        judge;
};

/// Starts it. A child that cannot start is an outcome too: error.
std::unique_ptr<executor::Execution> start_process(const boost::asio::any_io_executor& loop,
                                                   ProcessCommand command,
                                                   executor::CommandHandler::Done done);

}  // namespace cockpit::commands

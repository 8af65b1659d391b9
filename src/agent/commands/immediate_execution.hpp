#pragma once
// An execution whose outcome is known when it starts.

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "agent/executor/command_handler.hpp"

namespace cockpit::commands {

/// `done` gets the outcome in the turn of the loop after go(). Stopping it changes nothing: it has
/// ended.
std::unique_ptr<executor::Execution> immediate_execution(const boost::asio::any_io_executor& loop,
                                                         executor::Outcome outcome,
                                                         executor::CommandHandler::Done done);

}  // namespace cockpit::commands

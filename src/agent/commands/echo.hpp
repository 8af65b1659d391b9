#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "agent/executor/command_handler.hpp"

namespace cockpit::commands {

/// echo: answers with its `message`.
std::unique_ptr<executor::CommandHandler> create_echo(boost::asio::any_io_executor loop,
                                                      protocol::CommandSchema schema);

}  // namespace cockpit::commands

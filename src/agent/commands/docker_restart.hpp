#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/executor/command_handler.hpp"

namespace cockpit::commands {

struct DockerRestartSettings {
    std::vector<std::string> containers;     ///< the only ones it may restart, by name
    std::filesystem::path socket;            ///< of the Docker engine
    int stop_seconds = 10;                   ///< what the container gets before the engine kills it
    std::chrono::milliseconds settle{1000};  ///< how long it must stay up to count as running
};

/// docker_restart: success only when the container was started anew and stays up. Stopping the
/// command ends our waiting; what the engine was already asked to do goes on, and the error says
/// so.
std::unique_ptr<executor::CommandHandler> create_docker_restart(boost::asio::any_io_executor loop,
                                                                protocol::CommandSchema schema,
                                                                DockerRestartSettings settings);

}  // namespace cockpit::commands

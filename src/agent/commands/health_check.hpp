#pragma once
// health_check: asks something near this host how it is, again and again until it is well or the
// patience is over.

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/executor/command_handler.hpp"

namespace cockpit::commands {

struct HealthCheckSettings {
    std::vector<std::string> hosts;             ///< HEALTH_CHECK_HOSTS: the only ones it may ask
    std::vector<std::string> containers;        ///< DOCKER_CONTAINER_NAME: the only ones
    std::filesystem::path docker_socket;        ///< DOCKER_SOCKET
    std::chrono::milliseconds one_try{10'000};  ///< what does not answer for so long is not well
};

/// Its own deadline ends it with `error`; cancelled or out of its time limit it stops at once.
std::unique_ptr<executor::CommandHandler> create_health_check(boost::asio::any_io_executor loop,
                                                              protocol::CommandSchema schema,
                                                              HealthCheckSettings settings);

}  // namespace cockpit::commands

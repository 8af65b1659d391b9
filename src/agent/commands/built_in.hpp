#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "agent/commands/keeping.hpp"
#include "agent/executor/command_handler.hpp"

namespace cockpit::commands {

struct BuiltInSettings {
    std::vector<std::filesystem::path> git_repositories;  ///< GIT_REPO_PATH
    std::vector<std::string> docker_containers;           ///< DOCKER_CONTAINER_NAME
    std::filesystem::path docker_socket;                  ///< DOCKER_SOCKET
    std::chrono::milliseconds command_timeout{30'000};    ///< COMMAND_TIMEOUT
    std::chrono::milliseconds docker_timeout{60'000};     ///< DOCKER_TIMEOUT
    /// The agent's own environment, of which git gets what git_environment() lists.
    std::map<std::string, std::string> environment;
    std::shared_ptr<Keeping> keeping;
    std::vector<std::string> health_check_hosts;  ///< HEALTH_CHECK_HOSTS
};

/// The original's echo, git_pull and docker_restart, then ours. An owner's command must have
/// another name.
const std::vector<protocol::CommandSchema>& built_in_schemas();

/// All of them are always there; with an empty list of what it may touch a command refuses with a
/// sentence that names the setting.
executor::CommandHandlers built_in_commands(const boost::asio::any_io_executor& loop,
                                            BuiltInSettings settings);

}  // namespace cockpit::commands

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/commands/keeping.hpp"
#include "agent/executor/command_handler.hpp"

namespace cockpit::commands {

struct GitPullSettings {
    std::vector<std::filesystem::path> repositories;  ///< the only ones it may touch
    /// The agent's own environment; only what git_environment() lists reaches git.
    std::map<std::string, std::string> environment;
    std::chrono::milliseconds grace{2000};   ///< between SIGTERM and SIGKILL
    std::size_t output_limit = 1024 * 1024;  ///< bytes of the result's text
    std::shared_ptr<Keeping> keeping;
};

/// git_pull: `git pull --ff-only origin BRANCH` in one of the host's repositories. It never asks
/// anybody anything, never merges, and runs the hooks and helpers the repository's owner set up
/// there.
std::unique_ptr<executor::CommandHandler> create_git_pull(boost::asio::any_io_executor loop,
                                                          protocol::CommandSchema schema,
                                                          GitPullSettings settings);

}  // namespace cockpit::commands

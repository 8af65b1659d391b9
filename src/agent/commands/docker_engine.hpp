#pragma once
// A client of the Docker Engine API (https://docs.docker.com/reference/api/engine/) over its unix
// socket: the two calls a restart needs. One thread, one question at a time, no time limit of its
// own.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace cockpit::commands {

/// A container's State, as GET /containers/{name}/json tells it.
struct ContainerState {
    bool running = false;
    bool restarting = false;  ///< it ended, and its restart policy starts it again
    int exit_code = 0;        ///< of its last end
    int restart_count = 0;    ///< restarts by its policy
    std::string started_at;   ///< RFC 3339; compared, never computed with
    std::string error;        ///< why it could not be started
    std::string health;  ///< of its own check: healthy, unhealthy, starting; empty: it has none
};

class DockerEngine {
  public:
    virtual ~DockerEngine() = default;

    /// Errors are sentences for a person: no socket, no permission, no such container, the engine's
    /// own.
    virtual boost::asio::awaitable<std::expected<ContainerState, std::string>> inspect(
        std::string name) = 0;
    /// Answered when the engine has stopped the container (SIGKILL after `stop_seconds`) and
    /// started it.
    virtual boost::asio::awaitable<std::expected<void, std::string>> restart(std::string name,
                                                                             int stop_seconds) = 0;
    /// The question that is open, and every later one, fails.
    virtual void abort() = 0;
};

/// The version of the API is the engine's own, asked for with the first question.
std::unique_ptr<DockerEngine> create_docker_engine(boost::asio::any_io_executor loop,
                                                   std::filesystem::path socket);

}  // namespace cockpit::commands

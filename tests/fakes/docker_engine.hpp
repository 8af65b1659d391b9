#pragma once
// A Docker engine of a test's own: dockerd on a unix socket in a temporary directory, with one
// image
// ("box": a static busybox) and no network. It is ended by its process id and leaves no mount
// behind.
//
// Needs root, dockerd, the docker command and busybox-static.

#include <sys/types.h>

#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fakes/run_program.hpp"

namespace cockpit::test {

class PrivateDockerEngine {
  public:
    /// The error says why no engine can run here; a test prints it and skips.
    static std::expected<std::unique_ptr<PrivateDockerEngine>, std::string> start();
    PrivateDockerEngine(const PrivateDockerEngine&) = delete;
    PrivateDockerEngine& operator=(const PrivateDockerEngine&) = delete;
    ~PrivateDockerEngine();

    std::filesystem::path socket() const { return directory_.path() / "docker.sock"; }
    /// Starts a container that runs the shell text; `options` are those of `docker run`.
    void run(const std::string& name, const std::string& script,
             std::vector<std::string> options = {});
    /// `docker inspect --format`.
    std::string inspect(const std::string& name, const std::string& format);
    std::string docker(std::vector<std::string> arguments);
    /// Ends the engine and its containers; its socket's file stays away.
    void stop();

    /// A script that runs until it is told to end, and ends at once then.
    static constexpr const char* until_stopped =
        "trap 'exit 0' TERM; while :; do busybox sleep 0.1; done";

  private:
    PrivateDockerEngine() = default;
    std::string log_tail() const;

    TemporaryDirectory directory_;
    std::vector<std::string> containers_;
    pid_t pid_ = -1;
};

}  // namespace cockpit::test

#pragma once
// A real PostgreSQL of the test's own: data and unix socket in a temporary directory, no TCP.
// PostgreSQL refuses to run as root, so under root it runs as the user postgres. It dies with the
// test program.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cockpit::fakes {

class PostgresServer {
  public:
    struct Settings {
        bool fsync = false;  ///< true where the test is about what survives
    };

    /// Makes a cluster and starts it. Throws std::runtime_error with the server's log when it
    /// cannot.
    explicit PostgresServer(Settings settings);
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;
    /// Stops it and removes its directory.
    ~PostgresServer();

    /// A new empty database; its URL.
    std::string create_database();

    /// Starts it again after kill() or stop(); waits until it takes connections.
    void start();
    /// SIGQUIT: ends at once, as after a power cut but for what the kernel holds.
    void stop();
    /// SIGKILL to the postmaster.
    void kill();
    /// SIGSTOP and SIGCONT to the postmaster and its children: a server that hangs.
    void pause();
    void resume();

  private:
    std::string url(const std::string& database) const;
    pid_t spawn(const std::vector<std::string>& arguments) const;
    std::vector<pid_t> children() const;
    std::string log_text() const;

    Settings settings_;
    std::filesystem::path directory_;
    pid_t postmaster_ = -1;
    int databases_ = 0;
};

}  // namespace cockpit::fakes

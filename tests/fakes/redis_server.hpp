#pragma once
// A private redis-server of a test: in a temporary directory of its own, on a unix socket, and on
// loopback where the test asks for it. It ends with this object, and with the test program whatever
// happens to it.
//
// Blocking, no Asio. Throws std::runtime_error with the server's own log when it cannot start.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cockpit::fakes {

struct RedisServerOptions {
    bool tcp = false;  ///< also on 127.0.0.1, on a port that was free
    bool tls = false;  ///< also with TLS on 127.0.0.1, with certificates made for it
    std::string tls_name = "localhost";   ///< the name that the server's certificate is for
    bool tls_client_certificate = false;  ///< demand one
    std::optional<std::string> password;  ///< requirepass
    std::vector<std::string> users;       ///< ACL lines: "bob on >secret ~* &* +@all"
    bool keep_data = false;               ///< append-only file: data outlive kill and restart
};

class RedisServer {
  public:
    /// Starts it, and returns when it answers.
    explicit RedisServer(RedisServerOptions options = {});
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    void start();
    void stop();  ///< SIGTERM, and waits
    void kill();  ///< SIGKILL, and waits
    void restart() {
        stop();
        start();
    }
    /// SIGSTOP and SIGCONT: it is there and answers nothing.
    void freeze();
    void thaw();

    std::string unix_socket() const { return (directory_ / "redis.sock").string(); }
    std::uint16_t port() const { return port_; }
    std::uint16_t tls_port() const { return tls_port_; }
    pid_t pid() const { return pid_; }
    const std::filesystem::path& directory() const { return directory_; }

    /// PEM files, when TLS was asked for: the authority, one that signed nothing, and a client's.
    std::string ca_file() const { return (directory_ / "ca.crt").string(); }
    std::string other_ca_file() const { return (directory_ / "other.crt").string(); }
    std::string client_cert_file() const { return (directory_ / "client.crt").string(); }
    std::string client_key_file() const { return (directory_ / "client.key").string(); }

    /// Runs one command over the unix socket (as the default user) and gives the answer as text:
    /// nil is
    /// "(nil)", an error its message, an array its elements, one a line.
    std::string command(const std::vector<std::string>& words) const;

  private:
    void write_configuration() const;
    void make_certificates() const;
    void await_ready();
    void end(int signal);
    std::optional<std::string> try_commands(
        const std::vector<std::vector<std::string>>& commands) const;

    RedisServerOptions options_;
    std::filesystem::path directory_;
    std::uint16_t port_ = 0;
    std::uint16_t tls_port_ = 0;
    pid_t pid_ = -1;
};

}  // namespace cockpit::fakes

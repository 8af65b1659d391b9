#pragma once
// Where Redis is and as whom we come. Plain data, free of Asio, so that the pure parts can read it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cockpit::redis {

/// The composition root fills it from the configuration.
struct Settings {
    std::string host = "localhost";
    std::uint16_t port = 6379;
    std::optional<std::string> unix_socket;  ///< instead of host and port
    std::optional<std::string> username;
    std::optional<std::string> password;
    int database = 0;
    std::string client_name;  ///< CLIENT SETNAME, for the operator's CLIENT LIST
    struct Tls {
        std::optional<std::string> ca_file;  ///< pinned; the system's store when absent
        std::optional<std::string> cert_file;
        std::optional<std::string> key_file;
        std::string server_name;  ///< what the certificate must be for; the host when empty
    };
    std::optional<Tls> tls;
    std::chrono::milliseconds connect_timeout{5000};  ///< to connected, authenticated and selected
    std::chrono::milliseconds keepalive{10'000};  ///< PING when idle; no answer in this time: lost
    std::chrono::milliseconds backoff_first{50};
    std::chrono::milliseconds backoff_cap{5000};
};

/// "Redis at localhost:6379" or "Redis at /run/redis.sock", for sentences.
std::string describe(const Settings& settings);

/// The words of one command, the name first. Never empty; bytes are free.
using Command = std::vector<std::string>;

}  // namespace cockpit::redis

#pragma once
// How to reach Redis, as agent and server both are told it.

#include <cstdint>
#include <optional>
#include <string>

#include "config/reader.hpp"

namespace cockpit::config {

struct RedisSettings {
    std::string host = "localhost";
    std::uint16_t port = 6379;
    std::optional<std::string> unix_socket;  ///< instead of host and port
    std::optional<std::string> username;
    std::optional<std::string> password;
    int database = 0;
    bool tls = false;
    std::optional<std::string> tls_ca_file;  ///< pinned authority; the system's store when absent
    std::optional<std::string> tls_cert_file;
    std::optional<std::string> tls_key_file;
    std::string tls_server_name;  ///< what the certificate must be for; the host when not set
};

/// Reads REDIS_URL (redis://, rediss:// or unix:// with user:password@host:port/db), or else
/// REDIS_HOST, REDIS_PORT, REDIS_PASSWORD, REDIS_DB as in the original, and beside either
/// REDIS_USERNAME, REDIS_SOCKET, REDIS_TLS, REDIS_TLS_CA, REDIS_TLS_CERT, REDIS_TLS_KEY,
/// REDIS_TLS_SERVER_NAME. Setting REDIS_URL together with what it already says is an error.
RedisSettings read_redis_settings(Reader& reader);

}  // namespace cockpit::config

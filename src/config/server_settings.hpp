#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/notify_settings.hpp"
#include "config/redis_settings.hpp"
#include "log/log.hpp"

namespace cockpit::config {

/// Everything the server is told, once, at start.
struct ServerSettings {
    RedisSettings redis;
    std::string database_url;                   ///< DATABASE_URL: sqlite:///path or postgresql://…
    std::string listen_address;                 ///< LISTEN_ADDRESS, default 127.0.0.1
    std::uint16_t port = 8000;                  ///< PORT; 0 lets the system choose
    std::filesystem::path state_directory;      ///< COCKPIT_STATE_DIR: the server's key lives here
    std::optional<std::string> admin_password;  ///< COCKPIT_ADMIN_PASSWORD, for the first run
    bool allow_unsigned_agents = false;  ///< ALLOW_UNSIGNED_AGENTS: command agents of the original
    std::chrono::seconds delivery_timeout{
        10};  ///< DELIVERY_TIMEOUT: pending longer than this expires
    std::chrono::seconds session_lifetime{12 * 3600};  ///< SESSION_LIFETIME
    std::size_t max_body_bytes = 1 << 20;              ///< MAX_BODY_BYTES
    int max_connections = 4096;                        ///< MAX_CONNECTIONS
    std::int64_t output_limit_bytes = 1 << 20;         ///< OUTPUT_LIMIT: kept of each attempt
    int max_output_streams = 200;                      ///< MAX_OUTPUT_STREAMS: live readers at once
    int agent_rate_limit = 20;  ///< AGENT_RATE_LIMIT: commands per second for one host; 0: no limit
    int agent_rate_burst = 200;                  ///< AGENT_RATE_BURST: as many at once
    log::Level log_level = log::Level::info;     ///< LOGLEVEL
    log::Format log_format = log::Format::text;  ///< LOG_FORMAT
    NotifySettings notify;
    std::chrono::seconds git_timeout{60};  ///< GIT_TIMEOUT: of one operation on a repository
    bool git_allow_local = false;          ///< GIT_ALLOW_LOCAL: remotes of file:// and http://
};

/// Every wrong value as "KEY: what is wrong and what would be right".
std::expected<ServerSettings, std::vector<std::string>> read_server_settings(
    const Environment& environment);

}  // namespace cockpit::config

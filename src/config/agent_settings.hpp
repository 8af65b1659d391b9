#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/redis_settings.hpp"
#include "log/log.hpp"

namespace cockpit::config {

/// What holds the processes of a command together, so that all of them can be ended.
enum class Containment {
    automatic,      ///< a control group where the host allows it, else as process_group
    cgroup,         ///< a control group, or the agent does not run
    process_group,  ///< process group, session and place in the process tree
};

/// Everything the agent is told, once, at start. Names of the original keep their meaning and
/// default.
struct AgentSettings {
    RedisSettings redis;
    std::string agent_id;  ///< AGENT_ID, else AGENT_HOSTNAME, else the host's name
    std::string hostname;  ///< AGENT_HOSTNAME, else the host's name
    std::vector<std::filesystem::path> git_repositories;  ///< GIT_REPO_PATH, absolute paths
    std::vector<std::string> docker_containers;           ///< DOCKER_CONTAINER_NAME
    std::filesystem::path docker_socket;                  ///< DOCKER_SOCKET
    std::chrono::seconds heartbeat_interval{30};          ///< HEARTBEAT_INTERVAL
    std::chrono::seconds command_timeout{30};             ///< COMMAND_TIMEOUT
    std::chrono::seconds docker_timeout{60};              ///< DOCKER_TIMEOUT
    std::chrono::seconds shutdown_grace{20};              ///< SHUTDOWN_GRACE
    int max_running = 16;                                 ///< MAX_RUNNING_COMMANDS
    int max_buffered = 100;                               ///< MAX_BUFFERED_COMMANDS
    bool allow_unsigned = false;                          ///< ALLOW_UNSIGNED
    std::filesystem::path state_directory;                ///< COCKPIT_STATE_DIR
    std::optional<std::string> server_key;                ///< COCKPIT_SERVER_KEY, base64
    std::optional<std::string> join_token;                ///< COCKPIT_JOIN_TOKEN
    std::map<std::string, std::string> labels;            ///< AGENT_LABELS, k=v comma list
    std::int64_t output_limit = 1 << 20;                  ///< OUTPUT_LIMIT, bytes
    std::int64_t output_spool_limit = 64 << 20;           ///< OUTPUT_SPOOL_LIMIT, bytes
    std::chrono::seconds output_keep{86400};              ///< OUTPUT_KEEP
    std::int64_t output_keep_total = 1 << 30;             ///< OUTPUT_KEEP_TOTAL, bytes
    std::int64_t output_keep_free = 64 << 20;             ///< OUTPUT_KEEP_FREE, bytes
    log::Level log_level = log::Level::info;              ///< LOGLEVEL
    log::Format log_format = log::Format::text;           ///< LOG_FORMAT
    std::filesystem::path commands_directory;             ///< COMMANDS_DIR
    Containment containment = Containment::automatic;     ///< CONTAINMENT
    /// HEALTH_CHECK_HOSTS: whom health_check may ask, each maybe with a port
    std::vector<std::string> health_check_hosts;
};

/// Every wrong value as "KEY: what is wrong and what would be right".
std::expected<AgentSettings, std::vector<std::string>> read_agent_settings(
    const Environment& environment);

}  // namespace cockpit::config

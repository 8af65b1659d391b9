#include "config/agent_settings.hpp"

#include <algorithm>
#include <cctype>

#include "config/value_rules.hpp"

namespace cockpit::config {
namespace {

constexpr std::string_view id_shape =
    "use 1 to 255 characters of A-Z a-z 0-9 . _ -, the first one a letter or a digit";

bool is_name(std::string_view text, std::string_view more_characters, std::size_t longest) {
    if (text.empty() || text.size() > longest) return false;
    if (!std::isalnum(static_cast<unsigned char>(text.front()))) return false;
    return std::ranges::all_of(text, [&](unsigned char c) {
        return std::isalnum(c) ||
               more_characters.find(static_cast<char>(c)) != std::string_view::npos;
    });
}

void read_names(Reader& reader, AgentSettings& settings) {
    const auto system = system_hostname();
    settings.hostname = reader.text("AGENT_HOSTNAME", system);
    settings.agent_id = reader.text("AGENT_ID", settings.hostname);
    if (is_name(settings.agent_id, "._-", 255)) return;
    if (reader.optional_text("AGENT_ID")) {
        reader.refuse("AGENT_ID",
                      "'" + settings.agent_id + "' cannot be an id; " + std::string(id_shape));
    } else if (reader.optional_text("AGENT_HOSTNAME")) {
        reader.refuse("AGENT_HOSTNAME", "'" + settings.agent_id + "' cannot be an id; " +
                                            std::string(id_shape) + ", or set AGENT_ID");
    } else {
        reader.refuse("AGENT_ID", "is not set, and this host's name '" + system +
                                      "' cannot be an id; " + std::string(id_shape));
    }
}

void read_limits(Reader& reader, AgentSettings& settings) {
    const auto seconds = [&](std::string_view key, std::int64_t fallback, std::int64_t low,
                             std::int64_t high) {
        return std::chrono::seconds(reader.integer(key, fallback, low, high));
    };
    settings.heartbeat_interval = seconds("HEARTBEAT_INTERVAL", 30, 1, 3600);
    settings.command_timeout = seconds("COMMAND_TIMEOUT", 30, 1, 86400);
    settings.docker_timeout = seconds("DOCKER_TIMEOUT", 60, 1, 86400);
    settings.shutdown_grace = seconds("SHUTDOWN_GRACE", 20, 0, 3600);
    settings.max_running = static_cast<int>(reader.integer("MAX_RUNNING_COMMANDS", 16, 1, 1024));
    settings.max_buffered =
        static_cast<int>(reader.integer("MAX_BUFFERED_COMMANDS", 100, 1, 100000));
}

void read_containment(Reader& reader, AgentSettings& settings) {
    const auto word = reader.text("CONTAINMENT", "auto");
    if (word == "cgroup") {
        settings.containment = Containment::cgroup;
    } else if (word == "process_group") {
        settings.containment = Containment::process_group;
    } else if (word != "auto") {
        reader.refuse("CONTAINMENT",
                      "'" + word + "' is no containment; use auto, cgroup or process_group");
    }
}

void read_output(Reader& reader, AgentSettings& settings) {
    constexpr std::int64_t mib = 1 << 20;
    settings.output_limit = reader.integer("OUTPUT_LIMIT", mib, 4096, 64 * mib);
    settings.output_spool_limit =
        reader.integer("OUTPUT_SPOOL_LIMIT", 64 * mib, 4096, 1024 * 1024 * mib);
    if (settings.output_spool_limit < settings.output_limit) {
        reader.refuse("OUTPUT_SPOOL_LIMIT",
                      std::to_string(settings.output_spool_limit) + " is less than OUTPUT_LIMIT (" +
                          std::to_string(settings.output_limit) +
                          "); what is sent is read from the spool, so use at least as much");
    }
    settings.output_keep =
        std::chrono::seconds(reader.integer("OUTPUT_KEEP", 24 * 3600, 0, 30 * 24 * 3600));
    settings.output_keep_total =
        reader.integer("OUTPUT_KEEP_TOTAL", 1024 * mib, 0, 1024 * 1024 * mib);
    settings.output_keep_free = reader.integer("OUTPUT_KEEP_FREE", 64 * mib, 0, 1024 * 1024 * mib);
}

void read_allowed(Reader& reader, AgentSettings& settings) {
    for (const auto& path : reader.list("GIT_REPO_PATH")) {
        if (check_absolute_path(reader, "GIT_REPO_PATH", path)) {
            settings.git_repositories.emplace_back(path);
        }
    }
    // Docker's own rule: [a-zA-Z0-9][a-zA-Z0-9_.-]+ (moby, daemon/names).
    for (auto& name : reader.list("DOCKER_CONTAINER_NAME")) {
        if (name.size() < 2 || !is_name(name, "_.-", 255)) {
            reader.refuse(
                "DOCKER_CONTAINER_NAME",
                "'" + name +
                    "' is not a container's name; use two or more characters of A-Z a-z 0-9 "
                    "_ . -, the first one a letter or a digit");
            continue;
        }
        settings.docker_containers.push_back(std::move(name));
    }
    settings.health_check_hosts = reader.list("HEALTH_CHECK_HOSTS");
    if (settings.health_check_hosts.empty()) {
        settings.health_check_hosts = {"localhost", "127.0.0.1", "[::1]"};
    }
    settings.docker_socket =
        read_absolute_path(reader, "DOCKER_SOCKET").value_or("/var/run/docker.sock");
}

void read_labels(Reader& reader, AgentSettings& settings) {
    for (const auto& part : reader.list("AGENT_LABELS")) {
        const auto equals = part.find('=');
        const auto name = part.substr(0, equals);
        if (equals == std::string::npos || !is_name(name, "._-/", 63) ||
            part.size() - equals - 1 > 255) {
            reader.refuse("AGENT_LABELS",
                          "'" + part +
                              "' is not a label; write name=value,name=value with names "
                              "of 1 to 63 characters of A-Z a-z 0-9 . _ - / and values "
                              "of at most 255");
            continue;
        }
        if (!settings.labels.emplace(name, part.substr(equals + 1)).second) {
            reader.refuse("AGENT_LABELS", "'" + name + "' is there twice; name each label once");
        }
    }
}

// Base64 of 32 bytes: 43 characters and one '='. Whether it is a key at all, crypto says.
bool is_key_shape(std::string_view text) {
    return text.size() == 44 && text.ends_with('=') &&
           std::ranges::all_of(text.substr(0, 43), [](unsigned char c) {
               return std::isalnum(c) || c == '+' || c == '/';
           });
}

bool is_token_shape(std::string_view text) {
    const auto dot = text.find('.');
    const auto is_part = [](std::string_view part) {
        return !part.empty() && std::ranges::all_of(part, [](unsigned char c) {
            return std::isalnum(c) || c == '-' || c == '_';
        });
    };
    return dot != std::string_view::npos && is_part(text.substr(0, dot)) &&
           is_part(text.substr(dot + 1));
}

void read_trust(Reader& reader, AgentSettings& settings) {
    settings.allow_unsigned = reader.boolean("ALLOW_UNSIGNED", false);
    settings.server_key = reader.optional_text("COCKPIT_SERVER_KEY");
    if (settings.server_key && !is_key_shape(*settings.server_key)) {
        reader.refuse(
            "COCKPIT_SERVER_KEY",
            "'" + *settings.server_key +
                "' is not a public key; copy the line that `cockpit-server join-token` prints "
                "(44 characters of base64)");
    }
    settings.join_token = reader.optional_text("COCKPIT_JOIN_TOKEN");
    if (settings.join_token && !is_token_shape(*settings.join_token)) {
        reader.refuse(
            "COCKPIT_JOIN_TOKEN",
            "the value is not a join token; copy the line that `cockpit-server join-token` "
            "prints (<id>.<secret>)");
    }
    if (settings.join_token && !settings.server_key) {
        reader.refuse("COCKPIT_SERVER_KEY",
                      "is missing beside COCKPIT_JOIN_TOKEN; copy all lines that `cockpit-server "
                      "join-token` prints");
    }
}

}  // namespace

std::expected<AgentSettings, std::vector<std::string>> read_agent_settings(
    const Environment& environment) {
    Reader reader(environment);
    AgentSettings settings;
    settings.redis = read_redis_settings(reader);
    read_names(reader, settings);
    read_limits(reader, settings);
    read_containment(reader, settings);
    read_output(reader, settings);
    read_allowed(reader, settings);
    read_labels(reader, settings);
    read_trust(reader, settings);
    settings.state_directory =
        read_absolute_path(reader, "COCKPIT_STATE_DIR").value_or("/var/lib/cockpit-agent");
    settings.commands_directory =
        read_absolute_path(reader, "COMMANDS_DIR").value_or("/etc/cockpit-agent/commands.d");
    settings.log_level = read_log_level(reader);
    settings.log_format = read_log_format(reader);
    if (!reader.errors().empty()) return std::unexpected(reader.errors());
    return settings;
}

}  // namespace cockpit::config

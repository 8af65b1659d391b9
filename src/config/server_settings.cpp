#include "config/server_settings.hpp"

#include <arpa/inet.h>

#include "config/value_rules.hpp"

namespace cockpit::config {
namespace {

bool is_ip_address(const std::string& text) {
    in6_addr address{};
    return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::string read_listen_address(Reader& reader) {
    auto address = reader.text("LISTEN_ADDRESS", "127.0.0.1");
    if (!is_ip_address(address)) {
        reader.refuse("LISTEN_ADDRESS",
                      "'" + address +
                          "' is not an IP address; write 127.0.0.1 or ::1 for this "
                          "host only, 0.0.0.0 or :: for all networks");
    }
    return address;
}

// The sentences do not repeat the value: it may hold a password.
std::string read_database_url(Reader& reader, const std::filesystem::path& state_directory) {
    const auto value = reader.optional_text("DATABASE_URL");
    if (!value) return "sqlite://" + (state_directory / "cockpit.db").string();
    if (value->starts_with("sqlite:")) {
        if (!value->starts_with("sqlite:///") || value->size() == 10 || value->ends_with('/')) {
            reader.refuse("DATABASE_URL",
                          "a SQLite database is written sqlite:///absolute/path/to/file");
        } else if (value->ends_with(":memory:")) {
            reader.refuse("DATABASE_URL",
                          "a database in memory would lose accepted commands; write "
                          "sqlite:///absolute/path/to/file");
        }
    } else if (!value->starts_with("postgresql://") || value->size() == 13) {
        reader.refuse("DATABASE_URL",
                      "the value is neither sqlite:///absolute/path nor "
                      "postgresql://user:password@host:port/database");
    }
    return *value;
}

std::optional<std::string> read_admin_password(Reader& reader) {
    auto password = reader.optional_text("COCKPIT_ADMIN_PASSWORD");
    if (password && (password->size() < 12 || password->size() > 1024)) {
        reader.refuse("COCKPIT_ADMIN_PASSWORD",
                      "has " + std::to_string(password->size()) + " bytes; use 12 to 1024");
    }
    return password;
}

}  // namespace

std::expected<ServerSettings, std::vector<std::string>> read_server_settings(
    const Environment& environment) {
    Reader reader(environment);
    ServerSettings settings;
    settings.redis = read_redis_settings(reader);
    settings.state_directory =
        read_absolute_path(reader, "COCKPIT_STATE_DIR").value_or("/var/lib/cockpit-server");
    settings.database_url = read_database_url(reader, settings.state_directory);
    settings.listen_address = read_listen_address(reader);
    settings.port = static_cast<std::uint16_t>(reader.integer("PORT", 8000, 0, 65535));
    settings.admin_password = read_admin_password(reader);
    settings.allow_unsigned_agents = reader.boolean("ALLOW_UNSIGNED_AGENTS", false);
    settings.delivery_timeout =
        std::chrono::seconds(reader.integer("DELIVERY_TIMEOUT", 10, 1, 86400));
    settings.session_lifetime =
        std::chrono::seconds(reader.integer("SESSION_LIFETIME", 12 * 3600, 60, 365 * 86400));
    settings.max_body_bytes =
        static_cast<std::size_t>(reader.integer("MAX_BODY_BYTES", 1 << 20, 1024, 1 << 30));
    settings.max_connections =
        static_cast<int>(reader.integer("MAX_CONNECTIONS", 4096, 1, 1'000'000));
    settings.output_limit_bytes = reader.integer("OUTPUT_LIMIT", 1 << 20, 4096, 1 << 30);
    settings.max_output_streams =
        static_cast<int>(reader.integer("MAX_OUTPUT_STREAMS", 200, 1, 100'000));
    settings.agent_rate_limit =
        static_cast<int>(reader.integer("AGENT_RATE_LIMIT", 20, 0, 1'000'000));
    settings.agent_rate_burst =
        static_cast<int>(reader.integer("AGENT_RATE_BURST", 200, 1, 1'000'000));
    settings.notify = read_notify_settings(reader);
    settings.git_timeout = std::chrono::seconds(reader.integer("GIT_TIMEOUT", 60, 1, 3600));
    settings.git_allow_local = reader.boolean("GIT_ALLOW_LOCAL", false);
    settings.log_level = read_log_level(reader);
    settings.log_format = read_log_format(reader);
    if (!reader.errors().empty()) return std::unexpected(reader.errors());
    return settings;
}

}  // namespace cockpit::config

#include "config/server_settings.hpp"

#include <gmock/gmock.h>

namespace cockpit::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string errors(const Environment& environment) {
    const auto settings = read_server_settings(environment);
    if (settings) return "no error";
    std::string all;
    for (const auto& line : settings.error())
        all += line + "\n";
    return all;
}

TEST(ServerSettings, defaults_serve_this_host_only) {
    const auto settings = read_server_settings({});
    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ(settings->listen_address, "127.0.0.1");
    EXPECT_EQ(settings->port, 8000);
    EXPECT_EQ(settings->state_directory, "/var/lib/cockpit-server");
    EXPECT_EQ(settings->database_url, "sqlite:///var/lib/cockpit-server/cockpit.db");
    EXPECT_EQ(settings->admin_password, std::nullopt);
    EXPECT_FALSE(settings->allow_unsigned_agents);
    EXPECT_EQ(settings->delivery_timeout, std::chrono::seconds(10));
    EXPECT_EQ(settings->session_lifetime, std::chrono::hours(12));
    EXPECT_EQ(settings->max_body_bytes, 1u << 20);
    EXPECT_EQ(settings->max_connections, 4096);
    EXPECT_EQ(settings->agent_rate_limit, 20);
    EXPECT_EQ(settings->agent_rate_burst, 200);
}

TEST(ServerSettings, every_key_is_read) {
    const auto settings = read_server_settings({
        {"REDIS_URL", "redis://redis.lan"},
        {"DATABASE_URL", "postgresql://cockpit:hush@db.lan/cockpit"},
        {"LISTEN_ADDRESS", "::"},
        {"PORT", "0"},
        {"COCKPIT_STATE_DIR", "/srv/cockpit"},
        {"COCKPIT_ADMIN_PASSWORD", "a long password"},
        {"ALLOW_UNSIGNED_AGENTS", "yes"},
        {"DELIVERY_TIMEOUT", "3"},
        {"SESSION_LIFETIME", "60"},
        {"MAX_BODY_BYTES", "2048"},
        {"MAX_CONNECTIONS", "7"},
        {"AGENT_RATE_LIMIT", "0"},
        {"AGENT_RATE_BURST", "9"},
        {"LOGLEVEL", "WARNING"},
        {"LOG_FORMAT", "JSON"},
    });
    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ(settings->redis.host, "redis.lan");
    EXPECT_EQ(settings->database_url, "postgresql://cockpit:hush@db.lan/cockpit");
    EXPECT_EQ(settings->listen_address, "::");
    EXPECT_EQ(settings->port, 0);
    EXPECT_EQ(settings->state_directory, "/srv/cockpit");
    EXPECT_EQ(settings->admin_password, "a long password");
    EXPECT_TRUE(settings->allow_unsigned_agents);
    EXPECT_EQ(settings->delivery_timeout, std::chrono::seconds(3));
    EXPECT_EQ(settings->session_lifetime, std::chrono::seconds(60));
    EXPECT_EQ(settings->max_body_bytes, 2048u);
    EXPECT_EQ(settings->max_connections, 7);
    EXPECT_EQ(settings->agent_rate_limit, 0);
    EXPECT_EQ(settings->agent_rate_burst, 9);
    EXPECT_EQ(settings->log_level, log::Level::warning);
    EXPECT_EQ(settings->log_format, log::Format::json);
}

TEST(ServerSettings, the_database_stands_in_the_state_directory_by_default) {
    const auto settings = read_server_settings({{"COCKPIT_STATE_DIR", "/srv/cockpit"}});
    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ(settings->database_url, "sqlite:///srv/cockpit/cockpit.db");
}

TEST(ServerSettings, database_urls_of_other_kinds_are_refused) {
    const auto* const neither =
        "DATABASE_URL: the value is neither sqlite:///absolute/path nor "
        "postgresql://user:password@host:port/database\n";
    EXPECT_EQ(errors({{"DATABASE_URL", "mysql://root:hush@h/db"}}), neither);
    EXPECT_EQ(errors({{"DATABASE_URL", "/var/lib/c.db"}}), neither);
    EXPECT_EQ(errors({{"DATABASE_URL", "postgresql://"}}), neither);
    for (const auto* url : {"sqlite://c.db", "sqlite:c.db", "sqlite:///", "sqlite:///var/lib/"}) {
        EXPECT_EQ(errors({{"DATABASE_URL", url}}),
                  "DATABASE_URL: a SQLite database is written sqlite:///absolute/path/to/file\n")
            << url;
    }
    EXPECT_THAT(errors({{"DATABASE_URL", "sqlite:///:memory:"}}),
                HasSubstr("would lose accepted commands"));
}

TEST(ServerSettings, wrong_values_are_refused_by_name) {
    EXPECT_EQ(
        errors({{"LISTEN_ADDRESS", "localhost"}}),
        "LISTEN_ADDRESS: 'localhost' is not an IP address; write 127.0.0.1 or ::1 for this host "
        "only, 0.0.0.0 or :: for all networks\n");
    EXPECT_EQ(errors({{"PORT", "65536"}}), "PORT: '65536' is not a whole number from 0 to 65535\n");
    EXPECT_EQ(errors({{"COCKPIT_STATE_DIR", "../state"}}),
              "COCKPIT_STATE_DIR: '../state' is not an absolute path (one from /)\n");
    EXPECT_EQ(errors({{"ALLOW_UNSIGNED_AGENTS", "2"}}),
              "ALLOW_UNSIGNED_AGENTS: '2' is neither true nor false\n");
    EXPECT_EQ(errors({{"DELIVERY_TIMEOUT", "0"}}),
              "DELIVERY_TIMEOUT: '0' is not a whole number from 1 to 86400\n");
    EXPECT_EQ(errors({{"SESSION_LIFETIME", "59"}}),
              "SESSION_LIFETIME: '59' is not a whole number from 60 to 31536000\n");
    EXPECT_EQ(errors({{"MAX_BODY_BYTES", "1MB"}}),
              "MAX_BODY_BYTES: '1MB' is not a whole number from 1024 to 1073741824\n");
    EXPECT_EQ(errors({{"MAX_CONNECTIONS", "0"}}),
              "MAX_CONNECTIONS: '0' is not a whole number from 1 to 1000000\n");
    EXPECT_EQ(errors({{"LOG_FORMAT", "xml"}}), "LOG_FORMAT: 'xml' is none of text, json\n");
}

TEST(ServerSettings, a_short_password_is_refused_and_not_repeated) {
    const auto text = errors({{"COCKPIT_ADMIN_PASSWORD", "hush"}});
    EXPECT_EQ(text, "COCKPIT_ADMIN_PASSWORD: has 4 bytes; use 12 to 1024\n");
}

TEST(ServerSettings, every_mistake_is_told_at_once) {
    const auto settings =
        read_server_settings({{"REDIS_URL", "x"}, {"DATABASE_URL", "x:hush"}, {"PORT", "x"}});
    ASSERT_FALSE(settings.has_value());
    EXPECT_THAT(settings.error(), ElementsAre(HasSubstr("REDIS_URL: "), HasSubstr("DATABASE_URL: "),
                                              HasSubstr("PORT: ")));
    EXPECT_THAT(settings.error()[1], Not(HasSubstr("hush")));
}

}  // namespace
}  // namespace cockpit::config

#include "config/redis_settings.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace cockpit::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

struct Reading {
    RedisSettings settings;
    std::vector<std::string> errors;
};

Reading read(const Environment& environment) {
    Reader reader(environment);
    auto settings = read_redis_settings(reader);
    return {settings, reader.errors()};
}

std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const auto& line : lines)
        all += line + "\n";
    return all;
}

TEST(RedisSettings, nothing_set_means_the_original_defaults) {
    const auto [settings, errors] = read({});
    EXPECT_THAT(errors, IsEmpty());
    EXPECT_EQ(settings.host, "localhost");
    EXPECT_EQ(settings.port, 6379);
    EXPECT_EQ(settings.database, 0);
    EXPECT_FALSE(settings.tls);
    EXPECT_FALSE(settings.unix_socket || settings.username || settings.password);
}

TEST(RedisSettings, the_original_names_are_read) {
    const auto [settings, errors] = read({{"REDIS_HOST", "10.0.0.7"},
                                          {"REDIS_PORT", "6380"},
                                          {"REDIS_PASSWORD", "pass word"},
                                          {"REDIS_DB", "3"},
                                          {"REDIS_USERNAME", "agent"}});
    EXPECT_THAT(errors, IsEmpty());
    EXPECT_EQ(settings.host, "10.0.0.7");
    EXPECT_EQ(settings.port, 6380);
    EXPECT_EQ(settings.password, "pass word");
    EXPECT_EQ(settings.database, 3);
    EXPECT_EQ(settings.username, "agent");
    EXPECT_EQ(settings.tls_server_name, "10.0.0.7");
}

TEST(RedisSettings, a_url_says_all_of_it) {
    const auto [settings, errors] =
        read({{"REDIS_URL", "redis://us%40er:p%3Aa@ss@redis.lan:7000/5"}});
    EXPECT_THAT(errors, IsEmpty());
    EXPECT_EQ(settings.username, "us@er");
    EXPECT_EQ(settings.password, "p:a@ss");
    EXPECT_EQ(settings.host, "redis.lan");
    EXPECT_EQ(settings.port, 7000);
    EXPECT_EQ(settings.database, 5);
}

TEST(RedisSettings, a_url_may_name_only_a_password) {
    const auto [settings, errors] = read({{"REDIS_URL", "redis://:secret@[::1]"}});
    EXPECT_THAT(errors, IsEmpty());
    EXPECT_EQ(settings.username, std::nullopt);
    EXPECT_EQ(settings.password, "secret");
    EXPECT_EQ(settings.host, "::1");
    EXPECT_EQ(settings.port, 6379);
}

TEST(RedisSettings, a_unix_url_names_the_socket) {
    const auto [settings, errors] = read({{"REDIS_URL", "unix://:secret@/run/redis/r.sock?db=2"}});
    EXPECT_THAT(errors, IsEmpty());
    EXPECT_EQ(settings.unix_socket, "/run/redis/r.sock");
    EXPECT_EQ(settings.password, "secret");
    EXPECT_EQ(settings.database, 2);
    EXPECT_EQ(read({{"REDIS_URL", "unix:///r.sock"}}).settings.unix_socket, "/r.sock");
}

TEST(RedisSettings, rediss_is_tls) {
    const auto [settings, errors] =
        read({{"REDIS_URL", "rediss://redis.lan"}, {"REDIS_TLS_SERVER_NAME", "other.lan"}});
    EXPECT_THAT(errors, IsEmpty());
    EXPECT_TRUE(settings.tls);
    EXPECT_EQ(settings.tls_server_name, "other.lan");
}

class BadRedisUrl : public testing::TestWithParam<const char*> {};

TEST_P(BadRedisUrl, is_refused_without_repeating_it) {
    const auto errors = read({{"REDIS_URL", GetParam()}}).errors;
    EXPECT_THAT(errors, ElementsAre("REDIS_URL: the value is not of the form "
                                    "redis://user:password@host:port/db (rediss:// for TLS) or "
                                    "unix://user:password@/path?db=0"));
}

INSTANTIATE_TEST_SUITE_P(Each, BadRedisUrl,
                         testing::Values("localhost:6379", "http://localhost", "redis://",
                                         "redis://:6379", "redis://host:0", "redis://host:65536",
                                         "redis://host:port", "redis://host/name",
                                         "redis://host/-1", "redis://host?db=1",
                                         "redis://u:%zz@host", "redis://u:%4@host", "redis://[::1",
                                         "redis://[::1]7", "unix://", "unix://run/x",
                                         "unix:///r.sock?database=2", "unix:///r.sock?db=x"));

TEST(RedisSettings, a_url_and_what_it_already_says_is_an_error) {
    const auto errors = read({{"REDIS_URL", "redis://u:p@h/1"},
                              {"REDIS_HOST", "h"},
                              {"REDIS_PORT", "1"},
                              {"REDIS_DB", "1"},
                              {"REDIS_USERNAME", "u"},
                              {"REDIS_PASSWORD", "p"},
                              {"REDIS_TLS", "true"}})
                            .errors;
    EXPECT_THAT(
        errors,
        ElementsAre(
            "REDIS_HOST: REDIS_URL already says where Redis is; set one of the two",
            "REDIS_PORT: REDIS_URL already says where Redis is; set one of the two",
            "REDIS_TLS: REDIS_URL already says whether TLS is used; write rediss:// there for TLS",
            "REDIS_DB: REDIS_URL already names a database; set one of the two",
            "REDIS_USERNAME: REDIS_URL already names a user; set one of the two",
            "REDIS_PASSWORD: REDIS_URL already has a password; set one of the two"));
}

TEST(RedisSettings, a_url_may_be_completed_by_a_password_and_a_database) {
    const auto [settings, errors] =
        read({{"REDIS_URL", "redis://h"}, {"REDIS_PASSWORD", "p"}, {"REDIS_DB", "4"}});
    EXPECT_THAT(errors, IsEmpty());
    EXPECT_EQ(settings.password, "p");
    EXPECT_EQ(settings.database, 4);
}

TEST(RedisSettings, wrong_single_values_are_refused_by_name) {
    EXPECT_THAT(read({{"REDIS_PORT", "0"}}).errors,
                ElementsAre("REDIS_PORT: '0' is not a whole number from 1 to 65535"));
    EXPECT_THAT(read({{"REDIS_PORT", "6379x"}}).errors,
                ElementsAre("REDIS_PORT: '6379x' is not a whole number from 1 to 65535"));
    EXPECT_THAT(read({{"REDIS_DB", "-1"}}).errors,
                ElementsAre("REDIS_DB: '-1' is not a whole number from 0 to 1000000"));
    EXPECT_THAT(read({{"REDIS_HOST", "redis://h"}}).errors,
                ElementsAre("REDIS_HOST: 'redis://h' is not a host name or an address"));
    EXPECT_THAT(read({{"REDIS_SOCKET", "r.sock"}}).errors,
                ElementsAre("REDIS_SOCKET: 'r.sock' is not an absolute path (one from /)"));
    EXPECT_THAT(read({{"REDIS_TLS", "maybe"}}).errors,
                ElementsAre("REDIS_TLS: 'maybe' is neither true nor false"));
    EXPECT_THAT(read({{"REDIS_USERNAME", "u"}}).errors,
                ElementsAre("REDIS_USERNAME: a user is named but no password; set REDIS_PASSWORD"));
}

TEST(RedisSettings, a_socket_excludes_host_port_and_tls) {
    EXPECT_THAT(
        read({{"REDIS_SOCKET", "/r.sock"},
              {"REDIS_HOST", "h"},
              {"REDIS_PORT", "1"},
              {"REDIS_TLS", "1"}})
            .errors,
        ElementsAre("REDIS_HOST: REDIS_SOCKET already says where Redis is; set one of the two",
                    "REDIS_PORT: REDIS_SOCKET already says where Redis is; set one of the two",
                    "REDIS_TLS: a unix socket (REDIS_SOCKET) takes no TLS"));
}

TEST(RedisSettings, tls_files_must_be_readable_complete_and_wanted) {
    EXPECT_THAT(read({{"REDIS_TLS_CA", "/ca.pem"}}).errors,
                ElementsAre("REDIS_TLS_CA: is set, but TLS is off; set REDIS_TLS=true or write "
                            "rediss:// in REDIS_URL"));
    EXPECT_THAT(
        read({{"REDIS_TLS", "true"}, {"REDIS_TLS_CA", "/no/such/ca.pem"}}).errors,
        ElementsAre("REDIS_TLS_CA: cannot read '/no/such/ca.pem'; name a PEM file this user "
                    "may read"));

    const auto file = std::filesystem::path(testing::TempDir()) / "redis_settings_test.pem";
    std::ofstream(file) << "pem";
    EXPECT_THAT(read({{"REDIS_TLS", "true"}, {"REDIS_TLS_CERT", file.string()}}).errors,
                ElementsAre("REDIS_TLS_KEY: is missing; a client certificate needs both "
                            "REDIS_TLS_CERT and REDIS_TLS_KEY"));
    const auto [settings, errors] = read({{"REDIS_TLS", "true"},
                                          {"REDIS_TLS_CERT", file.string()},
                                          {"REDIS_TLS_KEY", file.string()}});
    EXPECT_THAT(errors, IsEmpty());
    EXPECT_EQ(settings.tls_cert_file, file.string());
    std::filesystem::remove(file);
}

TEST(RedisSettings, no_error_repeats_a_password) {
    const auto errors =
        read({{"REDIS_URL", "redis://u:hush@host:99999"}, {"REDIS_PASSWORD", "hush"}});
    EXPECT_THAT(errors.errors, Not(IsEmpty()));
    EXPECT_THAT(joined(errors.errors), Not(testing::HasSubstr("hush")));
}

}  // namespace
}  // namespace cockpit::config

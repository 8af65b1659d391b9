#include "config/agent_settings.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

namespace cockpit::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr const char* server_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

std::string errors(Environment environment) {
    environment.emplace("AGENT_ID", "host-1");
    const auto settings = read_agent_settings(environment);
    if (settings) return "no error";
    std::string all;
    for (const auto& line : settings.error())
        all += line + "\n";
    return all;
}

TEST(AgentSettings, defaults_are_the_original_ones) {
    const auto settings = read_agent_settings({{"AGENT_ID", "host-1"}});
    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ(settings->heartbeat_interval, std::chrono::seconds(30));
    EXPECT_EQ(settings->command_timeout, std::chrono::seconds(30));
    EXPECT_EQ(settings->docker_timeout, std::chrono::seconds(60));
    EXPECT_EQ(settings->max_buffered, 100);
    EXPECT_EQ(settings->containment, Containment::automatic);
    EXPECT_EQ(settings->output_limit, 1 << 20);
    EXPECT_EQ(settings->output_spool_limit, 64 << 20);
    EXPECT_EQ(settings->output_keep, std::chrono::hours(24));
    EXPECT_EQ(settings->output_keep_total, 1 << 30);
    EXPECT_EQ(settings->output_keep_free, 64 << 20);
    EXPECT_FALSE(settings->allow_unsigned);
    EXPECT_TRUE(settings->git_repositories.empty());
    EXPECT_TRUE(settings->docker_containers.empty());
    EXPECT_EQ(settings->docker_socket, "/var/run/docker.sock");
    EXPECT_EQ(settings->state_directory, "/var/lib/cockpit-agent");
    EXPECT_EQ(settings->commands_directory, "/etc/cockpit-agent/commands.d");
    EXPECT_EQ(settings->log_level, log::Level::info);
    EXPECT_EQ(settings->log_format, log::Format::text);
}

TEST(AgentSettings, every_key_is_read) {
    const auto settings = read_agent_settings({
        {"REDIS_HOST", "redis.lan"},
        {"AGENT_ID", "grafana-prod-01"},
        {"AGENT_HOSTNAME", "grafana.lan"},
        {"GIT_REPO_PATH", "/opt/a, /opt/b"},
        {"DOCKER_CONTAINER_NAME", "grafana,loki"},
        {"DOCKER_SOCKET", "/run/d.sock"},
        {"HEARTBEAT_INTERVAL", "5"},
        {"COMMAND_TIMEOUT", "7"},
        {"DOCKER_TIMEOUT", "9"},
        {"SHUTDOWN_GRACE", "0"},
        {"MAX_RUNNING_COMMANDS", "2"},
        {"MAX_BUFFERED_COMMANDS", "3"},
        {"CONTAINMENT", "process_group"},
        {"OUTPUT_LIMIT", "5000"},
        {"OUTPUT_SPOOL_LIMIT", "6000"},
        {"OUTPUT_KEEP", "0"},
        {"OUTPUT_KEEP_TOTAL", "7000"},
        {"OUTPUT_KEEP_FREE", "8000"},
        {"ALLOW_UNSIGNED", "true"},
        {"COCKPIT_STATE_DIR", "/srv/agent"},
        {"COMMANDS_DIR", "/srv/commands"},
        {"COCKPIT_SERVER_KEY", server_key},
        {"COCKPIT_JOIN_TOKEN", "ab12.s-e_c"},
        {"AGENT_LABELS", "site=berlin,app.kubernetes.io/tier=web=1"},
        {"LOGLEVEL", "debug"},
        {"LOG_FORMAT", "json"},
        {"SOMETHING_ELSE", "is not ours"},
    });
    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ(settings->redis.host, "redis.lan");
    EXPECT_EQ(settings->agent_id, "grafana-prod-01");
    EXPECT_EQ(settings->containment, Containment::process_group);
    EXPECT_EQ(settings->hostname, "grafana.lan");
    EXPECT_THAT(settings->git_repositories, ElementsAre("/opt/a", "/opt/b"));
    EXPECT_THAT(settings->docker_containers, ElementsAre("grafana", "loki"));
    EXPECT_EQ(settings->docker_socket, "/run/d.sock");
    EXPECT_EQ(settings->heartbeat_interval, std::chrono::seconds(5));
    EXPECT_EQ(settings->command_timeout, std::chrono::seconds(7));
    EXPECT_EQ(settings->docker_timeout, std::chrono::seconds(9));
    EXPECT_EQ(settings->shutdown_grace, std::chrono::seconds(0));
    EXPECT_EQ(settings->max_running, 2);
    EXPECT_EQ(settings->max_buffered, 3);
    EXPECT_EQ(settings->output_limit, 5000);
    EXPECT_EQ(settings->output_spool_limit, 6000);
    EXPECT_EQ(settings->output_keep, std::chrono::seconds(0));
    EXPECT_EQ(settings->output_keep_total, 7000);
    EXPECT_EQ(settings->output_keep_free, 8000);
    EXPECT_TRUE(settings->allow_unsigned);
    EXPECT_EQ(settings->state_directory, "/srv/agent");
    EXPECT_EQ(settings->commands_directory, "/srv/commands");
    EXPECT_EQ(settings->server_key, server_key);
    EXPECT_EQ(settings->join_token, "ab12.s-e_c");
    EXPECT_THAT(settings->labels,
                ElementsAre(Pair("app.kubernetes.io/tier", "web=1"), Pair("site", "berlin")));
    EXPECT_EQ(settings->log_level, log::Level::debug);
    EXPECT_EQ(settings->log_format, log::Format::json);
}

TEST(AgentSettings, the_id_falls_back_to_the_hostname_and_that_to_the_system) {
    const auto named = read_agent_settings({{"AGENT_HOSTNAME", "web-7"}});
    ASSERT_TRUE(named.has_value());
    EXPECT_EQ(named->agent_id, "web-7");

    char name[256] = {};
    ASSERT_EQ(::gethostname(name, sizeof name - 1), 0);
    const auto unnamed = read_agent_settings({{"AGENT_ID", "web-8"}});
    ASSERT_TRUE(unnamed.has_value());
    EXPECT_EQ(unnamed->hostname, name);
    EXPECT_EQ(unnamed->agent_id, "web-8");
}

TEST(AgentSettings, an_id_that_could_not_be_a_channel_is_refused) {
    for (const auto* id : {"a*", "a b", "-a", "a:b", "a\nb", "ä"}) {
        const auto settings = read_agent_settings({{"AGENT_ID", id}});
        ASSERT_FALSE(settings.has_value()) << id;
        EXPECT_THAT(
            settings.error(),
            ElementsAre("AGENT_ID: '" + std::string(id) +
                        "' cannot be an id; use 1 to 255 characters of A-Z a-z 0-9 . _ -, the "
                        "first one a letter or a digit"));
    }
    const auto by_host = read_agent_settings({{"AGENT_HOSTNAME", "a*"}});
    ASSERT_FALSE(by_host.has_value());
    EXPECT_THAT(by_host.error(), ElementsAre(HasSubstr("AGENT_HOSTNAME: 'a*' cannot be an id")));
    EXPECT_FALSE(read_agent_settings({{"AGENT_ID", std::string(256, 'a')}}).has_value());
}

TEST(AgentSettings, numbers_out_of_range_are_refused) {
    EXPECT_EQ(errors({{"HEARTBEAT_INTERVAL", "0"}}),
              "HEARTBEAT_INTERVAL: '0' is not a whole number from 1 to 3600\n");
    EXPECT_EQ(errors({{"HEARTBEAT_INTERVAL", "3601"}}),
              "HEARTBEAT_INTERVAL: '3601' is not a whole number from 1 to 3600\n");
    EXPECT_EQ(errors({{"CONTAINMENT", "jail"}}),
              "CONTAINMENT: 'jail' is no containment; use auto, cgroup or process_group\n");
    EXPECT_EQ(errors({{"COMMAND_TIMEOUT", "30s"}}),
              "COMMAND_TIMEOUT: '30s' is not a whole number from 1 to 86400\n");
    EXPECT_EQ(errors({{"DOCKER_TIMEOUT", "-1"}}),
              "DOCKER_TIMEOUT: '-1' is not a whole number from 1 to 86400\n");
    EXPECT_EQ(errors({{"SHUTDOWN_GRACE", "x"}}),
              "SHUTDOWN_GRACE: 'x' is not a whole number from 0 to 3600\n");
    EXPECT_EQ(errors({{"MAX_RUNNING_COMMANDS", "0"}}),
              "MAX_RUNNING_COMMANDS: '0' is not a whole number from 1 to 1024\n");
    EXPECT_EQ(errors({{"MAX_BUFFERED_COMMANDS", "0"}}),
              "MAX_BUFFERED_COMMANDS: '0' is not a whole number from 1 to 100000\n");
    EXPECT_EQ(errors({{"OUTPUT_LIMIT", "1 MiB"}}),
              "OUTPUT_LIMIT: '1 MiB' is not a whole number from 4096 to 67108864\n");
    EXPECT_EQ(errors({{"OUTPUT_SPOOL_LIMIT", "0"}}),
              "OUTPUT_SPOOL_LIMIT: '0' is not a whole number from 4096 to 1099511627776\n");
    EXPECT_EQ(errors({{"OUTPUT_KEEP", "2592001"}}),
              "OUTPUT_KEEP: '2592001' is not a whole number from 0 to 2592000\n");
    EXPECT_EQ(errors({{"OUTPUT_KEEP_TOTAL", "-1"}}),
              "OUTPUT_KEEP_TOTAL: '-1' is not a whole number from 0 to 1099511627776\n");
}

TEST(AgentSettings, what_is_sent_of_an_output_must_be_kept) {
    EXPECT_EQ(errors({{"OUTPUT_SPOOL_LIMIT", "1000000"}}),
              "OUTPUT_SPOOL_LIMIT: 1000000 is less than OUTPUT_LIMIT (1048576); what is sent is "
              "read from the spool, so use at least as much\n");
    EXPECT_TRUE(read_agent_settings(
        {{"AGENT_ID", "a"}, {"OUTPUT_LIMIT", "1000000"}, {"OUTPUT_SPOOL_LIMIT", "1000000"}}));
}

TEST(AgentSettings, paths_must_be_absolute_and_plain) {
    EXPECT_EQ(errors({{"GIT_REPO_PATH", "/opt/a,config"}}),
              "GIT_REPO_PATH: 'config' is not an absolute path (one from /)\n");
    EXPECT_EQ(errors({{"GIT_REPO_PATH", "/opt/../etc"}}),
              "GIT_REPO_PATH: '/opt/../etc' has '..' in it; write the path in full\n");
    EXPECT_EQ(
        errors({{"DOCKER_SOCKET", "unix:///var/run/docker.sock"}}),
        "DOCKER_SOCKET: 'unix:///var/run/docker.sock' is not an absolute path (one from /)\n");
    EXPECT_EQ(errors({{"COMMANDS_DIR", "commands.d"}}),
              "COMMANDS_DIR: 'commands.d' is not an absolute path (one from /)\n");
    EXPECT_EQ(errors({{"COCKPIT_STATE_DIR", "state"}}),
              "COCKPIT_STATE_DIR: 'state' is not an absolute path (one from /)\n");
}

TEST(AgentSettings, container_names_follow_dockers_rule) {
    EXPECT_EQ(
        errors({{"DOCKER_CONTAINER_NAME", "ok,/etc"}}),
        "DOCKER_CONTAINER_NAME: '/etc' is not a container's name; use two or more characters of "
        "A-Z a-z 0-9 _ . -, the first one a letter or a digit\n");
    EXPECT_THAT(errors({{"DOCKER_CONTAINER_NAME", "x"}}),
                HasSubstr("'x' is not a container's name"));
}

TEST(AgentSettings, labels_are_names_with_values) {
    EXPECT_THAT(errors({{"AGENT_LABELS", "berlin"}}),
                HasSubstr("AGENT_LABELS: 'berlin' is not a label; write name=value,name=value"));
    EXPECT_THAT(errors({{"AGENT_LABELS", "=x"}}), HasSubstr("'=x' is not a label"));
    EXPECT_THAT(errors({{"AGENT_LABELS", "a b=x"}}), HasSubstr("'a b=x' is not a label"));
    EXPECT_EQ(errors({{"AGENT_LABELS", "a=1,a=2"}}),
              "AGENT_LABELS: 'a' is there twice; name each label once\n");
}

TEST(AgentSettings, keys_and_tokens_have_a_shape) {
    EXPECT_THAT(errors({{"COCKPIT_SERVER_KEY", "abc"}}),
                HasSubstr("COCKPIT_SERVER_KEY: 'abc' is not a public key; copy the line that "
                          "`cockpit-server join-token` prints"));
    EXPECT_THAT(errors({{"COCKPIT_SERVER_KEY", std::string(43, '!') + "="}}),
                HasSubstr("is not a public key"));
    for (const auto* token : {"secret", ".secret", "id.", "id.s.t", "id.a b"}) {
        const auto text =
            errors({{"COCKPIT_SERVER_KEY", server_key}, {"COCKPIT_JOIN_TOKEN", token}});
        EXPECT_THAT(text,
                    HasSubstr("COCKPIT_JOIN_TOKEN: the value is not a join token; copy the line"))
            << token;
        EXPECT_THAT(text, HasSubstr("(<id>.<secret>)"));
    }
    EXPECT_THAT(
        errors({{"COCKPIT_JOIN_TOKEN", "id.hush"}}),
        testing::AllOf(HasSubstr("COCKPIT_SERVER_KEY: is missing beside COCKPIT_JOIN_TOKEN"),
                       Not(HasSubstr("hush"))));
}

TEST(AgentSettings, words_are_checked) {
    EXPECT_EQ(errors({{"ALLOW_UNSIGNED", "maybe"}}),
              "ALLOW_UNSIGNED: 'maybe' is neither true nor false\n");
    EXPECT_EQ(errors({{"LOGLEVEL", "loud"}}),
              "LOGLEVEL: 'loud' is none of DEBUG, INFO, WARNING, ERROR, CRITICAL\n");
    EXPECT_EQ(errors({{"LOG_FORMAT", "xml"}}), "LOG_FORMAT: 'xml' is none of text, json\n");
}

TEST(AgentSettings, every_mistake_is_told_at_once) {
    const auto settings = read_agent_settings({{"REDIS_PORT", "x"},
                                               {"AGENT_ID", "*"},
                                               {"HEARTBEAT_INTERVAL", "0"},
                                               {"GIT_REPO_PATH", "a,b"},
                                               {"LOGLEVEL", "loud"}});
    ASSERT_FALSE(settings.has_value());
    EXPECT_THAT(settings.error(),
                ElementsAre(HasSubstr("REDIS_PORT: "), HasSubstr("AGENT_ID: "),
                            HasSubstr("HEARTBEAT_INTERVAL: "), HasSubstr("GIT_REPO_PATH: 'a'"),
                            HasSubstr("GIT_REPO_PATH: 'b'"), HasSubstr("LOGLEVEL: ")));
}

}  // namespace
}  // namespace cockpit::config

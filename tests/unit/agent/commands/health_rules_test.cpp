#include "agent/commands/health_rules.hpp"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "agent/commands/built_in.hpp"

namespace cockpit::commands {
namespace {

using testing::HasSubstr;

std::expected<HealthOrder, std::string> order(const std::string& params) {
    const auto& schema = *protocol::find_command(built_in_schemas(), "health_check");
    const auto checked =
        protocol::validate_parameters(schema, boost::json::parse(params).as_object());
    if (!checked) return std::unexpected(checked.error());
    return health_order_of(*checked);
}
std::string refusal(const std::string& params) {
    const auto read = order(params);
    return read ? "<accepted>" : read.error();
}

TEST(HealthRulesTest, OrdersOfEachKind) {
    const auto http = order(R"({"kind": "http", "url": "http://[::1]:3000?a=b", "status": 204,
        "pattern": "^o[kK]$", "retries": 0, "interval_s": 1, "deadline_s": 5})");
    ASSERT_TRUE(http) << http.error();
    EXPECT_EQ(http->host, "::1");
    EXPECT_EQ(http->port, 3000);
    EXPECT_EQ(http->authority, "[::1]:3000");
    EXPECT_EQ(http->target, "/?a=b");
    EXPECT_EQ(http->status, 204);
    EXPECT_EQ(http->retries, 0);
    EXPECT_EQ(http->deadline.count(), 5);
    const auto least = order(R"({"kind": "http", "url": "http://localhost/api/health"})");
    EXPECT_EQ(least->port, 80);
    EXPECT_EQ(least->status, 200);
    EXPECT_EQ(least->target, "/api/health");
    EXPECT_EQ(least->retries, 10);
    const auto tcp = order(R"({"kind": "tcp", "host": "localhost", "port": 5432})");
    EXPECT_EQ(tcp->port, 5432);
    EXPECT_EQ(order(R"({"kind": "container", "container": "web"})")->container, "web");
}

struct Wrong {
    std::string params;
    std::string says;
};
const Wrong wrong[] = {
    {R"({})", "'kind' of command 'health_check' is missing"},
    {R"({"kind": "ping"})", "must be one of"},
    {R"({"kind": "http"})", "a health check of kind 'http' needs parameter 'url'"},
    {R"({"kind": "tcp", "host": "h"})", "needs parameter 'port'"},
    {R"({"kind": "container"})", "needs parameter 'container'"},
    {R"({"kind": "tcp", "host": "h", "port": 1, "url": "http://h"})",
     "parameter 'url' does not belong to a health check of kind 'tcp'"},
    {R"({"kind": "http", "url": "http://h", "container": "c"})", "'container' does not belong"},
    {R"({"kind": "http", "url": "https://h"})", "this agent checks plain HTTP only"},
    {R"({"kind": "http", "url": "file:///etc/passwd"})", "must begin with http://"},
    {R"({"kind": "http", "url": "http://"})", "is wrong: write http://host:port/path"},
    {R"({"kind": "http", "url": "http://user@h/"})", "without a user"},
    {R"({"kind": "http", "url": "http://h:0/"})", "is wrong"},
    {R"({"kind": "http", "url": "http://h:99999/"})", "is wrong"},
    {R"({"kind": "http", "url": "http://h:80x/"})", "is wrong"},
    {R"({"kind": "http", "url": "http://[::1/"})", "is wrong"},
    {R"({"kind": "http", "url": "http://h/ x"})", "spaces"},
    {R"({"kind": "http", "url": "http://h/\r\nX: y"})", "is wrong"},
    {R"({"kind": "http", "url": "http://h/#a"})", "'#'"},
    {R"({"kind": "http", "url": "http://h", "pattern": "("})",
     "pattern '(' is no POSIX extended regular expression"},
    {R"json({"kind": "http", "url": "http://h", "pattern": "(a)\\1"})json",
     "is no POSIX extended regular expression"},
    {R"({"kind": "http", "url": "http://h", "status": 99})", "status"},
    {R"({"kind": "tcp", "host": "h", "port": 65536})", "port"},
    {R"({"kind": "tcp", "host": "a b", "port": 1})", "is no name or address of a host"},
    {R"({"kind": "tcp", "host": "h", "port": 1, "deadline_s": 3601})", "deadline_s"},
    {R"({"kind": "tcp", "host": "h", "port": 1, "retries": -1})", "retries"},
};

TEST(HealthRulesTest, WhatIsWrongIsNamed) {
    for (const auto& one : wrong)
        EXPECT_THAT(refusal(one.params), HasSubstr(one.says)) << one.params;
}

TEST(HealthRulesTest, OnlyWhomTheOwnerAllows) {
    const auto allowed = [](const std::string& host, std::uint16_t port,
                            const std::vector<std::string>& hosts) {
        const HealthOrder asked{.kind = HealthOrder::Kind::tcp, .host = host, .port = port};
        const auto checked = check_health_hosts(asked, hosts);
        return checked ? "<allowed>" : checked.error();
    };
    const std::vector<std::string> hosts = {"localhost", "127.0.0.1:3000", "[::1]:80", "fe80::1"};
    for (const auto& [host, port] :
         {std::pair{"localhost", 1}, std::pair{"LocalHost", 9}, std::pair{"127.0.0.1", 3000},
          std::pair{"::1", 80}, std::pair{"fe80::1", 7}}) {
        EXPECT_EQ(allowed(host, static_cast<std::uint16_t>(port), hosts), "<allowed>") << host;
    }
    for (const auto& [host, port] :
         {std::pair{"127.0.0.1", 3001}, std::pair{"::1", 81}, std::pair{"169.254.169.254", 80},
          std::pair{"localhost.x", 1}}) {
        EXPECT_THAT(allowed(host, static_cast<std::uint16_t>(port), hosts),
                    HasSubstr("HEALTH_CHECK_HOSTS: localhost, 127.0.0.1:3000, [::1]:80, fe80::1"))
            << host;
    }
    EXPECT_THAT(allowed("localhost", 1, {}), HasSubstr("there are none"));
}

TEST(HealthRulesTest, AnswersAreJudged) {
    const auto asked = *order(R"({"kind": "http", "url": "http://h", "pattern": "ready: [0-9]+"})");
    EXPECT_TRUE(judge(asked, {.status = 200, .headers = {}, .body = "x\nready: 12\n"}).healthy);
    const auto other = judge(asked, {.status = 503, .headers = {}, .body = "ready: 1"});
    EXPECT_FALSE(other.healthy);
    EXPECT_EQ(other.said, "HTTP 503, wanted 200");
    EXPECT_EQ(judge(asked, {.status = 302, .headers = {}, .body = ""}).said,
              "HTTP 302, wanted 200");
    EXPECT_EQ(judge(asked, {.status = 200, .headers = {}, .body = "no"}).said,
              "HTTP 200, but the body has no 'ready: [0-9]+'");
    const auto late = judge(
        asked,
        {.status = 200, .headers = {}, .body = std::string(searched_bytes, 'x') + "ready: 1"});
    EXPECT_THAT(late.said, HasSubstr("the first 65536 bytes of the body have no"));
    EXPECT_TRUE(
        judge(asked, {.status = 200, .headers = {}, .body = std::string("\0ready: 1", 9)}).healthy);

    EXPECT_TRUE(judge(ContainerState{.running = true}).healthy);
    EXPECT_TRUE(judge(ContainerState{.running = true, .health = "healthy"}).healthy);
    EXPECT_EQ(judge(ContainerState{.running = true, .health = "starting"}).said, "it is starting");
    EXPECT_FALSE(judge(ContainerState{.running = true, .health = "unhealthy"}).healthy);
    EXPECT_FALSE(judge(ContainerState{.running = true, .restarting = true}).healthy);
    EXPECT_EQ(judge(ContainerState{.exit_code = 3}).said,
              "it does not run; its last exit code is 3");
}

}  // namespace
}  // namespace cockpit::commands

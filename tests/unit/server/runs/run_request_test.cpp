#include "server/runs/run_request.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace cockpit::runs {
namespace {

namespace json = boost::json;

std::string plan_error(const std::string& text) {
    const auto plan = plan_request_of(json::parse(text).as_object());
    return plan ? "none" : plan.error();
}
std::string manner_error(const std::string& text) {
    const auto manner = manner_of(json::parse(text).as_object());
    return manner ? "none" : manner.error();
}

TEST(PlanRequest, IsReadWhole) {
    const auto plan = plan_request_of(
        json::parse(R"({"agents": ["b", "a", "b"], "command": "echo", "params": {"x": 1}})")
            .as_object());
    ASSERT_TRUE(plan) << plan.error();
    EXPECT_EQ(plan->agents, (std::vector<std::string>{"b", "a"}));
    EXPECT_EQ(plan->command, "echo");
    EXPECT_EQ(plan->params.at("x"), 1);
}

TEST(PlanRequest, SaysWhatIsWrong) {
    EXPECT_EQ(plan_error(R"({"command": "echo"})"),
              "give either 'targets' (an expression such as group:web and env=prod) or 'agents' (a "
              "list of ids)");
    EXPECT_EQ(plan_error(R"({"targets": "*", "agents": [], "command": "echo"})"),
              plan_error(R"({"command": "echo"})"));
    EXPECT_EQ(plan_error(R"({"targets": 1, "command": "echo"})"), "'targets' must be a string");
    EXPECT_EQ(plan_error(R"({"agents": [1], "command": "echo"})"),
              "'agents' must be a list of ids");
    EXPECT_EQ(plan_error(R"({"targets": "*"})"),
              "'command' must be the name of a command of the hosts");
    EXPECT_EQ(plan_error(R"({"targets": "*", "command": "echo", "params": []})"),
              "'params' must be an object");
}

TEST(Manner, IsReadWhole) {
    const auto manner = manner_of(json::parse(R"({"concurrency": "10%", "max_failures": 3,
        "canary": 2, "pause_s": 1.5, "execution_timeout": 60, "offline": "wait",
        "expires_in": 120})")
                                      .as_object());
    ASSERT_TRUE(manner) << manner.error();
    EXPECT_EQ(manner->limits.concurrency.text(), "10%");
    EXPECT_EQ(manner->limits.max_failures.text(), "3");
    EXPECT_EQ(manner->limits.canary, 2);
    EXPECT_EQ(manner->limits.pause_ms, 1'500);
    EXPECT_EQ(manner->sending.timeout_ms, 60'000);
    EXPECT_EQ(manner->sending.queue_for_ms, 120'000);
    const auto plain = manner_of({});
    EXPECT_EQ(plain->limits.concurrency.text(), "100%");
    EXPECT_EQ(plain->sending.queue_for_ms, std::nullopt);
    EXPECT_EQ(manner_of(json::parse(R"({"offline": "wait"})").as_object())->sending.queue_for_ms,
              3'600'000);
}

TEST(Manner, SaysWhatIsWrong) {
    EXPECT_EQ(manner_error(R"({"concurrency": 0})"), "'concurrency' must be at least 1");
    EXPECT_EQ(manner_error(R"({"concurrency": -1})"),
              "'concurrency' must be a number of hosts, such as 12, or a share, such as \"10%\"");
    EXPECT_EQ(manner_error(R"({"max_failures": "a few"})"),
              "'max_failures' is wrong: \"a few\" is not a number of hosts; right would be 12, or "
              "10%");
    EXPECT_EQ(manner_error(R"({"canary": "1"})"), "'canary' must be a number of hosts; 0 for none");
    EXPECT_EQ(manner_error(R"({"pause_s": -1})"), "'pause_s' must be from 0 to 604800 seconds");
    EXPECT_EQ(manner_error(R"({"execution_timeout": 0})"),
              "'execution_timeout' must be from 1 to 604800 seconds");
    EXPECT_EQ(manner_error(R"({"offline": "maybe"})"), "'offline' must be \"skip\" or \"wait\"");
    EXPECT_EQ(manner_error(R"({"expires_in": 5})"), "'expires_in' needs 'offline': \"wait\"");
}

}  // namespace
}  // namespace cockpit::runs

// echo, and what all built-in commands have in common.

#include <gmock/gmock.h>

#include "agent/commands/immediate_execution.hpp"
#include "fixture.hpp"

namespace cockpit::commands {
namespace {

using protocol::CommandState;
using namespace std::chrono_literals;

TEST(Echo, answers_with_the_message) {
    boost::asio::io_context io;
    auto handlers = built_in_commands(io.get_executor(), {});
    auto& echo = handler_named(handlers, "echo");
    EXPECT_TRUE(echo.schema().pure);
    const auto outcome = CommandRun(io, echo, {{"message", "grüße\n"}}).outcome();
    EXPECT_EQ(outcome.state, CommandState::success);
    EXPECT_EQ(outcome.output, "grüße\n");
    EXPECT_EQ(outcome.error, std::nullopt);
    EXPECT_EQ(CommandRun(io, echo, {}).outcome().output, "pong");
    EXPECT_EQ(echo.resource({}), std::nullopt);
    EXPECT_EQ(refusal(echo, {}), "allowed");
}

TEST(Echo, execution_that_is_destroyed_says_nothing) {
    boost::asio::io_context io;
    auto handlers = built_in_commands(io.get_executor(), {});
    CommandRun run(io, handler_named(handlers, "echo"), {});
    run.destroy();
    io.run_for(20s);
    EXPECT_FALSE(run.ended());
}

TEST(Echo, stop_does_not_keep_the_answer) {
    boost::asio::io_context io;
    auto handlers = built_in_commands(io.get_executor(), {});
    CommandRun run(io, handler_named(handlers, "echo"), {});
    run.stop(executor::StopReason::cancelled);
    EXPECT_EQ(run.outcome().state, CommandState::success);
}

TEST(BuiltIn, are_those_of_the_original_and_ours_with_the_time_limits_of_this_host) {
    boost::asio::io_context io;
    const auto handlers =
        built_in_commands(io.get_executor(), {.command_timeout = 7s, .docker_timeout = 9s});
    std::vector<std::pair<std::string, std::int64_t>> seen;
    for (const auto& handler : handlers) {
        seen.emplace_back(handler->schema().name, handler->schema().timeout_ms);
    }
    EXPECT_THAT(seen,
                testing::ElementsAre(
                    testing::Pair("echo", 7000), testing::Pair("git_pull", 7000),
                    testing::Pair("docker_restart", 9000), testing::Pair("git_revision", 7000),
                    testing::Pair("git_rollback", 7000), testing::Pair("health_check", 3'660'000)));
}

TEST(BuiltIn, refuse_everything_when_the_owner_listed_nothing) {
    boost::asio::io_context io;
    auto handlers = built_in_commands(io.get_executor(), {});
    EXPECT_EQ(refusal(handler_named(handlers, "git_pull"), {{"repository_path", "/srv"}}),
              "repository_path '/srv' is refused: this host allows no repository (its "
              "GIT_REPO_PATH is empty)");
    EXPECT_EQ(refusal(handler_named(handlers, "docker_restart"), {{"container_name", "a"}}),
              "container_name 'a' is refused: this host allows no container (its "
              "DOCKER_CONTAINER_NAME is empty)");
}

}  // namespace
}  // namespace cockpit::commands

#include "agent/commands/built_in.hpp"

#include "agent/commands/docker_restart.hpp"
#include "agent/commands/echo.hpp"
#include "agent/commands/git_command.hpp"
#include "agent/commands/health_check.hpp"

namespace cockpit::commands {
namespace {

protocol::CommandSchema schema_of(std::string_view name) {
    return *protocol::find_command(built_in_schemas(), name);
}

protocol::CommandSchema schema_of(std::string_view name, std::chrono::milliseconds timeout) {
    auto schema = schema_of(name);
    schema.timeout_ms = timeout.count();
    return schema;
}

}  // namespace

executor::CommandHandlers built_in_commands(const boost::asio::any_io_executor& loop,
                                            BuiltInSettings settings) {
    const auto timeout = settings.command_timeout;
    const GitSettings git{.repositories = std::move(settings.git_repositories),
                          .environment = std::move(settings.environment),
                          .keeping = std::move(settings.keeping)};
    executor::CommandHandlers handlers;
    handlers.push_back(create_echo(loop, schema_of("echo", timeout)));
    handlers.push_back(create_git_command(loop, schema_of("git_pull", timeout), git, git_pull()));
    handlers.push_back(create_docker_restart(
        loop, schema_of("docker_restart", settings.docker_timeout),
        {.containers = settings.docker_containers, .socket = settings.docker_socket}));
    handlers.push_back(
        create_git_command(loop, schema_of("git_revision", timeout), git, git_revision()));
    handlers.push_back(
        create_git_command(loop, schema_of("git_rollback", timeout), git, git_rollback()));
    handlers.push_back(create_health_check(loop, schema_of("health_check"),
                                           {.hosts = std::move(settings.health_check_hosts),
                                            .containers = std::move(settings.docker_containers),
                                            .docker_socket = std::move(settings.docker_socket)}));
    return handlers;
}

}  // namespace cockpit::commands

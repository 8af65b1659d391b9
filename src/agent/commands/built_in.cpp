#include "agent/commands/built_in.hpp"

#include "agent/commands/docker_restart.hpp"
#include "agent/commands/echo.hpp"
#include "agent/commands/git_pull.hpp"

namespace cockpit::commands {
namespace {

protocol::CommandSchema schema_of(std::string_view name, std::chrono::milliseconds timeout) {
    auto schema = *protocol::find_command(protocol::original_commands(), name);
    schema.timeout_ms = timeout.count();
    return schema;
}

}  // namespace

executor::CommandHandlers built_in_commands(const boost::asio::any_io_executor& loop,
                                            BuiltInSettings settings) {
    executor::CommandHandlers handlers;
    handlers.push_back(create_echo(loop, schema_of("echo", settings.command_timeout)));
    handlers.push_back(create_git_pull(loop, schema_of("git_pull", settings.command_timeout),
                                       {.repositories = std::move(settings.git_repositories),
                                        .environment = std::move(settings.environment),
                                        .keeping = std::move(settings.keeping)}));
    handlers.push_back(create_docker_restart(loop,
                                             schema_of("docker_restart", settings.docker_timeout),
                                             {.containers = std::move(settings.docker_containers),
                                              .socket = std::move(settings.docker_socket)}));
    return handlers;
}

}  // namespace cockpit::commands

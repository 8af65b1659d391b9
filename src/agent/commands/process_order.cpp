#include "agent/commands/process_order.hpp"

#include <unistd.h>

#include "agent/spool/layout.hpp"

namespace cockpit::commands {

std::string cookie_of(const ProcessCommand& command, const std::filesystem::path& directory) {
    if (!command.attempt) return directory.filename().string() + "." + std::to_string(::getpid());
    return command.attempt->command.text() + "." + std::to_string(command.attempt->attempt);
}

std::expected<std::filesystem::path, std::string> make_directory(const ProcessCommand& command) {
    auto& keeping = *command.keeping;
    if (command.attempt) {
        auto made = spool::create_directory(keeping.spool, *command.attempt);
        if (made) keeper::clear(*made);
        return made;
    }
    // Of an agent that died one may still be there.
    auto directory = keeping.spool / ("unsigned." + std::to_string(++keeping.unsigned_commands) +
                                      "." + std::to_string(::getpid()));
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    if (failed) {
        return std::unexpected("'" + directory.string() + "' cannot be made: " + failed.message());
    }
    return directory;
}

keeper::Order order_for(ProcessCommand& command, const std::filesystem::path& directory,
                        const std::string& cookie) {
    const auto& keeping = *command.keeping;
    keeper::Order order{.arguments = std::move(command.child.arguments),
                        .environment = std::move(command.child.environment),
                        .working_directory = {},
                        .user = std::move(command.child.user),
                        .directory = directory.string(),
                        .cookie = cookie,
                        .cgroup = {},
                        .cgroup_required = keeping.cgroup_required,
                        .time_limit_ms = command.time_limit.count(),
                        .grace_ms = command.grace.count(),
                        .kill_wait_ms = command.kill_wait.count(),
                        .spool_head = keeping.limits.head,
                        .spool_tail = keeping.limits.tail,
                        .outlives_agent = command.attempt.has_value()};
    if (command.child.working_directory) {
        order.working_directory = command.child.working_directory->string();
    }
    if (keeping.cgroups) order.cgroup = (*keeping.cgroups / cookie).string();
    return order;
}

}  // namespace cockpit::commands

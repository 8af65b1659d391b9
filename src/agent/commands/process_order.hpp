#pragma once
// What a keeper is told about a command, and the directory that both share.

#include <expected>
#include <filesystem>
#include <string>

#include "agent/commands/process_execution.hpp"
#include "agent/keeper/order.hpp"

namespace cockpit::commands {

/// The spool directory of the command, made and without what an earlier keeper left in it.
std::expected<std::filesystem::path, std::string> make_directory(const ProcessCommand& command);

/// What tells its processes from all others.
std::string cookie_of(const ProcessCommand& command, const std::filesystem::path& directory);

/// Takes `child` out of the command.
keeper::Order order_for(ProcessCommand& command, const std::filesystem::path& directory,
                        const std::string& cookie);

}  // namespace cockpit::commands

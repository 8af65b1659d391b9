#pragma once
// What a keeper left on the disk, as an outcome. Blocks for the time of reading the result's text.

#include <filesystem>
#include <optional>

#include "agent/commands/process_execution.hpp"
#include "agent/keeper/order.hpp"

namespace cockpit::commands {

/// Of a keeper that left a status.
executor::Outcome outcome_of(ProcessCommand& command, const std::filesystem::path& directory,
                             const keeper::Status& status);

/// Of one that did not: somebody killed it. `asked`: whether and why the command was being stopped;
/// `survivors`: what could not be ended after it.
executor::Outcome outcome_without_status(const ProcessCommand& command,
                                         const std::filesystem::path& directory,
                                         std::optional<executor::StopReason> asked,
                                         const std::vector<pid_t>& survivors);

}  // namespace cockpit::commands

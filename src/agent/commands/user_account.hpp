#pragma once
// The users of this host, as far as a command can run as one of them. They ask the system's name
// service (getpwnam_r(3)), which may block.

#include <expected>
#include <string>

#include "agent/commands/manifest.hpp"

namespace cockpit::commands {

/// The error is a sentence: there is no such user, or this agent may not become it.
std::expected<RunAs, std::string> find_account(const std::string& name);
/// The user this agent runs as.
std::expected<RunAs, std::string> own_account();

}  // namespace cockpit::commands

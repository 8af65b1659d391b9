#pragma once
// Which hosts there are, and what is known of them.

#include <string>

#include "cli/failure.hpp"
#include "cli/session.hpp"

namespace cockpit::cli {

/// `targets`: an expression, or empty for all. `status`: online, offline, unknown, or empty.
Exit list_agents(Session& session, const std::string& targets, const std::string& status);
Exit show_agent(Session& session, const std::string& id);
Exit list_groups(Session& session);
/// Of a command's id, or a host's: what it waits for, or which rule decided.
Exit why(Session& session, const std::string& id);

/// Of a command: 8-4-4-4-12 hex digits.
bool is_command_id(const std::string& text);

}  // namespace cockpit::cli

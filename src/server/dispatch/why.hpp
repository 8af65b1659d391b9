#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/dispatch/agent_directory.hpp"
#include "server/dispatch/command_store.hpp"

namespace cockpit::dispatch {

/// In a sentence: what an open command waits for, or which rule ended it. Pure. `host` is nothing
/// when the directory does not know it. `held`: why the start guard lets nothing start there now.
std::string why(const CommandRecord& record, const std::optional<AgentView>& host,
                std::int64_t now_ms, const std::optional<std::string>& held = std::nullopt);

}  // namespace cockpit::dispatch

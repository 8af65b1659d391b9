#pragma once
// The composition root: builds every object of the agent by hand, in order, and stops them in
// reverse.

#include "config/agent_settings.hpp"
#include "config/environment.hpp"

namespace cockpit::agent_app {

inline constexpr int exit_stopped = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

/// Runs until SIGTERM or SIGINT; the process's exit code. Redis need not be there. What is wrong
/// with the settings beyond what config knows, or with the state directory, is logged as a
/// sentence. A second signal ends the process from inside, with 128 + its number.
int run(const config::AgentSettings& settings, const config::Environment& environment);

}  // namespace cockpit::agent_app

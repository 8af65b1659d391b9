#pragma once
// Sending commands to hosts, and what became of them.

#include <optional>
#include <string>
#include <vector>

#include "cli/failure.hpp"
#include "cli/session.hpp"

namespace cockpit::cli {

struct RunRequest {
    std::string targets;
    std::string command;
    std::vector<std::string> parameters;  ///< NAME=VALUE
    bool yes = false;                     ///< do not ask
    bool wait = true;
    bool force = false;  ///< also in a maintenance window
    std::optional<std::string> concurrency;
    std::optional<std::string> max_failures;
    std::optional<int> canary;
    std::optional<double> pause_s;
    std::optional<double> execution_timeout;
    bool queue = false;  ///< wait for hosts that are away
};

/// Shows the plan, asks, runs, shows what the hosts said, and last each answer once with its hosts.
Exit run(Session& session, const RunRequest& request);
Exit logs(Session& session, const std::string& id, bool follow);
/// Of a command or a run.
Exit cancel(Session& session, const std::string& id);

struct HistoryRequest {
    std::string agent;
    std::string command;
    std::string status;
    bool open = false;
    int limit = 20;
};
Exit history(Session& session, const HistoryRequest& request);

/// A number or a share as the API takes it: 3, or "10%". Throws Failure for anything else.
boost::json::value number_or_share(const std::string& option, const std::string& text);
/// The exit code for a run's or a command's last state.
Exit exit_of(std::string_view state);

}  // namespace cockpit::cli

#pragma once
// All that /metrics says, from what was counted and what is so at this moment. docs/monitoring.md
// lists the metrics. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/dispatch/agent_directory.hpp"
#include "server/metrics/metrics.hpp"
#include "server/metrics/process.hpp"
#include "server/metrics/write_figures.hpp"

namespace cockpit::metrics {

struct DatabaseFigures {
    double seconds = 0;        ///< that a question took
    std::int64_t bytes = 0;    ///< on disk
    std::int64_t history = 0;  ///< commands in it, or a little more
};

struct RedisFigures {
    std::optional<std::int64_t> memory_bytes;     ///< where we may ask
    std::optional<std::int64_t> results_waiting;  ///< entries that no server has settled
};

/// What is so at the moment of asking.
struct Moment {
    std::string version;
    std::vector<dispatch::AgentView> agents;
    std::map<std::string, std::int64_t> open;  ///< commands by state, those of all servers
    std::int64_t looked_after = 0;             ///< commands of this server
    WriteFigures writes;
    std::optional<DatabaseFigures> database;  ///< nothing: it did not answer
    std::optional<RedisFigures> redis;        ///< nothing: no connection
    Process process;
};

std::string report(const Metrics& counted, const Moment& moment);

}  // namespace cockpit::metrics

#pragma once
// What somebody asks for, read from JSON: who and what (a plan), and in which manner (a run).
// Errors are sentences that name the field. Pure.

#include <boost/json/object.hpp>
#include <expected>
#include <string>
#include <vector>

#include "server/runs/run_store.hpp"

namespace cockpit::runs {

/// Hosts of one plan.
inline constexpr std::size_t most_hosts = 10'000;

struct PlanRequest {
    std::string expression;           ///< of docs/targets.md; this or
    std::vector<std::string> agents;  ///< ids, in the order in which they are to come
    std::string command;
    boost::json::object params;
};
/// `targets` or `agents`, `command`, `params`; other members are not looked at.
std::expected<PlanRequest, std::string> plan_request_of(const boost::json::object& request);

struct Manner {
    Limits limits;
    Sending sending;
};
/// `concurrency`, `max_failures` (each 5 or "10%"), `canary`, `pause_s`, `execution_timeout`,
/// `offline` ("skip" or "wait"), `expires_in`, `force`; all may be absent.
std::expected<Manner, std::string> manner_of(const boost::json::object& request);

}  // namespace cockpit::runs

#pragma once
// Plans and runs as the API's JSON. Pure.

#include <boost/json/object.hpp>
#include <vector>

#include "server/runs/clusters.hpp"
#include "server/runs/planner.hpp"
#include "server/runs/run_store.hpp"

namespace cockpit::api {

/// Without hosts.
boost::json::object to_json(const runs::PlanRecord& plan);
/// With what stands in each host's way.
boost::json::object to_json(const runs::Plan& plan);

/// Without hosts.
boost::json::object to_json(const runs::RunRecord& run);
/// With every host, and how many are in each status.
boost::json::object to_json(const runs::Run& run);

boost::json::object to_json(const runs::Cluster& cluster,
                            const std::vector<runs::HostResult>& results);

}  // namespace cockpit::api

#pragma once
// Groups, labels and selections as the API's JSON. Pure.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <span>

#include "server/api/views.hpp"
#include "server/targets/targeting.hpp"

namespace cockpit::api {

/// The host with `labels` as expressions see them, and beside them where each comes from.
boost::json::object to_json(const dispatch::AgentView& agent, const targets::Standing& standing);
boost::json::object to_json(const targets::GroupRecord& group);
boost::json::object to_json(const targets::Labels& labels);

/// "agents" (id and presence each), "total", "online" (how many are), "notes".
boost::json::object to_json(const targets::Selection& selection);

}  // namespace cockpit::api

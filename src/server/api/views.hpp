#pragma once
// Our values as the API's JSON: the original's names, then ours. Pure.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "server/auth/account_store.hpp"
#include "server/auth/identity.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/dispatch/command_store.hpp"
#include "server/http/message.hpp"

namespace cockpit::api {

/// ISO 8601 in UTC with milliseconds: 2026-11-24T10:00:00.000Z.
std::string iso_time(std::int64_t unix_ms);
/// null for nothing.
boost::json::value iso_time_or_null(std::optional<std::int64_t> unix_ms);

boost::json::object to_json(const dispatch::CommandRecord& record);
/// last_heartbeat and started_at in whole seconds since the Unix epoch, as the original has them.
boost::json::object to_json(const dispatch::AttemptRecord& attempt);
boost::json::object to_json(const dispatch::AgentView& agent);
boost::json::object to_json(const auth::UserRecord& user);
boost::json::object to_json(const auth::Identity& identity);

/// `value` as an application/json response.
http::Response json_response(const boost::json::value& value, int status = 200);

}  // namespace cockpit::api

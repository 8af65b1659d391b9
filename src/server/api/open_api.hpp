#pragma once
// The API's document: OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), made of the same
// descriptions by which requests are checked, so that it cannot say anything else. Pure.

#include <boost/json/object.hpp>
#include <span>
#include <string_view>

#include "server/api/endpoint.hpp"

namespace cockpit::api {

/// Operations are named by method and path: POST /api/cockpit-agent/runs/{run_id}/pause is
/// post_runs_run_id_pause. Lengths of text are bytes there, characters here, which is never less.
boost::json::object open_api_document(std::span<const Endpoint> endpoints,
                                      std::string_view version);

}  // namespace cockpit::api

#pragma once
// Services and deployments as the API's JSON. Pure.

#include <boost/json/object.hpp>

#include "server/deployments/deployment_engine.hpp"

namespace cockpit::api {

/// Never with the secret.
boost::json::object to_json(const deployments::ServiceRecord& service);
boost::json::object to_json(const deployments::DeploymentRecord& deployment);
/// With its hosts and their steps.
boost::json::object to_json(const deployments::Deployment& deployment);
boost::json::object to_json(const deployments::Preview& preview);

}  // namespace cockpit::api

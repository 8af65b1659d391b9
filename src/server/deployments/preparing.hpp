#pragma once
// From a service and what somebody wants of it to exactly which files and which hosts. Pure.

#include <expected>
#include <string>
#include <vector>

#include "crypto/secret_box.hpp"
#include "server/deployments/deployment_request.hpp"
#include "server/deployments/deployment_store.hpp"
#include "server/deployments/service.hpp"
#include "server/runs/run_error.hpp"
#include "server/targets/targeting.hpp"

namespace cockpit::deployments {

/// As for runs: invalid, not_found, conflict or store_unavailable, and a sentence.
using Error = runs::RunError;

struct Prepared {
    Service service;
    std::vector<std::string> hosts;   ///< ids, in the order in which they come
    std::vector<Pipeline> pipelines;  ///< of the hosts
    std::vector<FileChange> changes;  ///< paths from the root of the repository
};

std::expected<Prepared, Error> prepare(const ServiceRecord& record,
                                       const DeploymentRequest& request,
                                       const targets::Targeting& targeting);

/// How the service's repository is reached; the secret is opened here, so use it at once.
std::expected<GitAccess, Error> access_to(const Service& service, const ServiceRecord& record,
                                          const crypto::SecretBox& box);

/// Where the secret of a service is sealed for.
std::string secret_place(const std::string& service);

}  // namespace cockpit::deployments

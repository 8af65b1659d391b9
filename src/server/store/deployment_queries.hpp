#pragma once
// What the store does with deployments, in SQL that both databases understand.

#include "server/deployments/deployment_store.hpp"
#include "server/store/command_queries.hpp"

namespace cockpit::store {

WriteOf<bool> add_deployment(const deployments::Deployment& deployment);
/// Throws DatabaseError (refused) for rows that are not what was written here.
std::optional<deployments::Deployment> find_deployment(Connection& connection,
                                                       const std::string& deployment_id);
std::optional<deployments::DeploymentRecord> find_deployment_by_key(Connection& connection,
                                                                    const std::string& created_by,
                                                                    const std::string& key);
deployments::DeploymentPage list_deployments(Connection& connection, int limit,
                                             std::optional<std::int64_t> before_id,
                                             const std::string& service);
std::vector<deployments::DeploymentRecord> open_deployments(Connection& connection,
                                                            const std::string& owner,
                                                            std::int64_t now_ms);

WriteOf<bool> wish_of_deployment(const std::string& deployment_id, deployments::Wish wish,
                                 const std::string& by);
WriteOf<bool> lease_deployment(const std::string& deployment_id, const std::string& owner,
                               std::int64_t now_ms, std::int64_t until_ms);
/// One conditional statement decides, and what is written of the hosts depends on the same lease.
WriteOf<bool> change_deployment(const deployments::DeploymentChange& change);

}  // namespace cockpit::store

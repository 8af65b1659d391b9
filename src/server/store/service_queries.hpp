#pragma once
// What the store does with services, in SQL that both databases understand.

#include "server/deployments/deployment_store.hpp"
#include "server/store/command_queries.hpp"

namespace cockpit::store {

WriteOf<bool> add_service(const deployments::ServiceRecord& service);
WriteOf<bool> replace_service(const deployments::ServiceRecord& service);
WriteOf<bool> remove_service(const std::string& name);
std::optional<deployments::ServiceRecord> find_service(Connection& connection,
                                                       const std::string& name);
std::vector<deployments::ServiceRecord> list_services(Connection& connection);

WriteOf<bool> note_push(const std::string& service, const std::string& commit,
                        const std::string& by);
WriteOf<bool> forget_push(const std::string& service, const std::string& commit);
std::vector<deployments::ServiceRecord> pushed_services(Connection& connection);

}  // namespace cockpit::store

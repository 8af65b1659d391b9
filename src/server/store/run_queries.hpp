#pragma once
// What the store does with plans and runs, in SQL that both databases understand.

#include "server/runs/run_store.hpp"
#include "server/store/command_queries.hpp"

namespace cockpit::store {

WriteOf<bool> add_plan(const runs::PlanRecord& plan);
std::optional<runs::PlanRecord> find_plan(Connection& connection, const std::string& plan_id);
WriteOf<bool> remove_plans_before(std::int64_t expired_ms);

WriteOf<bool> add_run(const runs::Run& run);
/// Throws DatabaseError (refused) for rows that are not what was written here.
std::optional<runs::Run> find_run(Connection& connection, const std::string& run_id);
std::optional<runs::RunRecord> find_run_by_key(Connection& connection,
                                               const std::string& created_by,
                                               const std::string& key);
std::optional<runs::RunRecord> find_run_of_plan(Connection& connection, const std::string& plan_id);
runs::RunPage list_runs(Connection& connection, int limit, std::optional<std::int64_t> before_id);
std::vector<runs::RunRecord> open_runs(Connection& connection, const std::string& owner,
                                       std::int64_t now_ms);

WriteOf<bool> wish_of_run(const std::string& run_id, runs::Wish wish, const std::string& by);
WriteOf<bool> lease_run(const std::string& run_id, const std::string& owner, std::int64_t now_ms,
                        std::int64_t until_ms);
/// One conditional statement decides, and what is written of the hosts depends on the same lease.
WriteOf<bool> change_run(const runs::RunChange& change);

}  // namespace cockpit::store

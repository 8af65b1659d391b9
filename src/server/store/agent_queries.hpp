#pragma once
// What the store does with hosts and join tokens, in SQL that both databases understand.

#include "server/dispatch/agent_store.hpp"
#include "server/store/command_queries.hpp"

namespace cockpit::store {

WriteOf<bool> save_agent(const dispatch::AgentRecord& record);
WriteOf<bool> add_join_token(const dispatch::JoinToken& token);
WriteOf<std::optional<dispatch::RedeemFailure>> redeem_join_token(
    const std::string& token_id, std::int64_t now_ms, const dispatch::AgentRecord& record);

std::vector<dispatch::AgentRecord> load_agents(Connection& connection);
std::optional<dispatch::JoinToken> find_join_token(Connection& connection, const std::string& id);

}  // namespace cockpit::store

#pragma once
// Where hosts and their keys are kept, so that a host does not vanish from the list when it goes
// away, and join tokens. Same rules for callbacks and errors as command_store.hpp.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/ids.hpp"
#include "server/dispatch/command_store.hpp"

namespace cockpit::dispatch {

/// One row of cockpit_agents.
struct AgentRecord {
    std::string agent_id;
    std::optional<std::string> public_key;  ///< base64; the key this host signs with
    std::optional<std::string>
        pending_public_key;  ///< a changed key that waits for an administrator
    std::string hostname;
    std::string version;
    std::int64_t first_seen_ms = 0;
    std::int64_t last_seen_ms = 0;
    std::string commands;  ///< JSON list of protocol::CommandSchema, as last told; may be empty
    std::map<std::string, std::string> labels;  ///< of its owner, as last told
};

/// One row of cockpit_join_tokens. The token itself is shown once and kept nowhere.
struct JoinToken {
    std::string id;           ///< public part of the token
    std::string secret_hash;  ///< SHA-256 of the secret part, hexadecimal
    std::int64_t expires_at_ms = 0;
    std::int64_t uses_left = 0;
    std::string created_by;
    std::int64_t created_at_ms = 0;
};

enum class RedeemFailure { unknown, expired, used_up };

class AgentStore {
  public:
    virtual ~AgentStore() = default;

    virtual void load_agents(runtime::Callback<StoreResult<std::vector<AgentRecord>>> done) = 0;
    /// Inserts the row or replaces it, but for first_seen_ms.
    virtual void save_agent(AgentRecord record, runtime::Callback<StoreResult<bool>> done) = 0;

    virtual void add_join_token(JoinToken token, runtime::Callback<StoreResult<bool>> done) = 0;
    virtual void find_join_token(std::string id,
                                 runtime::Callback<StoreResult<std::optional<JoinToken>>> done) = 0;
    /// Takes one use of the token and saves the agent with its key, in one transaction: two hosts
    /// can never share the last use.
    virtual void redeem_join_token(
        std::string token_id, std::int64_t now_ms, AgentRecord record,
        runtime::Callback<StoreResult<std::optional<RedeemFailure>>> done) = 0;
};

}  // namespace cockpit::dispatch

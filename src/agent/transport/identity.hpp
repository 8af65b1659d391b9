#pragma once
// Who this agent is, as it tells the world: the registry hash of the original, extended, and the
// signed hello. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/executor/executor.hpp"
#include "crypto/keys.hpp"
#include "protocol/messages.hpp"
#include "redis/settings.hpp"

namespace cockpit::agent_transport {

struct Identity {
    protocol::AgentId agent;
    std::string hostname;
    std::string version;
    std::vector<protocol::CommandSchema> commands;
    std::map<std::string, std::string> labels;
    std::string os;
    std::string arch;
    std::int64_t started_at_ms = 0;
    std::int64_t heartbeat_s = 30;
};

enum class Presence { online, offline };

/// HSET of `agents:{id}`; fields and their units as in the original, plus ours (design §3).
redis::Command registry_fields(const Identity& identity, const crypto::PublicKey& key,
                               const executor::Executor::Counts& counts, Presence presence,
                               std::int64_t now_ms);
/// The hash goes three heartbeats after the last sign of life.
redis::Command registry_expiry(const Identity& identity);

protocol::Hello make_hello(const Identity& identity, const crypto::PublicKey& key,
                           const executor::Executor::Counts& counts, std::int64_t at_ms);

/// For a token as `cockpit-server join-token` prints it, "<token id>.<secret>"; nothing for other
/// text.
std::optional<protocol::JoinProof> prove_join(std::string_view token,
                                              const protocol::AgentId& agent,
                                              const crypto::PublicKey& key);

}  // namespace cockpit::agent_transport

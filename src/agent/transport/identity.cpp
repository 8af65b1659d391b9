#include "agent/transport/identity.hpp"

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace cockpit::agent_transport {
namespace {

std::string registry_key(const Identity& identity) {
    return "agents:" + identity.agent.text();
}

}  // namespace

redis::Command registry_fields(const Identity& identity, const crypto::PublicKey& key,
                               const executor::Executor::Counts& counts, Presence presence,
                               std::int64_t now_ms) {
    std::string capabilities;
    for (const auto& command : identity.commands) {
        capabilities += (capabilities.empty() ? "" : ",") + command.name;
    }
    std::string labels;
    for (const auto& [name, value] : identity.labels) {
        labels += (labels.empty() ? "" : ",") + name + "=" + value;
    }
    return {"HSET",
            registry_key(identity),
            "status",
            presence == Presence::online ? "online" : "offline",
            "last_heartbeat",
            std::to_string(now_ms / 1000),
            "version",
            identity.version,
            "hostname",
            identity.hostname,
            "capabilities",
            capabilities,
            "started_at",
            std::to_string(identity.started_at_ms / 1000),
            "commands_executed",
            std::to_string(counts.executed),
            "agent_id",
            identity.agent.text(),
            "protocol",
            "1",
            "public_key",
            key.to_base64(),
            "labels",
            labels,
            "running",
            std::to_string(counts.running),
            "os",
            identity.os,
            "arch",
            identity.arch};
}

redis::Command registry_expiry(const Identity& identity) {
    return {"EXPIRE", registry_key(identity), std::to_string(3 * identity.heartbeat_s)};
}

protocol::Hello make_hello(const Identity& identity, const crypto::PublicKey& key,
                           const executor::Executor::Counts& counts, std::int64_t at_ms) {
    return {.agent = identity.agent,
            .public_key = key.to_base64(),
            .hostname = identity.hostname,
            .version = identity.version,
            .commands = identity.commands,
            .labels = identity.labels,
            .os = identity.os,
            .arch = identity.arch,
            .started_at_ms = identity.started_at_ms,
            .at_ms = at_ms,
            .heartbeat_s = identity.heartbeat_s,
            .commands_executed = counts.executed,
            .running = counts.running};
}

std::optional<protocol::JoinProof> prove_join(std::string_view token,
                                              const protocol::AgentId& agent,
                                              const crypto::PublicKey& key) {
    const auto dot = token.find('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == token.size()) return std::nullopt;
    const auto hash = crypto::to_hex(crypto::sha256(token.substr(dot + 1)));
    const auto mac = crypto::hmac_sha256(hash, protocol::join_proof_input(agent, key.to_base64()));
    return protocol::JoinProof{std::string(token.substr(0, dot)), crypto::to_base64(mac)};
}

}  // namespace cockpit::agent_transport

#pragma once
// What the server knows of every host, in memory: who it is, what it can do, and whether it is
// there, each with the evidence. Fed by signed hellos, by the registry hashes of agents of the
// original, by Redis's word on who is subscribed, and by the loss and return of our own connection.
//
// The rule of liveness (design: Liveness): offline needs evidence gathered while our own side could
// see; while it could not, and until fresh evidence is in, the state is unknown.
//
// Pure: events and the clock's numbers in, answers out. Times are milliseconds since the Unix epoch
// by our clock, unless a name says otherwise. One thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/command_schema.hpp"
#include "protocol/ids.hpp"
#include "protocol/messages.hpp"
#include "server/dispatch/agent_store.hpp"

namespace cockpit::dispatch {

enum class Presence { online, offline, unknown };
std::string_view to_text(Presence presence);

/// A host as readers see it.
struct AgentView {
    protocol::AgentId id;
    Presence presence = Presence::unknown;
    std::string evidence;  ///< a sentence: why we believe in this presence
    std::string hostname;
    std::string version;
    std::vector<std::string> capabilities;  ///< names of commands
    std::map<std::string, std::string> labels;
    std::string os;
    std::string arch;
    std::int64_t last_heartbeat_ms = 0;  ///< 0: none since this server started
    std::int64_t started_at_ms = 0;
    std::int64_t commands_executed = 0;
    std::int64_t running = 0;
    bool original_protocol = false;  ///< speaks the original's unsigned wire
    std::optional<std::string> public_key;
    std::optional<std::string> pending_public_key;  ///< a changed key waits for an administrator
};

/// The fields of an agents:{id} hash.
using RegistryHash = std::map<std::string, std::string>;

class AgentDirectory {
  public:
    /// After our link to Redis came (back) up, hosts get this long to connect again before silence
    /// counts as evidence: an agent's longest pause between tries, and some slack.
    static constexpr std::int64_t settling_ms = 12'000;

    /// Hosts known from the database, all in presence unknown.
    void restore(const std::vector<AgentRecord>& records);

    /// A hello whose signature and key were accepted. False for one not newer than the last: a
    /// replay.
    bool on_hello(const protocol::Hello& hello, std::int64_t now_ms);
    /// A registry hash as read from Redis. Describes only hosts without a key of their own: the
    /// hash is unsigned, anybody with Redis could have written it.
    void on_registry_hash(const protocol::AgentId& id, const RegistryHash& hash,
                          std::int64_t now_ms);
    /// Redis says how many are subscribed to the host's channel.
    void on_subscribers(const protocol::AgentId& id, std::int64_t count, std::int64_t now_ms);
    void on_link_lost(std::int64_t now_ms, std::string why);
    void on_link_restored(std::int64_t now_ms);

    /// Adds the host when it is new.
    void set_keys(const protocol::AgentId& id, std::optional<std::string> public_key,
                  std::optional<std::string> pending_public_key);

    std::optional<AgentView> find(const protocol::AgentId& id, std::int64_t now_ms) const;
    std::vector<AgentView> list(std::int64_t now_ms) const;  ///< by id
    std::vector<protocol::AgentId> ids() const;
    std::size_t size() const { return agents_.size(); }

    /// The accepted key of the host, base64; null for unknown hosts and those without one.
    const std::string* key(const protocol::AgentId& id) const;
    /// Whether the host is known, and known to speak the original's wire.
    bool is_original(const protocol::AgentId& id) const;
    /// What the host takes for this command; null when it cannot do it, or has not said yet.
    const protocol::CommandSchema* schema(const protocol::AgentId& id,
                                          std::string_view command) const;
    /// All that the host can do, as it told last; null for unknown hosts.
    const std::vector<protocol::CommandSchema>* schemas(const protocol::AgentId& id) const;

  private:
    struct Agent {
        std::string hostname;
        std::string version;
        std::vector<protocol::CommandSchema> commands;
        std::map<std::string, std::string> labels;
        std::string os;
        std::string arch;
        std::int64_t hello_at_ms = 0;  ///< the host's clock: grows, or it is a replay
        std::int64_t last_heartbeat_ms = 0;
        std::int64_t started_at_ms = 0;
        std::int64_t heartbeat_s = 30;
        std::int64_t commands_executed = 0;
        std::int64_t running = 0;
        bool left = false;
        bool original_protocol = false;
        std::optional<std::string> public_key;
        std::optional<std::string> pending_public_key;
        std::int64_t subscribers = 0;
        std::int64_t subscribers_at_ms = 0;  ///< 0: never asked
        std::int64_t absent_since_ms = 0;    ///< first of the counts of nobody in a row
    };
    std::pair<Presence, std::string> judge(const Agent& agent, std::int64_t now_ms) const;
    AgentView view(const protocol::AgentId& id, const Agent& agent, std::int64_t now_ms) const;

    std::map<protocol::AgentId, Agent> agents_;
    bool link_up_ = false;
    std::int64_t link_changed_ms_ = 0;
    std::string link_down_because_ = "this server has just started";
};

}  // namespace cockpit::dispatch

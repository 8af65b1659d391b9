#pragma once
// The way to the hosts. dispatch owns this interface, server/transport implements it over Redis.

#include <cstdint>
#include <optional>

#include "protocol/messages.hpp"
#include "protocol/original.hpp"
#include "runtime/await_callback.hpp"
#include "server/dispatch/rate_limit.hpp"

namespace cockpit::dispatch {

/// How a send went: on how many listeners Redis counted; nothing when Redis could not be reached.
using Receivers = std::optional<std::int64_t>;

class AgentLink {
  public:
    virtual ~AgentLink() = default;

    /// Signs and sends by both ways (stream and channel). The callback comes exactly once, later.
    virtual void send(const protocol::Run& run, runtime::Callback<Receivers> done) = 0;
    virtual void send(const protocol::Cancel& cancel) = 0;
    virtual void send(const protocol::Ack& ack) = 0;
    /// Tells the other servers that a command ended.
    virtual void announce_end(const protocol::CommandId& id) = 0;
    /// Takes a permit of the bucket that all servers share for this host: 0, or in how many
    /// milliseconds there will be one; nothing: it could not be asked. Exactly once, later.
    virtual void take_permit(const protocol::AgentId& agent, const RateLimit& limit,
                             runtime::Callback<std::optional<std::int64_t>> done) = 0;
    /// The original's unsigned JSON on the host's channel.
    virtual void send_original(const protocol::AgentId& agent,
                               const protocol::original::Command& command,
                               runtime::Callback<Receivers> done) = 0;
};

}  // namespace cockpit::dispatch

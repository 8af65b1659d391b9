#pragma once
// The bucket of permits that all servers share for one host: a script in Redis, so that taking is
// one step whoever asks at the same time (https://redis.io/docs/latest/commands/eval/). The same
// arithmetic as dispatch::TokenBuckets, by Redis's own clock, in microseconds.

#include <optional>
#include <string>

#include "protocol/ids.hpp"
#include "redis/client.hpp"
#include "server/dispatch/rate_limit.hpp"

namespace cockpit::transport {

/// The command that takes a permit for this host.
redis::Command take_permit_command(const protocol::AgentId& agent,
                                   const dispatch::RateLimit& limit);
/// 0: taken; else in how many milliseconds there will be one. Nothing: Redis did not say.
std::optional<std::int64_t> permit_from(const redis::Answer& answer);

}  // namespace cockpit::transport

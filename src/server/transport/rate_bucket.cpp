#include "server/transport/rate_bucket.hpp"

#include <algorithm>

#include "server/transport/redis_names.hpp"

namespace cockpit::transport {
namespace {

// KEYS[1] holds when the bucket would be full. A key without a number in it counts as full: whoever
// holds Redis can take permits away, but can make nobody fail.
constexpr auto take_script = R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local full = tonumber(redis.pcall('GET', KEYS[1]) or now)
if full == nil or full < now or full > now + interval * ARGV[2] then full = now end
local wait = full + interval - now - interval * ARGV[2]
if wait > 0 then return math.ceil(wait / 1000) end
full = full + interval
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return 0)";

}  // namespace

redis::Command take_permit_command(const protocol::AgentId& agent,
                                   const dispatch::RateLimit& limit) {
    return {"EVAL",
            take_script,
            "1",
            rate_prefix + agent.text(),
            std::to_string(1'000'000 / std::max(1, limit.per_second)),
            std::to_string(limit.burst)};
}

std::optional<std::int64_t> permit_from(const redis::Answer& answer) {
    const auto* wait = answer ? answer->if_integer() : nullptr;
    return wait == nullptr || *wait < 0 ? std::nullopt : std::optional(*wait);
}

}  // namespace cockpit::transport

#pragma once
// What the composition roots of agent and server share: configuration turned into what modules
// take.

#include "config/redis_settings.hpp"
#include "redis/client.hpp"

namespace cockpit::composition {

redis::Settings redis_connection(const config::RedisSettings& settings);

}  // namespace cockpit::composition

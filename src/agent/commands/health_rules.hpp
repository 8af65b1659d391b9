#pragma once
// What a health check is asked, whom it may ask, and what it makes of an answer. No sockets, no
// clock.

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/commands/docker_engine.hpp"
#include "agent/commands/http_reply.hpp"

namespace cockpit::commands {

/// Of a body so much is searched.
inline constexpr std::size_t searched_bytes = 64 * 1024;

struct HealthOrder {
    enum class Kind { http, tcp, container };
    Kind kind = Kind::tcp;
    std::string host{};                    ///< of http and tcp, without brackets
    std::uint16_t port = 0;                ///< of http and tcp
    std::string authority{};               ///< of http: as it stood in the URL
    std::string target = "/";              ///< of http: path and query
    int status = 200;                      ///< of http: what is healthy
    std::optional<std::string> pattern{};  ///< of http: what the body must hold, see regex(7)
    std::string container{};
    int retries = 10;  ///< after the first try
    std::chrono::seconds interval{2};
    std::chrono::seconds deadline{60};  ///< for all of it
};
/// From parameters that fit the command's schema. The error is a sentence: what is missing, what
/// does not belong to this kind, an URL or a pattern that is none.
std::expected<HealthOrder, std::string> health_order_of(const boost::json::object& params);

/// What the host's owner allows; the error is a sentence that names the setting. `hosts` are names
/// or addresses, each maybe with a port: "localhost", "127.0.0.1:3000", "[::1]:80".
std::expected<void, std::string> check_health_hosts(const HealthOrder& order,
                                                    const std::vector<std::string>& hosts);

/// What one try came to.
struct HealthVerdict {
    bool healthy = false;
    std::string said;  ///< "HTTP 503, wanted 200"
};
HealthVerdict judge(const HealthOrder& order, const HttpReply& reply);
HealthVerdict judge(const ContainerState& state);

/// What is wrong with a pattern (protocol/text_pattern.hpp has the rules); nothing: it is right.
std::optional<std::string> wrong_pattern(const std::string& pattern);

}  // namespace cockpit::commands

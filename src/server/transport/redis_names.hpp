#pragma once
// The server's view of the names on the wire (docs/protocol.md).

#include <string>

#include "protocol/ids.hpp"

namespace cockpit::transport {

inline const std::string results_stream = "cockpit:results";
inline const std::string results_group = "servers";
inline const std::string heartbeats_channel = "cockpit:heartbeats";
inline const std::string ended_channel = "cockpit:ended";
inline const std::string rate_prefix = "cockpit:rate:";
inline const std::string registry_prefix = "agents:";
inline const std::string command_channel_prefix = "cockpit-agent:";
inline const std::string response_channel_prefix = "cockpit-agent-response:";
inline const std::string command_stream_prefix = "cockpit:commands:";

inline std::string command_channel(const protocol::AgentId& id) {
    return command_channel_prefix + id.text();
}
inline std::string command_stream(const protocol::AgentId& id) {
    return command_stream_prefix + id.text();
}

}  // namespace cockpit::transport

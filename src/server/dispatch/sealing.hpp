#pragma once
// Secrets leave the server's hands as soon as they are checked: what is written down and sent is
// sealed to the host.

#include <boost/json/object.hpp>
#include <expected>
#include <string>

#include "protocol/command_schema.hpp"
#include "protocol/ids.hpp"

namespace cockpit::dispatch {

/// The parameters with every secret of the schema sealed to `host_key` (base64; null: the host has
/// none). The error is a sentence for whoever sent the command.
std::expected<boost::json::object, std::string> seal_secrets(const protocol::CommandSchema& schema,
                                                             boost::json::object params,
                                                             const std::string* host_key,
                                                             const protocol::AgentId& agent,
                                                             const protocol::CommandId& command);

}  // namespace cockpit::dispatch

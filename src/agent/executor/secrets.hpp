#pragma once
// Opens what the server sealed to this host. Pure.

#include <boost/json/object.hpp>
#include <expected>
#include <string>

#include "crypto/keys.hpp"
#include "protocol/command_schema.hpp"
#include "protocol/ids.hpp"

namespace cockpit::executor {

/// Whose boxes are opened, and for which command.
struct SealOpener {
    const crypto::SigningKey* key;  ///< null: this host opens none
    const protocol::AgentId& agent;
    const protocol::CommandId& command;
};

/// The parameters with the secrets of the schema in the clear. `opener` null: the command came
/// unsigned, and a secret cannot come that way. The error is a sentence for whoever sent it.
std::expected<boost::json::object, std::string> open_secrets(const protocol::CommandSchema& schema,
                                                             boost::json::object params,
                                                             const SealOpener* opener);

}  // namespace cockpit::executor

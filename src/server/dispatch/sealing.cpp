#include "server/dispatch/sealing.hpp"

#include "crypto/keys.hpp"
#include "protocol/sealed_value.hpp"

namespace cockpit::dispatch {

std::expected<boost::json::object, std::string> seal_secrets(const protocol::CommandSchema& schema,
                                                             boost::json::object params,
                                                             const std::string* host_key,
                                                             const protocol::AgentId& agent,
                                                             const protocol::CommandId& command) {
    for (const auto& parameter : schema.parameters) {
        if (!parameter.secret) continue;
        auto* value = params.if_contains(parameter.name);
        if (value == nullptr) continue;
        const auto key =
            host_key != nullptr
                ? crypto::PublicKey::from_base64(*host_key)
                : std::unexpected(std::string("the host has no key of its own; join it "
                                              "with `cockpit-server join-token`"));
        if (!key) {
            return std::unexpected("parameter '" + parameter.name +
                                   "' is a secret and cannot be sealed to agent '" + agent.text() +
                                   "': " + key.error());
        }
        const auto box =
            key->seal(protocol::text_to_seal({agent, command, parameter.name}, value->as_string()));
        if (!box) {
            return std::unexpected("parameter '" + parameter.name +
                                   "' is a secret and cannot be sealed to agent '" + agent.text() +
                                   "': " + box.error());
        }
        *value = protocol::sealed_to_json(*box);
    }
    return params;
}

}  // namespace cockpit::dispatch

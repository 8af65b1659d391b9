#include "agent/executor/secrets.hpp"

#include <boost/json.hpp>

#include "protocol/sealed_value.hpp"

namespace cockpit::executor {

std::expected<boost::json::object, std::string> open_secrets(const protocol::CommandSchema& schema,
                                                             boost::json::object params,
                                                             const SealOpener* opener) {
    for (const auto& parameter : schema.parameters) {
        auto* value = parameter.secret ? params.if_contains(parameter.name) : nullptr;
        if (value == nullptr || value->is_null()) continue;
        const auto refuse = [&](std::string_view why) {
            return std::unexpected("parameter '" + parameter.name + "' of command '" + schema.name +
                                   "' is a secret: " + std::string(why));
        };
        if (opener == nullptr) return refuse("it can only come in a signed command");
        const auto box = protocol::box_from_json(*value);
        if (!box) {
            return refuse(
                "it must come sealed to this host's key, and came in the clear; send it "
                "again through a server that has this host's present list of commands");
        }
        const auto opened = opener->key != nullptr ? opener->key->open(*box) : std::nullopt;
        if (!opened) {
            return refuse("it was not sealed to this host's present key; send the command again");
        }
        auto text =
            protocol::value_from_seal({opener->agent, opener->command, parameter.name}, *opened);
        if (!text) return refuse("it was sealed for another command or parameter");
        *value = *std::move(text);
    }
    return params;
}

}  // namespace cockpit::executor

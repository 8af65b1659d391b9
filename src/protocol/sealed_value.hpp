#pragma once
// How a secret parameter travels: {"sealed": "<base64>"} stands in its place, a sealed box (crypto)
// to the host's key. Inside the box the value is bound to what it is for, so that a box taken from
// one command is worth nothing in another one, in another parameter or for another host. Every
// attempt of the command carries the same box.

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/ids.hpp"

namespace cockpit::protocol {

struct SealedFor {
    const AgentId& agent;
    const CommandId& command;
    std::string_view parameter;
};

/// What goes into the box: "cockpit/1 secret" NUL agent id NUL command id NUL parameter NUL value.
std::string text_to_seal(const SealedFor& purpose, std::string_view value);
/// The value in an opened box; nothing when it was made for something else.
std::optional<std::string> value_from_seal(const SealedFor& purpose, std::string_view opened);

boost::json::object sealed_to_json(std::string_view box);
/// The box; nothing for a value that is no sealed one.
std::optional<std::string> box_from_json(const boost::json::value& value);

}  // namespace cockpit::protocol

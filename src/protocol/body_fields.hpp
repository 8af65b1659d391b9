#pragma once
// Reads and begins the JSON of bodies. For the encoders and decoders of this folder.

#include <boost/json.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "protocol/decoded.hpp"
#include "protocol/ids.hpp"
#include "protocol/json_fields.hpp"

namespace cockpit::protocol {

/// What every body has: whom it is about.
class BodyFields : public JsonFields {
  public:
    using JsonFields::JsonFields;
    static constexpr std::int64_t most_bytes = (1LL << 53) - 1;

    AgentId agent() const {
        auto id = AgentId::parse(text("agent_id"));
        if (!id) throw std::invalid_argument(id.error());
        return *std::move(id);
    }
    AttemptId attempt() const {
        auto id = CommandId::parse(text("command_id"));
        if (!id) throw std::invalid_argument(id.error());
        const auto number = integer("attempt");
        if (number < 1 || number > 1'000'000) wrong("attempt", "a small positive integer");
        return {*std::move(id), static_cast<int>(number)};
    }
    /// A number of bytes: what every reader of JSON takes exactly, and no sum of a few overflows.
    std::int64_t byte_count(std::string_view name) const {
        const auto number = integer(name);
        if (number < 0 || number > most_bytes) {
            wrong(name, "an integer from 0 to " + std::to_string(most_bytes));
        }
        return number;
    }
};

/// Parses the text and reads its fields; `read` may throw as JsonFields does.
template <typename T, typename Read>
Decoded<T> decode_fields(std::string_view body, Read read) {
    boost::system::error_code failed;
    const auto parsed = boost::json::parse(body, failed);
    if (failed) return std::unexpected("the body is not JSON: " + failed.message());
    const auto* object = parsed.if_object();
    if (object == nullptr) return std::unexpected("the body is not a JSON object");
    try {
        return read(BodyFields(*object));
    } catch (const std::invalid_argument& sentence) {
        return std::unexpected(sentence.what());
    }
}

/// The object every body about an attempt begins with.
inline boost::json::object addressed(const AgentId& agent, const AttemptId& attempt) {
    return {{"agent_id", agent.text()},
            {"command_id", attempt.command.text()},
            {"attempt", attempt.attempt}};
}

}  // namespace cockpit::protocol

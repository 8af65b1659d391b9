#pragma once
// The messages of the original Python system, as it put them on `cockpit-agent:{id}` and
// `cockpit-agent-response:{id}`: plain JSON, unsigned. Used only in compatibility mode.

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/command_state.hpp"
#include "protocol/ids.hpp"

namespace cockpit::protocol::original {

struct Command {
    std::string command_id;  ///< any text of 1 to 64 characters: other programs make these
    std::string command;
    boost::json::object params;
    std::int64_t timestamp_s = 0;
    std::string sender;
};
std::string encode(const Command& message);
std::expected<Command, std::string> decode_command(std::string_view message);

struct Response {
    std::string command_id;
    std::string status;  ///< success, error or timeout
    std::string output;
    std::optional<std::string> error;
    std::int64_t execution_time_ms = 0;
    std::int64_t timestamp_s = 0;
};
std::string encode(const Response& message);
std::expected<Response, std::string> decode_response(std::string_view message);

/// The original's word for one of our final states: success, timeout, or error for all others.
std::string_view status_word(CommandState state);

}  // namespace cockpit::protocol::original

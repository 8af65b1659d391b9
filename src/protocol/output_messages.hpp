#pragma once
// The bodies of entries about what a command wrote (docs/protocol.md: output). Same rules as
// messages.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/decoded.hpp"
#include "protocol/ids.hpp"

namespace cockpit::protocol {

/// How many bytes one Output carries at most.
inline constexpr std::int64_t max_output_bytes = 64 * 1024;

/// Agent to server: a piece of what a command wrote (standard output and error in their order,
/// bytes numbered from 0). Sent again until an Ack with output_next covers it; or the answer to a
/// Fetch, which nobody acknowledges.
struct Output {
    AgentId agent;
    AttemptId attempt;
    std::int64_t offset = 0;  ///< of the first byte of `data`
    std::string data;         ///< base64
    /// So many bytes directly before `offset` are left out: they will not be sent, and may be
    /// fetched while the host keeps them.
    std::int64_t missing_before = 0;
    std::int64_t at_ms = 0;
    std::optional<std::string> fetch_id;  ///< set: the answer to that Fetch
    std::optional<std::string> problem;  ///< only with fetch_id: why there are no bytes, a sentence
};
std::string encode(const Output& body);
Decoded<Output> decode_output(std::string_view body);

/// Server to agent: bytes of what a command wrote, from the host's spool. Answered by an Output
/// with this fetch_id, published on redis_names' channel of fetched output; asked again when none
/// comes.
struct Fetch {
    AgentId agent;
    AttemptId attempt;
    std::string fetch_id;     ///< made up by the server that asks: 1 to 64 characters
    std::int64_t offset = 0;  ///< of the first byte wanted
    std::int64_t length = 0;  ///< at most max_output_bytes
    std::int64_t issued_at_ms = 0;
    std::int64_t expires_at_ms = 0;
};
std::string encode(const Fetch& body);
Decoded<Fetch> decode_fetch(std::string_view body);

}  // namespace cockpit::protocol

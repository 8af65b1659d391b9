#pragma once
// The bodies of signed entries (docs/protocol.md has each field). Each is a plain value with
// encode() to JSON text and a decode_… that refuses what is missing or of the wrong type with a
// sentence. Times are milliseconds since the Unix epoch by the sender's clock. Those about a
// command's output are in output_messages.hpp.

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/command_schema.hpp"
#include "protocol/command_state.hpp"
#include "protocol/decoded.hpp"
#include "protocol/ids.hpp"
#include "protocol/output_messages.hpp"

namespace cockpit::protocol {

/// Server to agent: run this attempt, if you can start it before expires_at_ms.
struct Run {
    AgentId agent;
    AttemptId attempt;
    std::string command;
    boost::json::object params;
    std::int64_t issued_at_ms = 0;
    std::int64_t expires_at_ms = 0;
    std::optional<std::int64_t> timeout_ms;  ///< at most the host's own limit
    std::string sender;
};
std::string encode(const Run& body);
Decoded<Run> decode_run(std::string_view body);

/// Server to agent: stop this attempt.
struct Cancel {
    AgentId agent;
    AttemptId attempt;
    std::int64_t issued_at_ms = 0;
    std::int64_t expires_at_ms = 0;
};
std::string encode(const Cancel& body);
Decoded<Cancel> decode_cancel(std::string_view body);

/// Server to agent: your news is committed (attempt set; with output_next: your output up to
/// there), or the answer to your hello (attempt unset).
struct Ack {
    AgentId agent;
    std::optional<AttemptId> attempt;
    bool accepted = true;  ///< false: the hello was refused, and detail says why
    std::string detail;
    std::int64_t issued_at_ms = 0;
    /// With an attempt: all of its output before this offset is committed or given up; go on from
    /// there. It says nothing of the result.
    std::optional<std::int64_t> output_next;
};
std::string encode(const Ack& body);
Decoded<Ack> decode_ack(std::string_view body);

/// Proof that the sender of a hello holds a join token, bound to its id and key: HMAC-SHA256 under
/// the token's hash, so that reading the wire gives nobody the token.
struct JoinProof {
    std::string token_id;
    std::string mac;  ///< base64
};

/// Agent to server: who I am and how I do. Sent at connect and as the heartbeat, always signed with
/// the key it carries.
struct Hello {
    AgentId agent;
    std::string public_key;  ///< base64
    std::string hostname;
    std::string version;
    std::vector<CommandSchema> commands;
    std::map<std::string, std::string> labels;
    std::string os;
    std::string arch;
    std::int64_t started_at_ms = 0;
    std::int64_t at_ms = 0;  ///< grows with every hello: an older one is a replay
    std::int64_t heartbeat_s = 30;
    std::int64_t commands_executed = 0;
    std::int64_t running = 0;
    bool leaving = false;  ///< the agent is shutting down in good order
    std::optional<JoinProof> join;
};
std::string encode(const Hello& body);
Decoded<Hello> decode_hello(std::string_view body);

/// Agent to server: the host has it and will run it.
struct Received {
    AgentId agent;
    AttemptId attempt;
    std::int64_t at_ms = 0;
};
std::string encode(const Received& body);
Decoded<Received> decode_received(std::string_view body);

/// Agent to server: it runs.
struct Started {
    AgentId agent;
    AttemptId attempt;
    std::int64_t at_ms = 0;
};
std::string encode(const Started& body);
Decoded<Started> decode_started(std::string_view body);

/// Agent to server: how it ended. Sent again until acknowledged.
struct Finished {
    AgentId agent;
    AttemptId attempt;
    CommandState state = CommandState::success;  ///< a final state
    std::string output;                          ///< UTF-8
    std::optional<std::string> error;            ///< for a person; absent when it went well
    std::int64_t execution_time_ms = 0;
    std::optional<int> exit_code;
    std::int64_t at_ms = 0;
    std::optional<int> signal;                      ///< the number of the signal that ended it
    std::optional<std::int64_t> cpu_ms;             ///< processor time of all its processes
    std::optional<std::int64_t> peak_memory_bytes;  ///< where the host can tell
    std::string containment;  ///< what held its processes: cgroup, process_group, or empty: none
    std::optional<std::int64_t> output_bytes;  ///< how many bytes it wrote in all
    std::string output_sha256;  ///< of all these bytes, 64 lower-case hex digits; or empty: unknown
};
std::string encode(const Finished& body);
Decoded<Finished> decode_finished(std::string_view body);

/// Agent to server: it did not and will not run, and why.
struct Refused {
    /// What the refusal means for the command's state.
    enum class Cause {
        policy,        ///< the host will not: command, parameters, its owner's rules, its limits
        expired,       ///< it waited for its turn on the host until its expiry
        arrived_late,  ///< it came after its expiry, and the host does not know it
    };
    AgentId agent;
    AttemptId attempt;
    std::string reason;
    std::int64_t at_ms = 0;
    Cause cause = Cause::policy;
};
std::string encode(const Refused& body);
Decoded<Refused> decode_refused(std::string_view body);

/// The bytes under JoinProof's MAC.
std::string join_proof_input(const AgentId& agent, std::string_view public_key);

}  // namespace cockpit::protocol

#pragma once
// What the readers of a command's output need, and what is known of one attempt's output.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "runtime/await_callback.hpp"
#include "runtime/clock.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/dispatch/command_store.hpp"
#include "server/dispatch/output_log.hpp"
#include "server/dispatch/output_store.hpp"

namespace cockpit::api {

/// All must outlive whoever holds it.
struct OutputPorts {
    dispatch::CommandStore& commands;
    dispatch::OutputStore& store;
    dispatch::OutputLog& log;
    const dispatch::AgentDirectory& directory;
    const runtime::Clock& clock;
};

/// One attempt of a command, as far as its output goes.
struct OutputFacts {
    protocol::AttemptId attempt;
    std::string agent_id;
    protocol::CommandState state;
    std::optional<std::string> text;           ///< the row's, whole or with a mark in it
    std::optional<std::int64_t> total;         ///< bytes written in all; once it has ended
    std::optional<std::string> sha256;         ///< of all of them
    std::optional<std::int64_t> completed_ms;  ///< when it ended

    bool ended() const { return protocol::is_final(state); }
    /// Whether the row's text is all that was written, so that no pieces will come. A host of the
    /// original, or one from before, tells no total: its text is all there is.
    bool text_is_whole() const;
    /// Whether that is certain, by its digest. Then pieces do not matter: a host whose result holds
    /// all sends no more of them, though it may have begun to in an earlier life.
    bool text_is_proven() const { return total && text_is_whole(); }
};

/// "\n[... N bytes are missing here ...]\n"
std::string missing_mark(std::int64_t bytes);

/// Facts of the current attempt, or of an earlier one. Nothing: there is no such command or
/// attempt. The error is the store's.
using FoundOutput = dispatch::StoreResult<std::optional<OutputFacts>>;
boost::asio::awaitable<FoundOutput> find_output(const OutputPorts& ports,
                                                const protocol::CommandId& id,
                                                std::optional<int> attempt);

inline boost::asio::awaitable<dispatch::StoreResult<dispatch::OutputRead>> read_output(
    const OutputPorts& ports, const protocol::AttemptId& attempt, std::int64_t from,
    int max_pieces) {
    return runtime::await_callback<dispatch::StoreResult<dispatch::OutputRead>>(
        [&ports, attempt, from, max_pieces](auto done) {
            ports.store.read_output(attempt, from, max_pieces, std::move(done));
        });
}

}  // namespace cockpit::api

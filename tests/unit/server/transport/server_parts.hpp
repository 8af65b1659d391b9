#pragma once
// The parts around the server's transport: real rules over fake stores, and hosts with real keys.

#include <boost/asio/io_context.hpp>

#include "crypto/keys.hpp"
#include "fakes/memory_agent_store.hpp"
#include "fakes/memory_command_store.hpp"
#include "fakes/memory_output_store.hpp"
#include "protocol/envelope.hpp"
#include "protocol/messages.hpp"
#include "runtime/clock.hpp"
#include "server/dispatch/admission.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/dispatch/output_log.hpp"

namespace cockpit::transport {

/// A host that signs what it says.
struct Host {
    protocol::AgentId id;
    crypto::SigningKey key = crypto::SigningKey::generate();

    explicit Host(std::string_view name) : id(*protocol::AgentId::parse(name)) {}

    template <typename Body>
    protocol::Entry say(protocol::EntryKind kind, const Body& body) const {
        auto text = encode(body);
        auto signature = key.sign(protocol::signing_input(kind, text));
        return {kind, key.public_key().id(), std::move(text), std::move(signature)};
    }
    protocol::Hello hello(std::int64_t at_ms) const {
        return {.agent = id,
                .public_key = key.public_key().to_base64(),
                .hostname = id.text(),
                .version = "1.2.3",
                .commands = protocol::original_commands(),
                .at_ms = at_ms};
    }
    protocol::Finished finished(const dispatch::CommandRecord& record) const {
        return {.agent = id,
                .attempt = {*protocol::CommandId::parse(record.command_id), record.attempt},
                .state = protocol::CommandState::success,
                .output = "done"};
    }
};

inline dispatch::CommandRecord pending_row(const Host& host, unsigned char number) {
    const unsigned char bytes[16] = {number};
    return {.id = number,
            .agent_id = host.id.text(),
            .command_id = protocol::CommandId::from_random_bytes(bytes).text(),
            .command = "echo",
            .params = "{}",
            .expires_at_ms = 1};
}

}  // namespace cockpit::transport

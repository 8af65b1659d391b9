#pragma once

#include <boost/asio/io_context.hpp>

#include "protocol/messages.hpp"

namespace cockpit::dispatch {

inline protocol::AgentId agent_named(std::string_view name) {
    return *protocol::AgentId::parse(name);
}

/// A hello of a host with the original's three commands.
inline protocol::Hello hello_from(std::string_view name, std::int64_t at_ms,
                                  std::string public_key = "key-1") {
    return {.agent = agent_named(name),
            .public_key = std::move(public_key),
            .hostname = std::string(name),
            .version = "1.2.3",
            .commands = protocol::original_commands(),
            .os = "linux",
            .arch = "x86_64",
            .started_at_ms = at_ms,
            .at_ms = at_ms,
            .heartbeat_s = 30};
}

/// Where the fakes' answers wait until the test delivers them, as real ones come in a later turn.
struct Turns {
    boost::asio::io_context io;
    void deliver() {
        io.restart();
        io.run();
    }
};

}  // namespace cockpit::dispatch

#pragma once
// The two questions before anything runs: does this entry come from our server, and would this
// host's owner let the command run. Pure.

#include <boost/json/object.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "agent/executor/command_handler.hpp"
#include "agent/executor/secrets.hpp"
#include "crypto/keys.hpp"
#include "protocol/envelope.hpp"
#include "protocol/messages.hpp"

namespace cockpit::executor {

/// Bodies larger than this are not even parsed.
inline constexpr std::size_t max_body_bytes = 1 << 20;

/// The error is a sentence for the host's log: too large, signed by an unknown key, signature
/// wrong.
std::expected<void, std::string> verify(const protocol::Entry& entry,
                                        const std::vector<crypto::PublicKey>& server_keys);

struct Admitted {
    CommandHandler* handler;
    boost::json::object params;  ///< with defaults filled in and secrets in the clear
};
/// Secrets are opened first (see open_secrets), then everything is checked. The error is a sentence
/// for whoever sent the command.
std::expected<Admitted, std::string> admit(const CommandHandlers& handlers,
                                           std::string_view command,
                                           const boost::json::object& params,
                                           const SealOpener* opener);

/// "1.5 s", "12 min", "3 h", "8 days": for sentences.
std::string duration_text(std::int64_t milliseconds);

/// How long it may run: the smaller of the host's limit and the sender's.
std::int64_t time_limit(const protocol::Run& run, const CommandHandler& handler);

}  // namespace cockpit::executor

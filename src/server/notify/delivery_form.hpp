#pragma once
// What a receiver gets: body, headers and signature of each kind of target. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "server/notify/sender.hpp"
#include "server/notify/target.hpp"

namespace cockpit::notify {

/// One delivery in clear.
struct Message {
    std::string delivery_id;  ///< a UUID, the same for each attempt
    std::string event;        ///< the event's kind
    std::string body;         ///< the event's JSON (to_body)
};

/// Where it goes, in clear.
struct Destination {
    TargetKind kind = TargetKind::webhook;
    std::string url;
    std::string secret;
    std::vector<std::string> addresses;
    std::string mail_from;
};

/// "sha256=" and the hexadecimal HMAC-SHA256 of `timestamp`, a dot and the body. The time is
/// signed, so that a receiver can refuse what was recorded and is played again.
std::string signature_of(std::string_view secret, std::string_view timestamp,
                         std::string_view body);

Outgoing compose(const Message& message, const Destination& destination, std::int64_t now_ms);

}  // namespace cockpit::notify

#pragma once
// A signed entry as it travels: in a stream as fields, on a channel as JSON (docs/protocol.md).
//
//   t  the kind          k  id of the signing key          b  the body, JSON          s  signature,
//   base64
//
// The signature (Ed25519) covers signing_input(kind, body): a domain tag, the kind, and the exact
// bytes of the body, so that an entry of one kind can never pass for another. Nothing here
// verifies; an Entry from the wire is a claim until crypto has checked it.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cockpit::protocol {

enum class EntryKind {
    run,
    cancel,
    ack,
    fetch,
    hello,
    received,
    started,
    output,
    finished,
    refused
};

std::string_view to_text(EntryKind kind);
std::optional<EntryKind> parse_entry_kind(std::string_view text);

struct Entry {
    EntryKind kind;
    std::string key_id;
    std::string body;
    std::string signature;  ///< base64
};

/// The bytes that are signed: "cockpit/1" NUL kind NUL body.
std::string signing_input(EntryKind kind, std::string_view body);

/// Field names and values in the order of XADD's arguments.
std::vector<std::string> to_stream_fields(const Entry& entry);
std::expected<Entry, std::string> entry_from_stream_fields(
    const std::vector<std::pair<std::string, std::string>>& fields);

std::string to_channel_message(const Entry& entry);
/// Tells our entries from the original's JSON by the presence of "b" and "s".
std::expected<Entry, std::string> entry_from_channel_message(std::string_view message);

}  // namespace cockpit::protocol

#pragma once
// A subscription: who is told, how, and of what. Pure.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/notify/event.hpp"

namespace cockpit::notify {

enum class TargetKind {
    webhook,  ///< the event's JSON, signed
    slack,    ///< {"text": …}, as Slack, Mattermost and Rocket.Chat take it
    email,
};
std::string_view to_text(TargetKind kind);
std::optional<TargetKind> parse_target_kind(std::string_view text);

/// One row of cockpit_notification_targets. URL and secret are sealed: chat services give URLs
/// that are a secret.
struct TargetRecord {
    std::string name;  ///< unique; never changes
    TargetKind kind = TargetKind::webhook;
    std::optional<std::string> sealed_url;
    std::optional<std::string> sealed_secret;
    std::vector<std::string> addresses;  ///< of e-mail
    std::vector<std::string> events;     ///< kind, kind:outcome, or *
    std::vector<std::string> agents;     ///< ids, * stands for any text; empty: all
    bool enabled = true;
    std::string created_by;
    std::int64_t created_at_ms = 0;
    std::int64_t changed_at_ms = 0;  ///< events from before are not looked up for it
};

/// Whether the target chose this event. A filter of hosts lets no event through that has none.
bool wants(const TargetRecord& target, const Event& event);
/// `pattern` with * for any text, the empty one included.
bool matches_pattern(std::string_view pattern, std::string_view text);

/// Each is nothing, or a sentence that says what is wrong and what would be right.
std::optional<std::string> wrong_name(std::string_view name);
std::optional<std::string> wrong_events(const std::vector<std::string>& events);
std::optional<std::string> wrong_url(std::string_view url);
std::optional<std::string> wrong_addresses(const std::vector<std::string>& addresses);
std::optional<std::string> wrong_secret(std::string_view secret);

/// The URL as it may be shown: scheme and host, and the path of a webhook; never its query.
std::string shown_url(TargetKind kind, std::string_view url);
/// The host of a URL, without brackets and port; empty for what is no URL.
std::string host_of(std::string_view url);

}  // namespace cockpit::notify

#include "config/notify_settings.hpp"

#include <algorithm>

namespace cockpit::config {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

// The sentences do not repeat the URL: it may hold a password.
void read_smtp(Reader& reader, NotifySettings& settings) {
    settings.smtp_url = reader.text("NOTIFY_SMTP_URL", "");
    settings.smtp_user = reader.text("NOTIFY_SMTP_USER", "");
    settings.smtp_password = reader.text("NOTIFY_SMTP_PASSWORD", "");
    settings.smtp_from = reader.text("NOTIFY_SMTP_FROM", "");
    settings.smtp_require_tls = reader.boolean("NOTIFY_SMTP_REQUIRE_TLS", true);
    const bool known =
        settings.smtp_url.starts_with("smtp://") || settings.smtp_url.starts_with("smtps://");
    if (!settings.smtp_url.empty() && !known) {
        reader.refuse("NOTIFY_SMTP_URL", "write smtp://host:port or smtps://host:port");
    }
    if (settings.smtp_url.contains('@')) {
        reader.refuse("NOTIFY_SMTP_URL",
                      "must hold no user; set NOTIFY_SMTP_USER and NOTIFY_SMTP_PASSWORD");
    }
    const auto& from = settings.smtp_from;
    const bool address = std::ranges::count(from, '@') == 1 && from.front() != '@' &&
                         from.back() != '@' && std::ranges::all_of(from, [](char c) {
                             return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"';
                         });
    if (!settings.smtp_url.empty() && !address) {
        reader.refuse("NOTIFY_SMTP_FROM",
                      "must be the sender's address, such as cockpit@example.org");
    }
    if (settings.smtp_user.empty() != settings.smtp_password.empty()) {
        reader.refuse("NOTIFY_SMTP_USER", "and NOTIFY_SMTP_PASSWORD are set both or not at all");
    }
}

}  // namespace

NotifySettings read_notify_settings(Reader& reader) {
    NotifySettings settings;
    settings.first_retry_ms = reader.integer("NOTIFY_FIRST_RETRY_MS", 10'000, 10, day_ms);
    settings.longest_retry_ms = reader.integer("NOTIFY_LONGEST_RETRY_MS", 3'600'000, 10, day_ms);
    settings.give_up_ms = reader.integer("NOTIFY_GIVE_UP_MS", day_ms, 0, 30 * day_ms);
    settings.timeout_ms = reader.integer("NOTIFY_TIMEOUT_MS", 10'000, 100, 20'000);
    settings.at_once = static_cast<int>(reader.integer("NOTIFY_AT_ONCE", 8, 1, 64));
    settings.host_stable_ms = reader.integer("NOTIFY_HOST_STABLE_MS", 30'000, 0, 3'600'000);
    settings.allow_local = reader.boolean("NOTIFY_ALLOW_LOCAL", false);
    settings.allow_hosts = reader.list("NOTIFY_ALLOW_HOSTS");
    read_smtp(reader, settings);
    return settings;
}

}  // namespace cockpit::config

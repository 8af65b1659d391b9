#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/reader.hpp"

namespace cockpit::config {

/// How the server tells others what happened. Times in milliseconds.
struct NotifySettings {
    std::int64_t first_retry_ms = 10'000;       ///< NOTIFY_FIRST_RETRY_MS
    std::int64_t longest_retry_ms = 3'600'000;  ///< NOTIFY_LONGEST_RETRY_MS
    std::int64_t give_up_ms = 86'400'000;       ///< NOTIFY_GIVE_UP_MS
    std::int64_t timeout_ms = 10'000;           ///< NOTIFY_TIMEOUT_MS, of one attempt
    int at_once = 8;                            ///< NOTIFY_AT_ONCE
    std::int64_t host_stable_ms = 30'000;       ///< NOTIFY_HOST_STABLE_MS
    bool allow_local = false;                   ///< NOTIFY_ALLOW_LOCAL
    std::vector<std::string> allow_hosts;       ///< NOTIFY_ALLOW_HOSTS
    std::string smtp_url;                       ///< NOTIFY_SMTP_URL; empty: no e-mail
    std::string smtp_user;                      ///< NOTIFY_SMTP_USER
    std::string smtp_password;                  ///< NOTIFY_SMTP_PASSWORD
    std::string smtp_from;                      ///< NOTIFY_SMTP_FROM
    bool smtp_require_tls = true;               ///< NOTIFY_SMTP_REQUIRE_TLS
};

/// Reads NOTIFY_…; what is wrong is recorded in the reader.
NotifySettings read_notify_settings(Reader& reader);

}  // namespace cockpit::config

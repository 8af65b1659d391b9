#pragma once
// Times as text that outside programs read. Pure.

#include <cstdint>
#include <string>

namespace cockpit::notify {

/// ISO 8601 in UTC with milliseconds: 2026-11-24T10:00:00.000Z.
std::string iso_time(std::int64_t unix_ms);
/// RFC 5322, section 3.3, in UTC: Tue, 24 Nov 2026 10:00:00 +0000.
std::string mail_time(std::int64_t unix_ms);

}  // namespace cockpit::notify

#include "server/schedules/zone.hpp"

#include <date/tz.h>

#include <algorithm>
#include <exception>

namespace cockpit::schedules {

std::expected<Zone, std::string> Zone::find(std::string_view name) {
    const auto unknown = [&] {
        return std::unexpected(
            "there is no time zone '" + std::string(name.substr(0, 64)) +
            "'; write a name of the IANA database, such as Europe/Berlin or UTC");
    };
    // The library opens a file of this name on some systems.
    const bool sane = !name.empty() && name.size() <= 64 && name.front() != '/' &&
                      !name.contains("..") && std::ranges::all_of(name, [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' ||
                                 c == '+';
                      });
    if (!sane) return unknown();
    try {
        date::get_tzdb();
    } catch (const std::exception& error) {
        return std::unexpected(std::string("the system's database of time zones cannot be read: ") +
                               error.what() + "; install tzdata");
    }
    try {
        const auto* zone = date::locate_zone(name);
        // Reads the zone's file now, so that span_at() cannot fail.
        zone->get_info(date::sys_seconds(std::chrono::seconds(0)));
        return Zone(std::string(name), zone);
    } catch (const std::exception&) {
        return unknown();
    }
}

Zone::Span Zone::span_at(std::int64_t unix_s) const {
    const auto info = static_cast<const date::time_zone*>(zone_)->get_info(
        date::sys_seconds(std::chrono::seconds(unix_s)));
    return {info.begin.time_since_epoch().count(), info.end.time_since_epoch().count(),
            info.offset.count()};
}

}  // namespace cockpit::schedules

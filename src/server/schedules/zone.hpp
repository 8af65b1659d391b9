#pragma once
// Time zones by their IANA name (Europe/Berlin), from the system's database (/usr/share/zoneinfo,
// package tzdata), which is read once and kept. Any thread.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace cockpit::schedules {

/// A handle; copies are cheap.
class Zone {
  public:
    /// The error is a sentence: there is no such zone, or the system has no database of zones.
    static std::expected<Zone, std::string> find(std::string_view name);

    /// A time in which the clock of the place was not changed: [begin, end) in seconds since the
    /// Unix epoch. The clock there shows that plus `offset_s`.
    struct Span {
        std::int64_t begin_s;
        std::int64_t end_s;
        std::int64_t offset_s;
    };
    Span span_at(std::int64_t unix_s) const;

    const std::string& name() const { return name_; }

  private:
    Zone(std::string name, const void* zone) : name_(std::move(name)), zone_(zone) {}
    std::string name_;
    const void* zone_;  ///< date::time_zone, which this header need not know; lives for ever
};

}  // namespace cockpit::schedules

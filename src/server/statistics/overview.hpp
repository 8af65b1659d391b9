#pragma once
// What an operator reads at a glance, out of the tallies. Pure.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/statistics/statistics_store.hpp"

namespace cockpit::statistics {

/// Durations are counted in classes, each at most half as wide as its least duration: 0, 1, … 9,
/// 10 to 14, 15 to 19, … 95 to 99, 100 to 149, … The largest has no end. All in milliseconds.
inline constexpr std::int64_t last_class_ms = 10'000'000;
/// One past the largest duration of the class that begins with this one.
std::int64_t end_of_class(std::int64_t least_ms);

/// Those by the minute are kept for two days, those by the hour for 35.
Retention retention_at(std::int64_t now_ms);

struct Window {
    std::int64_t from_minute = 0;
    std::int64_t until_minute = 0;  ///< the one that is running
    Step step = Step::minute;
};
/// The last so many minutes: by the minute up to two hours, else by the hour.
Window window_of(std::int64_t minutes, std::int64_t now_ms);

/// In milliseconds; nothing where no command ran. Within a class durations count as evenly spread.
struct Percentiles {
    std::optional<double> p50;
    std::optional<double> p95;
    std::optional<double> p99;
};

struct Counted {
    std::int64_t ended = 0;
    /// error, timeout, cancel_failed, interrupted, expired, refused
    std::int64_t failed = 0;
    Percentiles durations;

    double error_rate() const;  ///< 0 to 1
};

struct Point {
    std::int64_t minute = 0;
    Counted counted;
};
struct OfCommand {
    std::string command;
    Counted counted;
};

struct Overview {
    Window window;
    Counted all;
    std::vector<Point> points;       ///< each step of the window, those without commands, too
    std::vector<OfCommand> slowest;  ///< by p95, the slowest first
    std::vector<OfCommand> failing;  ///< by how many failed; only such that did
};

Overview overview_of(std::span<const Tally> tallies, const Window& window);

}  // namespace cockpit::statistics

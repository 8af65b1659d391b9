#include "server/statistics/overview.hpp"

#include <algorithm>
#include <map>

namespace cockpit::statistics {
namespace {

using protocol::CommandState;

constexpr std::size_t longest_list = 5;

// Somebody who cancels got what was asked for.
bool is_failure(CommandState state) {
    return state != CommandState::success && state != CommandState::cancelled;
}

class Sum {
  public:
    void add(const Tally& tally) {
        ended_ += tally.total;
        if (is_failure(tally.state)) failed_ += tally.total;
        if (tally.duration_ms) durations_[*tally.duration_ms] += tally.total;
    }
    Counted counted() const {
        return {.ended = ended_,
                .failed = failed_,
                .durations = {percentile(0.5), percentile(0.95), percentile(0.99)}};
    }

  private:
    std::optional<double> percentile(double share) const {
        std::int64_t all = 0;
        for (const auto& [least, total] : durations_)
            all += total;
        if (all == 0) return std::nullopt;
        const double wanted = share * static_cast<double>(all);
        double before = 0;
        for (const auto& [least, total] : durations_) {
            const auto here = static_cast<double>(total);
            if (before + here >= wanted) {
                const auto width = static_cast<double>(end_of_class(least) - least);
                return static_cast<double>(least) + width * (wanted - before) / here;
            }
            before += here;
        }
        return static_cast<double>(durations_.rbegin()->first);
    }

    std::int64_t ended_ = 0;
    std::int64_t failed_ = 0;
    std::map<std::int64_t, std::int64_t> durations_;
};

// Equal ones by name, so that a list does not change where nothing did.
template <typename Weight>
std::vector<OfCommand> largest_by(std::vector<OfCommand> list, Weight weight) {
    std::ranges::sort(list, [&](const OfCommand& a, const OfCommand& b) {
        const auto of_a = weight(a.counted);
        const auto of_b = weight(b.counted);
        return of_a == of_b ? a.command < b.command : of_a > of_b;
    });
    if (list.size() > longest_list) list.resize(longest_list);
    return list;
}

}  // namespace

std::int64_t end_of_class(std::int64_t least_ms) {
    if (least_ms >= last_class_ms) return last_class_ms;
    std::int64_t width = 1;
    for (std::int64_t decade = 10; decade <= least_ms; decade *= 10)
        width = decade / 2;
    return least_ms + width;
}

Retention retention_at(std::int64_t now_ms) {
    constexpr std::int64_t day = 1440;
    const auto now = now_ms / 60'000;
    return {.minutes = now - 2 * day, .hours = now - 35 * day};
}

Window window_of(std::int64_t minutes, std::int64_t now_ms) {
    const auto step = minutes <= 120 ? Step::minute : Step::hour;
    const auto now = now_ms / 60'000;
    const auto from = now - minutes + 1;
    return {.from_minute = from - from % minutes_of(step), .until_minute = now, .step = step};
}

double Counted::error_rate() const {
    return ended == 0 ? 0 : static_cast<double>(failed) / static_cast<double>(ended);
}

Overview overview_of(std::span<const Tally> tallies, const Window& window) {
    Sum all;
    std::map<std::int64_t, Sum> steps;
    std::map<std::string, Sum> commands;
    for (auto at = window.from_minute; at <= window.until_minute; at += minutes_of(window.step))
        steps[at];
    for (const auto& tally : tallies) {
        const auto step = steps.find(tally.minute);
        if (step == steps.end()) continue;
        step->second.add(tally);
        commands[tally.command].add(tally);
        all.add(tally);
    }

    Overview overview{.window = window, .all = all.counted()};
    for (const auto& [minute, sum] : steps)
        overview.points.push_back({minute, sum.counted()});
    std::vector<OfCommand> list;
    for (const auto& [command, sum] : commands)
        list.push_back({command, sum.counted()});
    overview.slowest =
        largest_by(list, [](const Counted& counted) { return counted.durations.p95.value_or(-1); });
    std::erase_if(overview.slowest,
                  [](const OfCommand& one) { return !one.counted.durations.p95; });
    std::erase_if(list, [](const OfCommand& one) { return one.counted.failed == 0; });
    overview.failing =
        largest_by(std::move(list), [](const Counted& counted) { return counted.failed; });
    return overview;
}

}  // namespace cockpit::statistics

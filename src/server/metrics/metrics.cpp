#include "server/metrics/metrics.hpp"

#include <algorithm>

namespace cockpit::metrics {
namespace {

double seconds_of(std::int64_t milliseconds) {
    return static_cast<double>(milliseconds) / 1000;
}

}  // namespace

void Metrics::on_end(const dispatch::CommandRecord& record) {
    auto& ended = ended_[{record.command, record.state}];
    ++ended.count;
    if (record.execution_time_ms) ended.seconds.observe(seconds_of(*record.execution_time_ms));
    // A later attempt waited for the earlier ones, not for the host; and clocks of hosts differ.
    if (record.started_at_ms && record.attempt == 1)
        waited_.observe(
            seconds_of(std::max<std::int64_t>(0, *record.started_at_ms - record.sent_at_ms)));
}

void Metrics::on_request(int status, double seconds) {
    ++requests_[status];
    request_seconds_.observe(seconds);
}

void Metrics::on_lag(double seconds) {
    lag_.observe(std::max(0.0, seconds));
}

}  // namespace cockpit::metrics

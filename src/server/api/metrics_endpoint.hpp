#pragma once
// What Prometheus reads.

#include <functional>
#include <optional>

#include "runtime/clock.hpp"
#include "server/api/api.hpp"
#include "server/api/open_counts.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/metrics/report.hpp"

namespace cockpit::api {

/// What only the composition root can ask.
struct MetricsPorts {
    metrics::Metrics& counted;
    std::function<metrics::WriteFigures()> writes;
    /// Nothing when Redis does not answer.
    std::function<boost::asio::awaitable<std::optional<metrics::RedisFigures>>()> redis;
};

class MetricsEndpoint {
  public:
    /// All must outlive this object.
    MetricsEndpoint(MetricsPorts ports, statistics::StatisticsStore& store,
                    const dispatch::Dispatcher& dispatcher,
                    const dispatch::AgentDirectory& directory, OpenCounts& open,
                    const runtime::Clock& clock)
        : ports_(std::move(ports)),
          store_(store),
          dispatcher_(dispatcher),
          directory_(directory),
          open_(open),
          clock_(clock) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    boost::asio::awaitable<http::Response> report();
    boost::asio::awaitable<std::optional<metrics::DatabaseFigures>> database();
    boost::asio::awaitable<std::optional<metrics::RedisFigures>> redis();

    MetricsPorts ports_;
    statistics::StatisticsStore& store_;
    const dispatch::Dispatcher& dispatcher_;
    const dispatch::AgentDirectory& directory_;
    OpenCounts& open_;
    const runtime::Clock& clock_;
};

}  // namespace cockpit::api

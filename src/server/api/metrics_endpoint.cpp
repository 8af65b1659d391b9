#include "server/api/metrics_endpoint.hpp"

#include "runtime/await_callback.hpp"
#include "runtime/with_deadline.hpp"
#include "server/metrics/exposition.hpp"

namespace cockpit::api {
namespace asio = boost::asio;
namespace {

// A scrape must end before Prometheus gives up on it (10 s by default): what does not answer by
// then counts as down.
constexpr std::chrono::seconds patience(2);

std::map<std::string, std::int64_t> by_state(const boost::json::object& open) {
    std::map<std::string, std::int64_t> counts;
    for (const auto& [state, count] : totals_of(open))
        counts.emplace(state, count.as_int64());
    return counts;
}

}  // namespace

void MetricsEndpoint::add_to(Api& api) {
    api.add({.method = "GET",
             .pattern = "/metrics",
             .summary = "What Prometheus reads, in its text format 0.0.4",
             .permission = "metrics:read",
             .responses = {{200, "the metrics"}},
             .handle = [this](Call) { return report(); }});
}

asio::awaitable<std::optional<metrics::DatabaseFigures>> MetricsEndpoint::database() {
    using Size = dispatch::StoreResult<statistics::DatabaseSize>;
    const auto began = clock_.steady_ms();
    const auto size =
        co_await runtime::with_deadline(std::chrono::steady_clock::now() + patience,
                                        runtime::await_callback<Size>([this](auto done) {
                                            store_.database_size(std::move(done));
                                        }));
    if (!size || !*size) co_return std::nullopt;
    co_return metrics::DatabaseFigures{
        .seconds = static_cast<double>(clock_.steady_ms() - began) / 1000,
        .bytes = (*size)->bytes,
        .history = (*size)->history};
}

asio::awaitable<std::optional<metrics::RedisFigures>> MetricsEndpoint::redis() {
    auto figures = co_await runtime::with_deadline(std::chrono::steady_clock::now() + patience,
                                                   ports_.redis());
    if (!figures) co_return std::nullopt;
    co_return *std::move(figures);
}

asio::awaitable<http::Response> MetricsEndpoint::report() {
    metrics::Moment moment{.version = COCKPIT_VERSION,
                           .agents = directory_.list(clock_.wall_ms()),
                           .looked_after = static_cast<std::int64_t>(dispatcher_.open_commands()),
                           .writes = ports_.writes()};
    moment.database = co_await database();
    moment.redis = co_await redis();
    // Of a database that is away they would be old, and asking would take long.
    if (moment.database) moment.open = by_state(*co_await open_.now());
    moment.process = metrics::this_process();
    http::Response response;
    response.content_type = metrics::exposition_type;
    response.body = metrics::report(ports_.counted, moment);
    co_return response;
}

}  // namespace cockpit::api

#include "server/api/overview_endpoint.hpp"

#include <boost/json/array.hpp>
#include <map>

#include "runtime/await_callback.hpp"
#include "server/api/problems.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

const std::map<std::string, std::int64_t> windows{{"1h", 60}, {"24h", 1440}, {"7d", 7 * 1440}};

json::value number_or_null(std::optional<double> number) {
    if (!number) return nullptr;
    return *number;
}

void add(json::object& object, const statistics::Counted& counted) {
    object["ended"] = counted.ended;
    object["failed"] = counted.failed;
    object["error_rate"] = counted.error_rate();
    object["p50_ms"] = number_or_null(counted.durations.p50);
    object["p95_ms"] = number_or_null(counted.durations.p95);
    object["p99_ms"] = number_or_null(counted.durations.p99);
}

json::array to_json(const std::vector<statistics::OfCommand>& list) {
    json::array array;
    for (const auto& one : list) {
        json::object object{{"command", one.command}};
        add(object, one.counted);
        array.push_back(std::move(object));
    }
    return array;
}

json::object agents_by_state(const std::vector<dispatch::AgentView>& agents) {
    json::object counts{{"online", 0}, {"offline", 0}, {"unknown", 0}, {"total", agents.size()}};
    for (const auto& agent : agents) {
        auto& count = counts[dispatch::to_text(agent.presence)];
        count = count.as_int64() + 1;
    }
    return counts;
}

}  // namespace

void OverviewEndpoint::add_to(Api& api) {
    api.add(
        {.method = "GET",
         .pattern = "/api/cockpit-agent/overview",
         .summary = "How many commands ended, how and how fast; hosts and open commands by state",
         .permission = "cockpit_agents:read",
         .query = {{.name = "window",
                    .description = "1h (the default), 24h or 7d",
                    .max_length = 3}},
         .responses = {{200, "the overview"}},
         .handle = [this](Call call) { return overview(std::move(call)); },
         .answer = "Overview"});
}

boost::asio::awaitable<http::Response> OverviewEndpoint::overview(Call call) {
    const auto name = text_of(call.query, "window").value_or("1h");
    const auto minutes = windows.find(name);
    if (minutes == windows.end()) co_return http::problem(400, "'window' must be 1h, 24h or 7d");
    const auto window = statistics::window_of(minutes->second, clock_.wall_ms());
    using Tallies = dispatch::StoreResult<std::vector<statistics::Tally>>;
    auto tallies = co_await runtime::await_callback<Tallies>(
        [&](auto done) { store_.tallies(window.from_minute, window.step, std::move(done)); });
    if (!tallies) co_return to_problem(tallies.error());
    const auto open = co_await open_.now();

    const auto overview = statistics::overview_of(*tallies, window);
    json::object answer{{"window", name},
                        {"from", iso_time(window.from_minute * 60'000)},
                        {"step_s", statistics::minutes_of(window.step) * 60}};
    json::object all;
    add(all, overview.all);
    all["per_minute"] =
        static_cast<double>(overview.all.ended) / static_cast<double>(minutes->second);
    json::array points;
    for (const auto& point : overview.points) {
        json::object object{{"at", point.minute * 60}};
        add(object, point.counted);
        points.push_back(std::move(object));
    }
    answer["commands"] = std::move(all);
    answer["points"] = std::move(points);
    answer["slowest"] = to_json(overview.slowest);
    answer["failing"] = to_json(overview.failing);
    answer["open"] = totals_of(*open);
    answer["agents"] = agents_by_state(directory_.list(clock_.wall_ms()));
    co_return json_response(answer);
}

}  // namespace cockpit::api

#include "server/api/run_views.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_from.hpp>
#include <map>

#include "server/api/views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

json::value text_or_null(const std::optional<std::string>& text) {
    if (!text || text->empty()) return nullptr;
    return json::value(*text);
}

json::value number_or_null(const auto& number) {
    if (!number) return nullptr;
    return json::value(*number);
}

json::value seconds_or_null(std::optional<std::int64_t> milliseconds) {
    if (!milliseconds) return nullptr;
    return json::value(static_cast<double>(*milliseconds) / 1000);
}

json::value amount_json(const runs::Amount& amount) {
    if (amount.per_cent) return json::value(amount.text());
    return json::value(amount.value);
}

// Kept as text that was JSON; what is not is shown as it is.
json::value params_json(const std::string& text) {
    boost::system::error_code failed;
    auto value = json::parse(text, failed);
    return failed ? json::value(text) : value;
}

std::string_view status_of(const runs::RunHost& host) {
    return host.outcome ? protocol::to_text(*host.outcome) : runs::to_text(host.state);
}

}  // namespace

json::object to_json(const runs::PlanRecord& plan) {
    return {{"plan_id", plan.plan_id},
            {"hash", plan.hash},
            {"command", plan.command},
            {"params", params_json(plan.params)},
            {"targets", text_or_null(plan.expression)},
            {"created_by", plan.created_by},
            {"created_at", iso_time(plan.created_at_ms)},
            {"expires_at", iso_time(plan.expires_at_ms)},
            {"total", plan.hosts.size()}};
}

json::object to_json(const runs::Plan& plan) {
    auto object = to_json(plan.record);
    json::array hosts;
    std::size_t ready = 0;
    for (const auto& host : plan.hosts) {
        json::array in_the_way;
        for (const auto& obstacle : host.in_the_way) {
            in_the_way.push_back(
                json::object{{"kind", obstacle.kind}, {"detail", obstacle.detail}});
        }
        if (in_the_way.empty()) ++ready;
        hosts.push_back(
            json::object{{"agent_id", host.agent_id}, {"in_the_way", std::move(in_the_way)}});
    }
    object["ready"] = ready;
    object["hosts"] = std::move(hosts);
    object["notes"] = json::value_from(plan.notes);
    return object;
}

json::object to_json(const runs::RunRecord& run) {
    return {
        {"run_id", run.run_id},
        {"plan_hash", run.plan_hash},
        {"command", run.command},
        {"params", params_json(run.params)},
        {"targets", text_or_null(run.expression)},
        {"status", runs::to_text(run.progress.state)},
        {"stopping", run.progress.stopping_as.has_value() && !runs::is_final(run.progress.state)},
        {"why", text_or_null(run.progress.why)},
        {"asked", run.wish ? json::value(runs::to_text(*run.wish)) : json::value(nullptr)},
        {"wave", run.progress.wave},
        {"total", run.total},
        {"concurrency", amount_json(run.limits.concurrency)},
        {"max_failures", amount_json(run.limits.max_failures)},
        {"canary", number_or_null(run.limits.canary)},
        {"pause_s", static_cast<double>(run.limits.pause_ms) / 1000},
        {"execution_timeout", seconds_or_null(run.sending.timeout_ms)},
        {"offline", run.sending.queue_for_ms ? "wait" : "skip"},
        {"expires_in", seconds_or_null(run.sending.queue_for_ms)},
        {"force", run.sending.forced},
        {"created_by", run.created_by},
        {"created_at", iso_time(run.created_at_ms)},
        {"ended_at", iso_time_or_null(run.ended_at_ms)},
        {"parent_run_id", text_or_null(run.parent_run_id)}};
}

json::object to_json(const runs::Run& run) {
    auto object = to_json(run.record);
    std::map<std::string_view, std::int64_t> counts;
    json::array hosts;
    for (const auto& host : run.hosts) {
        ++counts[status_of(host)];
        hosts.push_back(json::object{{"agent_id", host.agent_id},
                                     {"wave", host.wave},
                                     {"status", status_of(host)},
                                     {"command_id", text_or_null(host.command_id)},
                                     {"why", text_or_null(host.why)}});
    }
    json::object numbers;
    for (const auto& [word, count] : counts)
        numbers[word] = count;
    object["counts"] = std::move(numbers);
    object["hosts"] = std::move(hosts);
    return object;
}

json::object to_json(const runs::Cluster& cluster, const std::vector<runs::HostResult>& results) {
    const auto& example = results.at(cluster.example);
    return {{"hosts", json::value_from(cluster.hosts)},
            {"total", cluster.hosts.size()},
            {"status", example.status},
            {"exit_code", number_or_null(example.exit_code)},
            {"variants", cluster.variants},
            {"example", json::object{{"agent_id", example.agent_id}, {"output", example.output}}}};
}

}  // namespace cockpit::api

#include "server/api/deployment_views.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_from.hpp>
#include <map>

#include "protocol/text.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

using deployments::DeployedHost;
using deployments::FileDifference;
using deployments::Step;

json::value text_or_null(const std::string& text) {
    if (text.empty()) return nullptr;
    return json::value(protocol::to_utf8(text));
}

json::array steps_json(const std::vector<Step>& steps) {
    json::array list;
    for (const auto& step : steps) {
        const bool open = !step.outcome;
        list.push_back(json::object{
            {"step", deployments::to_text(step.kind)},
            {"status", open ? std::string_view("running") : protocol::to_text(*step.outcome)},
            {"started_at", iso_time(step.started_at_ms)},
            {"ended_at", iso_time_or_null(step.ended_at_ms)},
            {"command_id", text_or_null(step.command_id)},
            {"commit", text_or_null(step.commit)},
            {"detail", text_or_null(step.detail)}});
    }
    return list;
}

std::string_view status_of(const DeployedHost& host) {
    return host.end ? deployments::to_text(*host.end) : runs::to_text(host.state);
}

std::string_view word_of(FileDifference::Kind kind) {
    switch (kind) {
        case FileDifference::Kind::added:
            return "added";
        case FileDifference::Kind::changed:
            return "changed";
        case FileDifference::Kind::removed:
            return "removed";
        case FileDifference::Kind::same:
            return "same";
    }
    return "same";
}

}  // namespace

json::object to_json(const deployments::ServiceRecord& service) {
    json::object object{{"name", service.name}};
    boost::system::error_code failed;
    const auto definition = json::parse(service.definition, failed);
    if (!failed && definition.is_object()) {
        for (const auto& [name, value] : definition.get_object())
            object[name] = value;
    }
    object["has_secret"] = service.sealed_secret.has_value();
    object["pushed_commit"] = text_or_null(service.pushed_commit);
    object["created_by"] = service.created_by;
    object["created_at"] = iso_time(service.created_at_ms);
    object["updated_by"] = service.updated_by;
    object["updated_at"] = iso_time(service.updated_at_ms);
    return object;
}

json::object to_json(const deployments::DeploymentRecord& record) {
    return {
        {"deployment_id", record.deployment_id},
        {"service", record.service},
        {"status", deployments::to_text(record.state)},
        {"why", text_or_null(record.progress.why)},
        {"stopping",
         record.progress.stopping_as.has_value() && !deployments::is_final(record.state)},
        {"asked", record.wish ? json::value(runs::to_text(*record.wish)) : json::value(nullptr)},
        {"message", record.message},
        {"force", record.forced},
        {"targets", text_or_null(record.expression)},
        {"files", json::value_from(record.paths)},
        {"base", text_or_null(record.base)},
        {"commit", text_or_null(record.commit)},
        {"wave", record.progress.wave},
        {"total", record.total},
        {"created_by", record.created_by},
        {"created_at", iso_time(record.created_at_ms)},
        {"ended_at", iso_time_or_null(record.ended_at_ms)}};
}

json::object to_json(const deployments::Deployment& deployment) {
    auto object = to_json(deployment.record);
    std::map<std::string_view, std::int64_t> counts;
    json::array hosts;
    for (const auto& host : deployment.hosts) {
        ++counts[status_of(host)];
        hosts.push_back(json::object{{"agent_id", host.agent_id},
                                     {"wave", host.wave},
                                     {"status", status_of(host)},
                                     {"why", text_or_null(host.why)},
                                     {"steps", steps_json(host.steps)}});
    }
    json::object numbers;
    for (const auto& [word, count] : counts)
        numbers[word] = count;
    object["steps"] = steps_json(deployment.record.steps);
    object["counts"] = std::move(numbers);
    object["hosts"] = std::move(hosts);
    return object;
}

json::object to_json(const deployments::Preview& preview) {
    json::array files;
    std::size_t differing = 0;
    for (const auto& file : preview.files) {
        if (file.kind != FileDifference::Kind::same) ++differing;
        files.push_back(json::object{{"path", file.path},
                                     {"change", word_of(file.kind)},
                                     {"diff", text_or_null(file.diff)}});
    }
    json::array hosts;
    for (const auto& host : preview.hosts) {
        hosts.push_back(json::object{{"agent_id", host.agent_id},
                                     {"wave", host.wave},
                                     {"in_the_way", text_or_null(host.in_the_way.value_or(""))}});
    }
    return {{"base", preview.base},
            {"nothing_to_commit", differing == 0},
            {"files", std::move(files)},
            {"total", hosts.size()},
            {"hosts", std::move(hosts)}};
}

}  // namespace cockpit::api

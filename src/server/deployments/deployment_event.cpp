// What is told of a deployment that ended or paused.

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <map>

#include "server/deployments/deployment_engine.hpp"

namespace cockpit::deployments {
namespace json = boost::json;
namespace {

json::value text_or_null(const std::string& text) {
    if (text.empty()) return nullptr;
    return json::value(text);
}

std::string sentence(const DeploymentRecord& record, const std::map<std::string, int>& counts) {
    std::string text = "deployment of '" + record.service + "' to " + std::to_string(record.total) +
                       (record.total == 1 ? " host: " : " hosts: ") +
                       std::string(to_text(record.state));
    if (!record.progress.why.empty()) text += " (" + record.progress.why + ")";
    for (const auto& [word, count] : counts)
        text += ", " + std::to_string(count) + " " + word;
    return text;
}

json::array steps_json(const std::vector<Step>& steps) {
    return json::parse(to_text(steps)).as_array();
}

}  // namespace

notify::Event event_of(const DeploymentRecord& record, const std::vector<DeployedHost>& hosts,
                       std::int64_t now_ms) {
    json::array list;
    std::map<std::string, int> counts;
    for (const auto& host : hosts) {
        const std::string word(host.end ? to_text(*host.end) : runs::to_text(host.state));
        ++counts[word];
        list.push_back(json::object{{"agent_id", host.agent_id},
                                    {"wave", host.wave},
                                    {"status", word},
                                    {"why", text_or_null(host.why)},
                                    {"steps", steps_json(host.steps)}});
    }
    const bool paused = record.state == DeploymentState::paused;
    const std::string state(to_text(record.state));
    notify::Event event;
    event.id = "deployment:" + record.deployment_id + ":" + state +
               (paused ? ":" + std::to_string(record.progress.wave) : "");
    event.kind = paused ? notify::deployment_paused : notify::deployment_ended;
    event.subject = record.deployment_id;
    event.outcome = state;
    event.text = sentence(record, counts);
    event.at_ms = now_ms;
    event.data = {{"deployment_id", record.deployment_id},
                  {"service", record.service},
                  {"message", record.message},
                  {"created_by", record.created_by},
                  {"status", state},
                  {"why", text_or_null(record.progress.why)},
                  {"base", text_or_null(record.base)},
                  {"commit", text_or_null(record.commit)},
                  {"steps", steps_json(record.steps)},
                  {"total", record.total},
                  {"hosts", std::move(list)}};
    return event;
}

}  // namespace cockpit::deployments

// What is told of a run that ended or paused.

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <map>

#include "server/runs/run_engine.hpp"

namespace cockpit::runs {
namespace json = boost::json;
namespace {

json::value text_or_null(const std::string& text) {
    if (text.empty()) return nullptr;
    return json::value(text);
}

std::string sentence(const RunRecord& run, const std::map<std::string, int>& counts) {
    std::string text = "run of '" + run.command + "' on " + std::to_string(run.total) +
                       (run.total == 1 ? " host: " : " hosts: ") +
                       std::string(to_text(run.progress.state));
    if (!run.progress.why.empty()) text += " (" + run.progress.why + ")";
    for (const auto& [word, count] : counts)
        text += ", " + std::to_string(count) + " " + word;
    return text;
}

}  // namespace

notify::Event event_of(const RunRecord& run, const std::vector<RunHost>& hosts,
                       std::int64_t now_ms) {
    json::array list;
    std::map<std::string, int> counts;
    for (const auto& host : hosts) {
        const std::string word(host.outcome ? protocol::to_text(*host.outcome)
                                            : to_text(host.state));
        ++counts[word];
        list.push_back(json::object{{"agent_id", host.agent_id},
                                    {"wave", host.wave},
                                    {"status", word},
                                    {"command_id", text_or_null(host.command_id)},
                                    {"why", text_or_null(host.why)}});
    }
    const bool paused = run.progress.state == RunState::paused;
    const std::string state(to_text(run.progress.state));
    notify::Event event;
    // The rules pause a run once in a wave at most.
    event.id =
        "run:" + run.run_id + ":" + state + (paused ? ":" + std::to_string(run.progress.wave) : "");
    event.kind = paused ? notify::run_paused : notify::run_ended;
    event.subject = run.run_id;
    event.outcome = state;
    event.text = sentence(run, counts);
    event.at_ms = now_ms;
    event.data = {{"run_id", run.run_id},
                  {"command", run.command},
                  {"params", json::parse(run.params)},
                  {"targets", text_or_null(run.expression)},
                  {"created_by", run.created_by},
                  {"status", state},
                  {"why", text_or_null(run.progress.why)},
                  {"total", run.total},
                  {"hosts", std::move(list)}};
    return event;
}

}  // namespace cockpit::runs

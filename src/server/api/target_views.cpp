#include "server/api/target_views.hpp"

#include <algorithm>
#include <boost/json/value_from.hpp>

namespace cockpit::api {
namespace json = boost::json;
namespace {

template <typename T>
json::value or_null(const std::optional<T>& value) {
    if (!value) return nullptr;
    return json::value_from(*value);
}

}  // namespace

json::object to_json(const targets::Labels& labels) {
    json::object object;
    for (const auto& [name, value] : labels)
        object[name] = value;
    return object;
}

json::object to_json(const dispatch::AgentView& agent, const targets::Standing& standing) {
    auto object = to_json(agent);
    auto own = std::move(object["labels"]);
    object["labels"] = to_json(standing.labels);
    object["own_labels"] = std::move(own);
    object["server_labels"] = to_json(standing.server_labels);
    object["shadowed_labels"] = json::value_from(standing.shadowed);
    object["groups"] = json::value_from(standing.groups);
    return object;
}

json::object to_json(const targets::GroupRecord& group) {
    return {{"name", group.name},
            {"description", group.description},
            {"members", or_null(group.members)},
            {"expression", or_null(group.expression)},
            {"created_by", group.created_by},
            {"created_at", iso_time(group.created_at_ms)},
            {"updated_by", group.updated_by},
            {"updated_at", iso_time(group.updated_at_ms)}};
}

json::object to_json(const targets::Selection& selection) {
    json::array agents;
    for (const auto& agent : selection.agents) {
        agents.push_back(json::object{{"agent_id", agent.id.text()},
                                      {"status", dispatch::to_text(agent.presence)}});
    }
    const auto online = std::ranges::count(selection.agents, dispatch::Presence::online,
                                           &dispatch::AgentView::presence);
    return {{"agents", std::move(agents)},
            {"total", selection.agents.size()},
            {"online", online},
            {"notes", json::value_from(selection.notes)}};
}

}  // namespace cockpit::api

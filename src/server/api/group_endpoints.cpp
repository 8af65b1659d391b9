#include "server/api/group_endpoints.hpp"

#include "runtime/await_callback.hpp"
#include "server/api/problems.hpp"
#include "server/api/target_views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

using Type = Field::Type;
using targets::Change;
using targets::GroupRecord;
using targets::LabelRecord;

std::vector<Field> group_fields() {
    return {{.name = "description", .description = "one line for people", .max_length = 500},
            {.name = "members",
             .type = Type::text_list,
             .description = "ids of hosts; this or 'expression'",
             .max_length = targets::max_members},
            {.name = "expression",
             .description = "who is in the group, whenever it is asked",
             .min_length = 1,
             .max_length = targets::Expression::max_bytes}};
}

targets::GroupDraft draft_of(std::string name, const json::object& body) {
    return {.name = std::move(name),
            .description = text_of(body, "description").value_or(""),
            .members = list_of(body, "members"),
            .expression = text_of(body, "expression")};
}

http::Response unknown_group(const std::string& name) {
    return http::problem(404, "there is no group '" + name + "'");
}

}  // namespace

void GroupEndpoints::add_to(Api& api) {
    add_groups_to(api);
    add_targets_to(api);
}

void GroupEndpoints::add_groups_to(Api& api) {
    auto new_group_fields = group_fields();
    new_group_fields.insert(new_group_fields.begin(),
                            {.name = "name",
                             .required = true,
                             .description = "1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a "
                                            "digit",
                             .min_length = 1,
                             .max_length = 64});

    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/groups",
             .summary = "All groups of hosts, by name",
             .permission = "cockpit_agents:read",
             .responses = {{200, "the groups, each with how many hosts are in it now"}},
             .handle = [this](Call call) { return list(std::move(call)); },
             .answer = "Groups"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/groups/{name}",
             .summary = "One group, and who is in it now",
             .permission = "cockpit_agents:read",
             .responses = {{200, "the group"}, {404, "no such group"}},
             .handle = [this](Call call) { return find(std::move(call)); },
             .answer = "Group"});
    api.add({.method = "POST",
             .pattern = "/api/cockpit-agent/groups",
             .summary = "Make a group, of fixed hosts or by expression",
             .permission = "cockpit_groups:write",
             .body = std::move(new_group_fields),
             .responses = {{201, "the group"},
                           {400, "a host or group is unknown, or the expression is wrong"},
                           {409, "the name is taken"}},
             .handle = [this](Call call) { return create(std::move(call)); },
             .answer = "Group"});
    api.add({.method = "PUT",
             .pattern = "/api/cockpit-agent/groups/{name}",
             .summary = "Replace what a group means and its description",
             .permission = "cockpit_groups:write",
             .body = group_fields(),
             .responses = {{200, "the group"},
                           {400, "a host or group is unknown, or the expression is wrong"},
                           {404, "no such group"}},
             .handle = [this](Call call) { return replace(std::move(call)); },
             .answer = "Group"});
    api.add({.method = "DELETE",
             .pattern = "/api/cockpit-agent/groups/{name}",
             .summary = "Remove a group that no other one mentions",
             .permission = "cockpit_groups:write",
             .responses = {{200, "the group as it was"},
                           {404, "no such group"},
                           {409, "another group mentions it"}},
             .handle = [this](Call call) { return remove(std::move(call)); },
             .answer = "Group"});
}

void GroupEndpoints::add_targets_to(Api& api) {
    api.add({.method = "PUT",
             .pattern = "/api/cockpit-agent/{agent_id}/labels",
             .summary = "Replace the labels that the server adds to a host's own",
             .permission = "cockpit_groups:write",
             .body = {{.name = "labels",
                       .type = Type::object,
                       .required = true,
                       .description = "names and texts; {} takes all away"}},
             .responses = {{200, "the host with its labels"}, {404, "no such agent"}},
             .handle = [this](Call call) { return set_labels(std::move(call)); },
             .answer = "Agent"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/targets",
             .summary = "Who an expression means now",
             .permission = "cockpit_agents:read",
             .query = {{.name = "expression",
                        .required = true,
                        .description = "docs/targets.md has the language",
                        .max_length = 2 * targets::Expression::max_bytes}},
             .responses = {{200, "the hosts by id, and what of it means nobody"},
                           {400, "the expression is wrong; 'column' says where"}},
             .handle = [this](Call call) { return select(std::move(call)); },
             .answer = "Selection"});
}

GroupEndpoints::Answer GroupEndpoints::list(Call) {
    std::map<std::string, std::int64_t> sizes;
    const auto agents = directory_.list(clock_.wall_ms());
    for (const auto& standing : targeting_.standing(agents)) {
        for (const auto& name : standing.groups)
            ++sizes[name];
    }
    json::array groups;
    for (const auto& [name, group] : targeting_.groups()) {
        auto object = to_json(group);
        object["total"] = sizes[name];
        groups.push_back(std::move(object));
    }
    const auto total = groups.size();
    co_return json_response(json::object{{"groups", std::move(groups)}, {"total", total}});
}

GroupEndpoints::Answer GroupEndpoints::find(Call call) {
    const auto found = targeting_.groups().find(call.path.at("name"));
    if (found == targeting_.groups().end()) co_return unknown_group(call.path.at("name"));
    auto object = to_json(found->second);
    const auto selection = targeting_.select("group:" + found->first);
    // A group that cannot be resolved must be shown all the same, or nobody could mend it.
    auto now = selection ? to_json(*selection) : to_json(targets::Selection{});
    if (!selection) now["notes"] = json::array{selection.error().sentence};
    for (auto& [name, value] : now)
        object[name] = std::move(value);
    co_return json_response(std::move(object));
}

GroupEndpoints::Answer GroupEndpoints::create(Call call) {
    auto draft = draft_of(*text_of(call.body, "name"), call.body);
    auto made = co_await runtime::await_callback<Change<GroupRecord>>([&](auto done) {
        targeting_.create(std::move(draft), call.identity.username, std::move(done));
    });
    if (!made) co_return to_problem(made.error());
    co_return json_response(to_json(*made), 201);
}

GroupEndpoints::Answer GroupEndpoints::replace(Call call) {
    auto draft = draft_of(call.path.at("name"), call.body);
    auto changed = co_await runtime::await_callback<Change<GroupRecord>>([&](auto done) {
        targeting_.replace(std::move(draft), call.identity.username, std::move(done));
    });
    if (!changed) co_return to_problem(changed.error());
    co_return json_response(to_json(*changed));
}

GroupEndpoints::Answer GroupEndpoints::remove(Call call) {
    auto removed = co_await runtime::await_callback<Change<GroupRecord>>([&](auto done) {
        targeting_.remove(call.path.at("name"), call.identity.username, std::move(done));
    });
    if (!removed) co_return to_problem(removed.error());
    co_return json_response(to_json(*removed));
}

GroupEndpoints::Answer GroupEndpoints::set_labels(Call call) {
    const auto id = protocol::AgentId::parse(call.path.at("agent_id"));
    if (!id) co_return http::problem(400, "'agent_id' is wrong: " + id.error());
    targets::Labels labels;
    for (const auto& [name, value] : call.body.at("labels").as_object()) {
        if (!value.is_string()) {
            co_return http::problem(400, "'labels' is wrong: the value of '" +
                                             std::string(name).substr(0, 64) +
                                             "' must be a string");
        }
        labels[name] = value.get_string();
    }
    auto saved = co_await runtime::await_callback<Change<LabelRecord>>([&](auto done) {
        targeting_.set_labels(*id, std::move(labels), call.identity.username, std::move(done));
    });
    if (!saved) co_return to_problem(saved.error());
    const auto agent = directory_.find(*id, clock_.wall_ms());
    if (!agent) co_return http::problem(404, "there is no agent '" + id->text() + "'");
    co_return json_response(to_json(*agent, targeting_.standing(std::span(&*agent, 1)).at(0)));
}

GroupEndpoints::Answer GroupEndpoints::select(Call call) {
    const auto text = *text_of(call.query, "expression");
    const auto selection = targeting_.select(text);
    if (!selection) co_return to_problem(selection.error(), "expression");
    auto object = to_json(*selection);
    object["expression"] = text;
    co_return json_response(std::move(object));
}

}  // namespace cockpit::api

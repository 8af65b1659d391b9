#include "server/api/history_endpoints.hpp"

#include <boost/json/array.hpp>

#include "runtime/await_callback.hpp"
#include "server/api/paging.hpp"
#include "server/api/problems.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

std::vector<Field> page_fields() {
    auto fields = with_page_fields();
    fields.push_back(
        {.name = "open",
         .type = Field::Type::boolean,
         .description = "true: only commands that have not ended, those that wait among them"});
    return fields;
}

}  // namespace

void HistoryEndpoints::add_to(Api& api) {
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/{agent_id}/history",
             .summary = "The commands of one host, newest first",
             .permission = "cockpit_agents:read",
             .query = page_fields(),
             .responses = {{200, "a page"}, {404, "no such agent"}},
             .handle = [this](Call call) { return of_agent(std::move(call)); }});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/history/all",
             .summary = "The commands of all hosts, newest first",
             .permission = "cockpit_agents:read",
             .query = page_fields(),
             .responses = {{200, "a page"}},
             .handle = [this](Call call) { return of_all(std::move(call)); }});
}

HistoryEndpoints::Answer HistoryEndpoints::of_agent(Call call) {
    auto id = protocol::AgentId::parse(call.path.at("agent_id"));
    if (!id) co_return http::problem(400, "'agent_id' is wrong: " + id.error());
    co_return co_await page(std::move(call), *std::move(id));
}

HistoryEndpoints::Answer HistoryEndpoints::of_all(Call call) {
    return page(std::move(call), std::nullopt);
}

HistoryEndpoints::Answer HistoryEndpoints::page(Call call, std::optional<protocol::AgentId> agent) {
    const auto wish = page_wish(call.query);
    if (!wish) co_return http::problem(400, wish.error());
    dispatch::HistoryQuery query{.limit = wish->limit, .before_id = wish->before_id};
    if (agent) query.agent_id = agent->text();
    query.only_open = boolean_of(call.query, "open").value_or(false);
    auto found = co_await runtime::await_callback<dispatch::StoreResult<dispatch::HistoryPage>>(
        [&](auto done) { store_.history(query, std::move(done)); });
    if (!found) co_return to_problem(found.error());
    if (agent && !query.only_open && found->total == 0 &&
        !directory_.find(*agent, clock_.wall_ms())) {
        co_return http::problem(404, "there is no agent '" + agent->text() + "'");
    }
    json::array commands;
    for (const auto& record : found->records)
        commands.push_back(to_json(record));
    const bool more = found->more && !found->records.empty();
    auto next = next_cursor(more, more ? found->records.back().id : 0);
    co_return json_response(json::object{{"commands", std::move(commands)},
                                         {"total", found->total},
                                         {"next_cursor", std::move(next)}});
}

}  // namespace cockpit::api

#include "server/api/history_endpoints.hpp"

#include <boost/json/array.hpp>
#include <charconv>

#include "crypto/encoding.hpp"
#include "runtime/await_callback.hpp"
#include "server/api/problems.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

constexpr std::string_view cursor_prefix = "before:";

std::vector<Field> page_fields() {
    return {{.name = "limit",
             .type = Field::Type::integer,
             .description = "how many at most, default 50",
             .min = 1,
             .max = 1000},
            {.name = "cursor",
             .description = "next_cursor of the page before",
             .min_length = 1,
             .max_length = 64},
            {.name = "open",
             .type = Field::Type::boolean,
             .description = "true: only commands that have not ended, those that wait among them"}};
}

}  // namespace

std::string to_cursor(std::int64_t before_id) {
    return crypto::to_base64url(std::string(cursor_prefix) + std::to_string(before_id));
}

std::optional<std::int64_t> from_cursor(std::string_view cursor) {
    const auto text = crypto::from_base64url(cursor);
    if (!text || !text->starts_with(cursor_prefix)) return std::nullopt;
    const auto digits = std::string_view(*text).substr(cursor_prefix.size());
    std::int64_t id = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (failed != std::errc() || end != digits.data() + digits.size() || id < 1) {
        return std::nullopt;
    }
    return id;
}

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
    dispatch::HistoryQuery query{
        .limit = static_cast<int>(integer_of(call.query, "limit").value_or(50))};
    if (agent) query.agent_id = agent->text();
    query.only_open = boolean_of(call.query, "open").value_or(false);
    if (const auto cursor = text_of(call.query, "cursor")) {
        query.before_id = from_cursor(*cursor);
        if (!query.before_id) {
            co_return http::problem(400, "'cursor' must be the next_cursor of an earlier page");
        }
    }
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
    json::value next = nullptr;
    if (found->more && !found->records.empty()) {
        next = json::string(to_cursor(found->records.back().id));
    }
    co_return json_response(json::object{{"commands", std::move(commands)},
                                         {"total", found->total},
                                         {"next_cursor", std::move(next)}});
}

}  // namespace cockpit::api

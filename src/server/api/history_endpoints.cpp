#include "server/api/history_endpoints.hpp"

#include <boost/json/array.hpp>

#include "runtime/await_callback.hpp"
#include "server/api/history_export.hpp"
#include "server/api/paging.hpp"
#include "server/api/problems.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

using Type = Field::Type;

constexpr std::int64_t last_second = 253'402'300'799;  // of the year 9999

std::vector<Field> filters(bool with_agent) {
    std::vector<Field> fields{
        {.name = "command", .description = "only those of this name", .max_length = 50},
        {.name = "status", .description = "only those in this state", .max_length = 20},
        {.name = "sent_by", .description = "only those of this user", .max_length = 255},
        {.name = "since",
         .type = Type::integer,
         .description = "sent then or later, in seconds since the Unix epoch",
         .min = 0,
         .max = last_second},
        {.name = "until",
         .type = Type::integer,
         .description = "sent in that second or earlier",
         .min = 0,
         .max = last_second},
        {.name = "open",
         .type = Type::boolean,
         .description = "true: only commands that have not ended, those that wait among them"}};
    if (with_agent) {
        fields.insert(
            fields.begin(),
            {.name = "agent_id", .description = "only those of this host", .max_length = 255});
    }
    return fields;
}

std::expected<dispatch::HistoryQuery, std::string> wish_of(const json::object& query) {
    dispatch::HistoryQuery wish{.agent_id = text_of(query, "agent_id"),
                                .only_open = boolean_of(query, "open").value_or(false),
                                .command = text_of(query, "command"),
                                .sent_by = text_of(query, "sent_by")};
    if (const auto word = text_of(query, "status")) {
        const auto state = protocol::parse_command_state(*word);
        if (!state) {
            return std::unexpected(
                "'status' must be pending, delivered, running, success, error, timeout, cancelled, "
                "cancel_failed, interrupted, expired or refused");
        }
        wish.state = *state;
    }
    if (const auto since = integer_of(query, "since")) wish.since_ms = *since * 1000;
    if (const auto until = integer_of(query, "until")) wish.until_ms = *until * 1000 + 999;
    if (wish.since_ms && wish.until_ms && *wish.since_ms > *wish.until_ms) {
        return std::unexpected("'since' must not be later than 'until'");
    }
    return wish;
}

std::expected<dispatch::HistoryQuery, std::string> page_of(const json::object& query) {
    auto wish = wish_of(query);
    if (!wish) return wish;
    const auto page = page_wish(query);
    if (!page) return std::unexpected(page.error());
    wish->limit = page->limit;
    wish->before_id = page->before_id;
    return wish;
}

}  // namespace

void HistoryEndpoints::add_to(Api& api) {
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/{agent_id}/history",
             .summary = "The commands of one host, newest first",
             .permission = "cockpit_agents:read",
             .query = with_page_fields(filters(false)),
             .responses = {{200, "a page"}, {404, "no such agent"}},
             .handle = [this](Call call) { return of_agent(std::move(call)); },
             .answer = "CommandPage"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/history/all",
             .summary = "The commands of all hosts, newest first",
             .permission = "cockpit_agents:read",
             .query = with_page_fields(filters(true)),
             .responses = {{200, "a page"}},
             .handle = [this](Call call) { return of_all(std::move(call)); },
             .answer = "CommandPage"});
    auto fields = filters(true);
    fields.insert(
        fields.begin(),
        {.name = "format", .required = true, .description = "csv or jsonl", .max_length = 5});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/history/export",
             .summary = "All commands that the filters let through, newest first, as a file",
             .permission = "cockpit_agents:read",
             .query = std::move(fields),
             .responses = {{200, "CSV with a header line, or one JSON object per line"}},
             .handle = [this](Call call) { return exported(std::move(call)); }});
}

HistoryEndpoints::Answer HistoryEndpoints::of_agent(Call call) {
    auto id = protocol::AgentId::parse(call.path.at("agent_id"));
    if (!id) co_return http::problem(400, "'agent_id' is wrong: " + id.error());
    auto wish = page_of(call.query);
    if (!wish) co_return http::problem(400, wish.error());
    wish->agent_id = id->text();
    const bool may_be_unknown = !wish->only_open && !directory_.find(*id, clock_.wall_ms());
    if (may_be_unknown) {
        // Gone, perhaps, but with a history.
        auto any = co_await runtime::await_callback<dispatch::StoreResult<dispatch::HistoryPage>>(
            [&](auto done) {
                store_.history({.agent_id = id->text(), .limit = 1}, std::move(done));
            });
        if (!any) co_return to_problem(any.error());
        if (any->records.empty()) {
            co_return http::problem(404, "there is no agent '" + id->text() + "'");
        }
    }
    co_return co_await page(*std::move(wish));
}

HistoryEndpoints::Answer HistoryEndpoints::of_all(Call call) {
    auto wish = page_of(call.query);
    if (!wish) co_return http::problem(400, wish.error());
    co_return co_await page(*std::move(wish));
}

HistoryEndpoints::Answer HistoryEndpoints::page(dispatch::HistoryQuery query) {
    auto found = co_await runtime::await_callback<dispatch::StoreResult<dispatch::HistoryPage>>(
        [&](auto done) { store_.history(std::move(query), std::move(done)); });
    if (!found) co_return to_problem(found.error());
    json::array commands;
    for (const auto& record : found->records)
        commands.push_back(to_json(record));
    json::value total;
    if (found->total) total = *found->total;
    co_return json_response(json::object{
        {"commands", std::move(commands)},
        {"total", std::move(total)},
        {"next_cursor",
         next_cursor(found->next_before_id.has_value(), found->next_before_id.value_or(0))}});
}

HistoryEndpoints::Answer HistoryEndpoints::exported(Call call) {
    const auto format = text_of(call.query, "format").value_or("");
    if (format != "csv" && format != "jsonl") {
        co_return http::problem(400, "'format' must be csv or jsonl");
    }
    auto wish = wish_of(call.query);
    if (!wish) co_return http::problem(400, wish.error());
    const auto as = format == "csv" ? ExportFormat::csv : ExportFormat::json_lines;
    co_return http::Response{
        .content_type = as == ExportFormat::csv ? "text/csv; charset=utf-8" : "application/jsonl",
        .headers = {{"Content-Disposition", "attachment; filename=\"commands." + format + "\""}},
        .stream = history_export(store_, *std::move(wish), as)};
}

}  // namespace cockpit::api

#include "server/api/run_endpoints.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

#include "runtime/await_callback.hpp"
#include "server/api/paging.hpp"
#include "server/api/problems.hpp"
#include "server/api/run_fields.hpp"
#include "server/api/run_views.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

using Type = Field::Type;
using runs::RunError;
using runs::RunRecord;
using runs::Wish;

// Outputs of all hosts that are compared at once.
constexpr std::size_t most_compared = 64 * 1024 * 1024;

std::vector<Field> plan_fields() {
    return {{.name = "targets",
             .description = "who: an expression of docs/targets.md; this or 'agents'",
             .min_length = 1,
             .max_length = targets::Expression::max_bytes},
            {.name = "agents",
             .type = Type::text_list,
             .description = "who: ids, in the order in which they are to come",
             .min_length = 1,
             .max_length = runs::most_hosts},
            {.name = "command",
             .required = true,
             .description = "one of the hosts' capabilities",
             .min_length = 1,
             .max_length = 50},
            {.name = "params", .type = Type::object, .description = "what the command takes"}};
}

// At most so many bytes, and no half character at the end.
void cut(std::string& text, std::size_t most) {
    if (text.size() <= most) return;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U)
        --most;
    text.resize(most);
}

}  // namespace

void RunEndpoints::add_to(Api& api) {
    add_plans_to(api);
    add_readers_to(api);
    add_wishes_to(api);
}

void RunEndpoints::add_plans_to(Api& api) {
    api.add({.method = "POST",
             .pattern = "/api/cockpit-agent/plans",
             .summary = "Which hosts a command is for, and what stands in their way",
             .permission = "cockpit_agents:write",
             .body = plan_fields(),
             .responses = {{201, "the plan; it is kept for an hour"},
                           {400, "nobody is meant, or the expression is wrong"}},
             .handle = [this](Call call) { return make_plan(std::move(call)); },
             .answer = "Plan"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/plans/{plan_id}",
             .summary = "A plan and its hosts",
             .permission = "cockpit_agents:read",
             .responses = {{200, "the plan"}, {404, "no such plan, or it is too old"}},
             .handle = [this](Call call) { return find_plan(std::move(call)); },
             .answer = "Plan"});
    auto fields = manner_fields();
    fields.insert(fields.begin(), {{.name = "plan_id", .required = true, .max_length = 64},
                                   {.name = "hash",
                                    .required = true,
                                    .description = "the plan's, as it was looked at",
                                    .max_length = 64}});
    api.add({.method = "POST",
             .pattern = "/api/cockpit-agent/runs",
             .summary = "Do what a plan says, in waves",
             .permission = "cockpit_agents:write",
             .body = std::move(fields),
             .responses = {{201, "the run; it goes on by itself"},
                           {404, "no such plan, or it is too old"},
                           {409, "the hash is another one, or the Idempotency-Key was used"}},
             .handle = [this](Call call) { return start(std::move(call)); },
             .answer = "Run"});
}

void RunEndpoints::add_readers_to(Api& api) {
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/runs",
             .summary = "Runs, newest first",
             .permission = "cockpit_agents:read",
             .query = with_page_fields(),
             .responses = {{200, "a page"}},
             .handle = [this](Call call) { return list(std::move(call)); },
             .answer = "RunPage"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/runs/{run_id}",
             .summary = "How a run stands, host by host",
             .permission = "cockpit_agents:read",
             .responses = {{200, "the run"}, {404, "no such run"}},
             .handle = [this](Call call) { return find(std::move(call)); },
             .answer = "Run"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/runs/{run_id}/clusters",
             .summary = "What the hosts said, told once for all that said the same",
             .permission = "cockpit_agents:read",
             .responses = {{200, "the clusters, the largest first"}, {404, "no such run"}},
             .handle = [this](Call call) { return clusters(std::move(call)); },
             .answer = "Clusters"});
}

void RunEndpoints::add_wishes_to(Api& api) {
    const auto add = [&](std::string word, std::string summary, Wish wish) {
        api.add({.method = "POST",
                 .pattern = "/api/cockpit-agent/runs/{run_id}/" + word,
                 .summary = std::move(summary),
                 .permission = "cockpit_agents:write",
                 .responses = {{200, "written down; 'asked' is empty again once it is done"},
                               {404, "no such run"},
                               {409, "it has ended, or is being cancelled"}},
                 .handle = [this, wish](Call call) { return this->wish(std::move(call), wish); },
                 .answer = "Run"});
    };
    add("pause", "Begin no other host; those under way end", Wish::pause);
    add("resume", "Go on with a paused run", Wish::resume);
    add("cancel", "Begin no other host, and stop those under way", Wish::cancel);
    api.add({.method = "POST",
             .pattern = "/api/cockpit-agent/runs/{run_id}/rerun",
             .summary = "A new run for the hosts without success",
             .permission = "cockpit_agents:write",
             .responses = {{201, "the new run"},
                           {404, "no such run"},
                           {409, "it has not ended, or nothing is left"}},
             .handle = [this](Call call) { return rerun(std::move(call)); },
             .answer = "Run"});
}

RunEndpoints::Answer RunEndpoints::make_plan(Call call) {
    auto request = runs::plan_request_of(call.body);
    if (!request) co_return http::problem(400, request.error());
    auto plan =
        co_await runtime::await_callback<std::expected<runs::Plan, RunError>>([&](auto done) {
            ports_.planner.make(*std::move(request), call.identity.username, std::move(done));
        });
    if (!plan) co_return to_problem(plan.error());
    co_return json_response(to_json(*plan), 201);
}

RunEndpoints::Answer RunEndpoints::find_plan(Call call) {
    auto found = co_await runtime::await_callback<std::expected<runs::PlanRecord, RunError>>(
        [&](auto done) { ports_.planner.find(call.path.at("plan_id"), std::move(done)); });
    if (!found) co_return to_problem(found.error());
    auto object = to_json(*found);
    json::array hosts;
    for (const auto& host : found->hosts)
        hosts.push_back(json::object{{"agent_id", host}});
    object["hosts"] = std::move(hosts);
    co_return json_response(std::move(object));
}

RunEndpoints::Answer RunEndpoints::start(Call call) {
    auto manner = runs::manner_of(call.body);
    if (!manner) co_return http::problem(400, manner.error());
    runs::StartRequest request{.plan_id = *text_of(call.body, "plan_id"),
                               .hash = *text_of(call.body, "hash"),
                               .manner = *std::move(manner),
                               .by = call.identity.username,
                               .idempotency_key = call.idempotency_key};
    auto started = co_await runtime::await_callback<std::expected<RunRecord, RunError>>(
        [&](auto done) { ports_.engine.start(std::move(request), std::move(done)); });
    if (!started) co_return to_problem(started.error());
    co_return json_response(to_json(*started), 201);
}

RunEndpoints::Answer RunEndpoints::list(Call call) {
    const auto wish = page_wish(call.query);
    if (!wish) co_return http::problem(400, wish.error());
    auto page = co_await runtime::await_callback<runs::StoreResult<runs::RunPage>>(
        [&](auto done) { ports_.store.list_runs(wish->limit, wish->before_id, std::move(done)); });
    if (!page) co_return to_problem(page.error());
    json::array list;
    for (const auto& run : page->runs)
        list.push_back(to_json(run));
    auto next = next_cursor(page->more, page->more ? page->runs.back().id : 0);
    co_return json_response(
        json::object{{"runs", std::move(list)}, {"next_cursor", std::move(next)}});
}

asio::awaitable<RunEndpoints::Found> RunEndpoints::look_up(std::string run_id) {
    auto found = co_await runtime::await_callback<runs::StoreResult<std::optional<runs::Run>>>(
        [&](auto done) { ports_.store.find_run(run_id, std::move(done)); });
    if (!found) co_return std::unexpected(to_problem(found.error()));
    if (!*found) {
        co_return std::unexpected(http::problem(404, "there is no run " + run_id.substr(0, 64)));
    }
    co_return **std::move(found);
}

RunEndpoints::Answer RunEndpoints::find(Call call) {
    auto run = co_await look_up(call.path.at("run_id"));
    if (!run) co_return std::move(run.error());
    co_return json_response(to_json(*run));
}

asio::awaitable<std::vector<runs::HostResult>> RunEndpoints::results_of(runs::Run run,
                                                                        std::size_t most_bytes) {
    std::vector<runs::HostResult> results;
    for (const auto& host : run.hosts) {
        const auto id = protocol::CommandId::parse(host.command_id);
        if (!id) continue;
        using Command = dispatch::StoreResult<std::optional<dispatch::CommandRecord>>;
        auto command = co_await runtime::await_callback<Command>(
            [&](auto done) { commands_.find(*id, std::move(done)); });
        if (!command || !*command || !protocol::is_final((*command)->state)) continue;
        auto& record = **command;
        runs::HostResult result{.agent_id = host.agent_id,
                                .hostname = {},
                                .status = std::string(protocol::to_text(record.state)),
                                .exit_code = record.exit_code,
                                .output = record.output.value_or("")};
        if (result.output.empty()) result.output = record.error.value_or("");
        cut(result.output, most_bytes);
        if (const auto agent = protocol::AgentId::parse(host.agent_id)) {
            if (const auto view = directory_.find(*agent, clock_.wall_ms())) {
                result.hostname = view->hostname;
            }
        }
        results.push_back(std::move(result));
    }
    co_return results;
}

RunEndpoints::Answer RunEndpoints::clusters(Call call) {
    auto run = co_await look_up(call.path.at("run_id"));
    if (!run) co_return std::move(run.error());
    const auto total = run->hosts.size();
    const auto most_bytes = most_compared / std::max<std::size_t>(total, 1);
    auto results = co_await results_of(*std::move(run), most_bytes);
    json::array list;
    for (const auto& cluster : runs::cluster(results))
        list.push_back(to_json(cluster, results));
    co_return json_response(json::object{{"clusters", std::move(list)},
                                         {"hosts_ended", results.size()},
                                         {"hosts", total},
                                         {"compared_bytes", most_bytes}});
}

RunEndpoints::Answer RunEndpoints::rerun(Call call) {
    auto started =
        co_await runtime::await_callback<std::expected<RunRecord, RunError>>([&](auto done) {
            ports_.engine.rerun(call.path.at("run_id"), call.identity.username,
                                call.idempotency_key, std::move(done));
        });
    if (!started) co_return to_problem(started.error());
    co_return json_response(to_json(*started), 201);
}

RunEndpoints::Answer RunEndpoints::wish(Call call, Wish wish) {
    auto run = co_await runtime::await_callback<std::expected<RunRecord, RunError>>([&](auto done) {
        ports_.engine.wish(call.path.at("run_id"), wish, call.identity.username, std::move(done));
    });
    if (!run) co_return to_problem(run.error());
    co_return json_response(to_json(*run));
}

}  // namespace cockpit::api

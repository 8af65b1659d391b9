#include "server/api/agent_endpoints.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <boost/json/array.hpp>

#include "protocol/command_schema.hpp"
#include "runtime/await_callback.hpp"
#include "server/api/agent_events.hpp"
#include "server/api/problems.hpp"
#include "server/api/target_views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

using Type = Field::Type;

http::Response unknown_agent(const protocol::AgentId& id) {
    return http::problem(404, "there is no agent '" + id.text() + "'");
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

}  // namespace

void AgentEndpoints::add_to(Api& api) {
    api.add(
        {.method = "GET",
         .pattern = "/api/cockpit-agent/events",
         .summary =
             "The hosts, live: all of them first, then each that changed; open commands by host",
         .permission = "cockpit_agents:read",
         .responses = {{200, "server-sent events"}, {503, "too many read live"}},
         .handle = [this](Call call) { return events(std::move(call)); }});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/{agent_id}/commands",
             .summary = "What a host can do, with the parameters of each command",
             .permission = "cockpit_agents:read",
             .responses = {{200, "the commands, as the host declared them"}, {404, "no such host"}},
             .handle = [this](Call call) { return commands(std::move(call)); },
             .answer = "Abilities"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/{agent_id}/status",
             .summary = "Whether a host is there, and the evidence",
             .permission = "cockpit_agents:read",
             .responses = {{200, "the host"}, {404, "no such agent"}},
             .handle = [this](Call call) { return status(std::move(call)); },
             .answer = "Agent"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/{agent_id}/why",
             .summary = "The evidence for a host's state",
             .permission = "cockpit_agents:read",
             .responses = {{200, "the evidence"}, {404, "no such agent"}},
             .handle = [this](Call call) { return why(std::move(call)); },
             .answer = "WhyAgent"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/list",
             .summary = "All hosts, by id",
             .permission = "cockpit_agents:read",
             .query = {{.name = "status", .description = "only online, offline or unknown ones"},
                       {.name = "search",
                        .description = "only those with this text in id or host name",
                        .max_length = 255},
                       {.name = "target",
                        .description = "only those that this expression means",
                        .max_length = 2 * targets::Expression::max_bytes},
                       {.name = "limit",
                        .type = Type::integer,
                        .description = "how many at most; default all",
                        .min = 1,
                        .max = 100'000},
                       {.name = "offset",
                        .type = Type::integer,
                        .description = "how many to leave out at the front",
                        .min = 0}},
             .responses = {{200, "the hosts, and how many the filters let through"},
                           {400, "the target is wrong; 'column' says where"}},
             .handle = [this](Call call) { return list(std::move(call)); },
             .answer = "Agents"});
    api.add({.method = "POST",
             .pattern = "/api/cockpit-agent/{agent_id}/accept-key",
             .summary = "Accept the changed key of a host",
             .permission = "cockpit_agents:admin",
             .body = {{.name = "public_key",
                       .required = true,
                       .description = "the pending key, as the host's status shows it",
                       .min_length = 1,
                       .max_length = 255}},
             .responses = {{200, "the host with its new key"},
                           {404, "no such agent"},
                           {409, "this is not the key that waits"}},
             .handle = [this](Call call) { return accept_key(std::move(call)); },
             .answer = "Agent"});
}

AgentEndpoints::Answer AgentEndpoints::status(Call call) {
    const auto id = protocol::AgentId::parse(call.path.at("agent_id"));
    if (!id) co_return http::problem(400, "'agent_id' is wrong: " + id.error());
    const auto agent = directory_.find(*id, clock_.wall_ms());
    if (!agent) co_return unknown_agent(*id);
    co_return json_response(shown(*agent));
}

AgentEndpoints::Answer AgentEndpoints::why(Call call) {
    const auto id = protocol::AgentId::parse(call.path.at("agent_id"));
    if (!id) co_return http::problem(400, "'agent_id' is wrong: " + id.error());
    const auto agent = directory_.find(*id, clock_.wall_ms());
    if (!agent) co_return unknown_agent(*id);
    co_return json_response(json::object{{"agent_id", id->text()},
                                         {"status", dispatch::to_text(agent->presence)},
                                         {"why", agent->evidence}});
}

AgentEndpoints::Answer AgentEndpoints::list(Call call) {
    const auto wanted = text_of(call.query, "status");
    if (wanted && *wanted != "online" && *wanted != "offline" && *wanted != "unknown") {
        co_return http::problem(400, "'status' must be online, offline or unknown");
    }
    const auto search = lower(text_of(call.query, "search").value_or(""));
    std::vector<dispatch::AgentView> agents;
    if (const auto target = text_of(call.query, "target")) {
        auto selection = targeting_.select(*target);
        if (!selection) co_return to_problem(selection.error(), "target");
        agents = std::move(selection->agents);
    } else {
        agents = directory_.list(clock_.wall_ms());
    }
    std::erase_if(agents, [&](const dispatch::AgentView& agent) {
        if (wanted && dispatch::to_text(agent.presence) != *wanted) return true;
        return lower(agent.id.text()).find(search) == std::string::npos &&
               lower(agent.hostname).find(search) == std::string::npos;
    });
    const auto total = static_cast<std::int64_t>(agents.size());
    const auto first = std::min(total, integer_of(call.query, "offset").value_or(0));
    const auto count = std::min(total - first, integer_of(call.query, "limit").value_or(total));
    const auto page =
        std::span(agents).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    const auto standing = targeting_.standing(page);
    json::array list;
    for (std::size_t i = 0; i < page.size(); ++i)
        list.push_back(to_json(page[i], standing[i]));
    co_return json_response(json::object{{"agents", std::move(list)}, {"total", total}});
}

AgentEndpoints::Answer AgentEndpoints::commands(Call call) {
    const auto id = protocol::AgentId::parse(call.path.at("agent_id"));
    if (!id) co_return http::problem(400, "'agent_id' is wrong: " + id.error());
    const auto* schemas = directory_.schemas(*id);
    if (schemas == nullptr) co_return unknown_agent(*id);
    json::array list;
    for (const auto& schema : *schemas)
        list.push_back(protocol::to_json(schema));
    co_return json_response(json::object{{"agent_id", id->text()}, {"commands", std::move(list)}});
}

AgentEndpoints::Answer AgentEndpoints::events(Call) {
    auto occupied = slots_.take();
    if (!occupied) co_return slots_.none_left();
    co_return http::Response{
        .content_type = "text/event-stream",
        .headers = {{"X-Accel-Buffering", "no"}},  // nginx would hold events back
        .stream = agent_events(co_await boost::asio::this_coro::executor, feed_, open_, targeting_,
                               std::move(occupied))};
}

AgentEndpoints::Answer AgentEndpoints::accept_key(Call call) {
    const auto id = protocol::AgentId::parse(call.path.at("agent_id"));
    if (!id) co_return http::problem(400, "'agent_id' is wrong: " + id.error());
    const auto public_key = *text_of(call.body, "public_key");
    using Accepted = std::expected<dispatch::AgentView, dispatch::AcceptKeyError>;
    auto accepted = co_await runtime::await_callback<Accepted>([&](auto done) {
        admission_.accept_key(*id, public_key, call.identity.username, std::move(done));
    });
    if (!accepted) co_return to_problem(accepted.error());
    co_return json_response(shown(*accepted));
}

json::object AgentEndpoints::shown(const dispatch::AgentView& agent) const {
    return to_json(agent, targeting_.standing(std::span(&agent, 1)).at(0));
}

}  // namespace cockpit::api

#include "server/runs/planner.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "log/log.hpp"

namespace cockpit::runs {
namespace json = boost::json;
namespace {

using dispatch::SubmitError;

std::string kind_of(SubmitError::Kind kind) {
    switch (kind) {
        case SubmitError::Kind::unknown_agent:
            return "unknown_agent";
        case SubmitError::Kind::agent_offline:
            return "offline";
        case SubmitError::Kind::unknown_command:
            return "unknown_command";
        case SubmitError::Kind::invalid_params:
            return "invalid_params";
        case SubmitError::Kind::agent_not_trusted:
            return "not_trusted";
        case SubmitError::Kind::in_maintenance:
            return "in_maintenance";
        default:
            return "unknown";
    }
}

// Most of what stands in the way is told with what comes of it, which nobody asked for here.
std::string without_consequence(std::string detail) {
    for (const std::string_view tail : {"; nothing was sent", ": nothing was sent"}) {
        if (detail.ends_with(tail)) detail.resize(detail.size() - tail.size());
    }
    return detail;
}

std::string busy_with(const std::vector<const dispatch::CommandRecord*>& open) {
    std::string text = std::to_string(open.size()) +
                       (open.size() == 1 ? " command has" : " commands have") + " not ended there";
    constexpr std::size_t most_named = 3;
    for (std::size_t i = 0; i < std::min(open.size(), most_named); ++i) {
        text += (i == 0 ? ": " : ", ") + open[i]->command + " (" +
                std::string(protocol::to_text(open[i]->state)) + ", " + open[i]->command_id + ")";
    }
    if (open.size() > most_named) text += ", …";
    return text;
}

RunError unavailable(const dispatch::StoreError& error) {
    log::error("the store of runs failed", {{"error", error.message}});
    return {RunError::Kind::store_unavailable,
            "the database is not available: nothing was changed; try again"};
}

}  // namespace

std::string Planner::hash_of(const std::string& command, const std::string& params,
                             const std::vector<std::string>& hosts) const {
    json::array list;
    for (const auto& host : hosts)
        list.emplace_back(host);
    return crypto::to_hex(crypto::hmac_sha256(
        ports_.hash_key,
        json::serialize(json::array{command, json::parse(params), std::move(list)})));
}

KeptParams Planner::keep(const std::string& command, const json::object& params,
                         const std::vector<std::string>& hosts, const std::string& hash) const {
    auto shown = params;
    bool any_secret = false;
    for (const auto& host : hosts) {
        const auto id = protocol::AgentId::parse(host);
        const auto* schema = id ? ports_.directory.schema(*id, command) : nullptr;
        if (schema == nullptr) continue;
        for (const auto& parameter : schema->parameters) {
            if (!parameter.secret || !shown.contains(parameter.name)) continue;
            shown[parameter.name] = "***";
            any_secret = true;
        }
    }
    KeptParams kept{.shown = json::serialize(shown), .sealed = std::nullopt};
    if (any_secret) kept.sealed = ports_.box.seal(json::serialize(params), "params " + hash);
    return kept;
}

std::expected<json::object, std::string> Planner::params_of(
    const std::string& shown, const std::optional<std::string>& sealed,
    const std::string& hash) const {
    auto text = std::optional(shown);
    if (sealed) text = ports_.box.open(*sealed, "params " + hash);
    boost::system::error_code failed;
    auto value = text ? json::parse(*text, failed) : json::value();
    if (!text || failed || !value.is_object()) {
        return std::unexpected(
            "its parameters cannot be read: they were sealed with another key than this server's "
            "server.key, or altered in the database");
    }
    return std::move(value.get_object());
}

std::vector<PlannedHost> Planner::look_at(const PlanRecord& plan,
                                          const json::object& params) const {
    const auto open = ports_.dispatcher.open_by_agent();
    std::vector<PlannedHost> hosts;
    for (const auto& agent_id : plan.hosts) {
        PlannedHost host{.agent_id = agent_id, .in_the_way = {}};
        const auto id = protocol::AgentId::parse(agent_id);
        if (id) {
            auto obstacle = ports_.dispatcher.obstacle({.agent = *id,
                                                        .command = plan.command,
                                                        .params = params,
                                                        .sent_by = plan.created_by});
            if (obstacle) {
                host.in_the_way.push_back(
                    {kind_of(obstacle->kind), without_consequence(std::move(obstacle->detail))});
            }
        }
        if (const auto busy = open.find(agent_id); busy != open.end()) {
            host.in_the_way.push_back({"busy", busy_with(busy->second)});
        }
        hosts.push_back(std::move(host));
    }
    return hosts;
}

void Planner::make(PlanRequest request, std::string by,
                   runtime::Callback<std::expected<Plan, RunError>> done) {
    Plan plan;
    auto& record = plan.record;
    if (request.agents.empty() && !request.expression.empty()) {
        auto selection = ports_.targeting.select(request.expression);
        if (!selection) {
            auto& error = selection.error();
            return done(std::unexpected(RunError{
                RunError::Kind::invalid, "'targets' is wrong: " + error.text(), error.column}));
        }
        for (const auto& agent : selection->agents)
            record.hosts.push_back(agent.id.text());
        plan.notes = std::move(selection->notes);
    } else {
        record.hosts = std::move(request.agents);
    }
    if (record.hosts.empty()) {
        std::string detail = "no host is meant, so there is nothing to run";
        for (const auto& note : plan.notes)
            detail += "; " + note;
        return done(std::unexpected(RunError{RunError::Kind::invalid, std::move(detail)}));
    }
    if (record.hosts.size() > most_hosts) {
        return done(std::unexpected(RunError{
            RunError::Kind::invalid, std::to_string(record.hosts.size()) +
                                         " hosts are meant, and one plan has at most " +
                                         std::to_string(most_hosts) + ": narrow 'targets' down"}));
    }
    record.plan_id = ports_.new_id();
    record.command = std::move(request.command);
    record.expression = std::move(request.expression);
    record.created_by = std::move(by);
    record.created_at_ms = ports_.clock.wall_ms();
    record.expires_at_ms = record.created_at_ms + kept_for_ms;
    record.hash = hash_of(record.command, json::serialize(request.params), record.hosts);
    auto kept = keep(record.command, request.params, record.hosts, record.hash);
    record.params = std::move(kept.shown);
    record.sealed_params = std::move(kept.sealed);
    plan.hosts = look_at(record, request.params);
    auto stored = record;
    ports_.store.add_plan(std::move(stored), [plan = std::move(plan), done = std::move(done)](
                                                 StoreResult<bool> added) mutable {
        if (!added) return done(std::unexpected(unavailable(added.error())));
        done(std::move(plan));
    });
}

void Planner::find(std::string plan_id,
                   runtime::Callback<std::expected<PlanRecord, RunError>> done) {
    ports_.store.find_plan(plan_id, [this, plan_id, done = std::move(done)](
                                        StoreResult<std::optional<PlanRecord>> found) mutable {
        if (!found) return done(std::unexpected(unavailable(found.error())));
        if (!*found || (*found)->expires_at_ms < ports_.clock.wall_ms()) {
            return done(std::unexpected(
                RunError{RunError::Kind::not_found,
                         "there is no plan " + plan_id.substr(0, 64) +
                             "; plans are kept for an hour: make a new one with POST "
                             "/api/cockpit-agent/plans"}));
        }
        done(**std::move(found));
    });
}

}  // namespace cockpit::runs

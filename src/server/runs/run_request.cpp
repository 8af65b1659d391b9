#include "server/runs/run_request.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <set>

#include "protocol/ids.hpp"

namespace cockpit::runs {
namespace json = boost::json;
namespace {

constexpr std::int64_t longest_s = 7 * 24 * 3600;
constexpr std::int64_t queue_s = 3600;

std::unexpected<std::string> wrong(std::string_view field, std::string_view what) {
    return std::unexpected("'" + std::string(field) + "' " + std::string(what));
}

std::expected<std::vector<std::string>, std::string> agents_of(const json::value& given) {
    const auto* list = given.if_array();
    if (list == nullptr) return wrong("agents", "must be a list of ids");
    std::vector<std::string> agents;
    std::set<std::string> seen;
    for (const auto& each : *list) {
        const auto* text = each.if_string();
        if (text == nullptr) return wrong("agents", "must be a list of ids");
        auto id = protocol::AgentId::parse(std::string_view(*text));
        if (!id) return wrong("agents", "is wrong: " + id.error());
        if (seen.insert(id->text()).second) agents.push_back(id->text());
    }
    if (agents.size() > most_hosts) {
        return wrong("agents", "must have at most " + std::to_string(most_hosts) + " ids");
    }
    return agents;
}

// A number, or "10%" or "5" as text.
std::expected<Amount, std::string> amount_of(std::string_view field, const json::value& given) {
    if (const auto* text = given.if_string()) {
        auto amount = Amount::parse(std::string_view(*text));
        if (!amount) return wrong(field, "is wrong: " + amount.error());
        return *amount;
    }
    const auto* number = given.if_int64();
    if (number == nullptr || *number < 0 || *number > static_cast<std::int64_t>(most_hosts)) {
        return wrong(field, "must be a number of hosts, such as 12, or a share, such as \"10%\"");
    }
    return Amount{.value = static_cast<int>(*number)};
}

std::expected<std::optional<std::int64_t>, std::string> milliseconds_of(const json::object& request,
                                                                        std::string_view field,
                                                                        std::int64_t least_s) {
    const auto* given = request.if_contains(field);
    if (given == nullptr) return std::nullopt;
    if (!given->is_number()) return wrong(field, "must be a number of seconds");
    const auto seconds = given->to_number<double>();
    if (!(seconds >= static_cast<double>(least_s) && seconds <= static_cast<double>(longest_s))) {
        return wrong(field, "must be from " + std::to_string(least_s) + " to " +
                                std::to_string(longest_s) + " seconds");
    }
    return static_cast<std::int64_t>(seconds * 1000);
}

std::expected<void, std::string> read_limits(const json::object& request, Limits& limits) {
    if (const auto* given = request.if_contains("concurrency")) {
        const auto amount = amount_of("concurrency", *given);
        if (!amount) return std::unexpected(amount.error());
        if (amount->value == 0) return wrong("concurrency", "must be at least 1");
        limits.concurrency = *amount;
    }
    if (const auto* given = request.if_contains("max_failures")) {
        const auto amount = amount_of("max_failures", *given);
        if (!amount) return std::unexpected(amount.error());
        limits.max_failures = *amount;
    }
    if (const auto* given = request.if_contains("canary")) {
        const auto* number = given->if_int64();
        if (number == nullptr || *number < 0 || *number > static_cast<std::int64_t>(most_hosts)) {
            return wrong("canary", "must be a number of hosts; 0 for none");
        }
        limits.canary = static_cast<int>(*number);
    }
    const auto pause = milliseconds_of(request, "pause_s", 0);
    if (!pause) return std::unexpected(pause.error());
    limits.pause_ms = pause->value_or(0);
    return {};
}

std::expected<void, std::string> read_sending(const json::object& request, Sending& sending) {
    const auto timeout = milliseconds_of(request, "execution_timeout", 1);
    if (!timeout) return std::unexpected(timeout.error());
    sending.timeout_ms = *timeout;
    const auto expires = milliseconds_of(request, "expires_in", 1);
    if (!expires) return std::unexpected(expires.error());
    bool waits = false;
    if (const auto* given = request.if_contains("offline")) {
        const auto* word = given->if_string();
        if (word == nullptr || (*word != "skip" && *word != "wait")) {
            return wrong("offline", "must be \"skip\" or \"wait\"");
        }
        waits = *word == "wait";
    }
    if (*expires && !waits) return wrong("expires_in", "needs 'offline': \"wait\"");
    if (waits) sending.queue_for_ms = expires->value_or(queue_s * 1000);
    if (const auto* given = request.if_contains("force")) {
        if (!given->is_bool()) return wrong("force", "must be true or false");
        sending.forced = given->get_bool();
    }
    return {};
}

}  // namespace

std::expected<PlanRequest, std::string> plan_request_of(const json::object& request) {
    PlanRequest plan;
    const auto* targets = request.if_contains("targets");
    const auto* agents = request.if_contains("agents");
    if ((targets == nullptr) == (agents == nullptr)) {
        return std::unexpected(
            "give either 'targets' (an expression such as group:web and env=prod) or 'agents' (a "
            "list of ids)");
    }
    if (targets != nullptr) {
        const auto* text = targets->if_string();
        if (text == nullptr) return wrong("targets", "must be a string");
        plan.expression = *text;
    } else {
        auto list = agents_of(*agents);
        if (!list) return std::unexpected(list.error());
        plan.agents = *std::move(list);
    }
    const auto* command = request.if_contains("command");
    const auto* name = command == nullptr ? nullptr : command->if_string();
    if (name == nullptr || name->empty() || name->size() > 50) {
        return wrong("command", "must be the name of a command of the hosts");
    }
    plan.command = *name;
    if (const auto* params = request.if_contains("params")) {
        if (!params->is_object()) return wrong("params", "must be an object");
        plan.params = params->get_object();
    }
    return plan;
}

std::expected<Manner, std::string> manner_of(const json::object& request) {
    Manner manner;
    if (auto read = read_limits(request, manner.limits); !read) {
        return std::unexpected(read.error());
    }
    if (auto read = read_sending(request, manner.sending); !read) {
        return std::unexpected(read.error());
    }
    return manner;
}

}  // namespace cockpit::runs

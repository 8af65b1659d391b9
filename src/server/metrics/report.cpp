#include "server/metrics/report.hpp"

#include <algorithm>

#include "protocol/command_state.hpp"
#include "server/metrics/exposition.hpp"

namespace cockpit::metrics {
namespace {

using dispatch::Presence;

double number(std::integral auto value) {
    return static_cast<double>(value);
}

void write_agents(Exposition& out, const std::vector<dispatch::AgentView>& agents) {
    out.family("cockpit_agents", "gauge", "Hosts by what is known of their presence.");
    for (const auto state : {Presence::online, Presence::offline, Presence::unknown})
        out.sample(number(std::ranges::count(agents, state, &dispatch::AgentView::presence)),
                   {{"state", to_text(state)}});
    // Where we could not see, we say nothing: an alert must not fire for our own blindness.
    out.family("cockpit_agent_up", "gauge", "1 online, 0 offline; absent while unknown.");
    for (const auto& agent : agents) {
        if (agent.presence != Presence::unknown)
            out.sample(agent.presence == Presence::online ? 1 : 0, {{"agent_id", agent.id.text()}});
    }
    const auto each = [&](auto name, auto type, auto help, auto value) {
        out.family(name, type, help);
        for (const auto& agent : agents) {
            if (const auto found = value(agent))
                out.sample(*found, {{"agent_id", agent.id.text()}});
        }
    };
    const auto seconds = [](std::int64_t milliseconds) -> std::optional<double> {
        if (milliseconds == 0) return std::nullopt;
        return number(milliseconds) / 1000;
    };
    using View = dispatch::AgentView;
    each("cockpit_agent_last_heartbeat_timestamp_seconds", "gauge",
         "When this server last heard of the host.",
         [&](const View& agent) { return seconds(agent.last_heartbeat_ms); });
    each("cockpit_agent_start_time_seconds", "gauge", "When the agent started, by its own clock.",
         [&](const View& agent) { return seconds(agent.started_at_ms); });
    each("cockpit_agent_commands_executed_total", "counter",
         "Commands that the agent ran since it started.",
         [](const View& agent) { return std::optional(number(agent.commands_executed)); });
    each("cockpit_agent_commands_running", "gauge", "Commands that run on the host now.",
         [](const View& agent) { return std::optional(number(agent.running)); });
    out.family("cockpit_agent_info", "gauge", "1; the labels tell of the host.");
    for (const auto& agent : agents)
        out.sample(1, {{"agent_id", agent.id.text()},
                       {"hostname", agent.hostname},
                       {"version", agent.version},
                       {"os", agent.os},
                       {"arch", agent.arch}});
}

void write_commands(Exposition& out, const Metrics& counted, const Moment& moment) {
    out.family("cockpit_commands_total", "counter",
               "Commands that ended, by name and state, written by this server.");
    for (const auto& [kind, ended] : counted.ended())
        out.sample(number(ended.count),
                   {{"command", kind.first}, {"state", protocol::to_text(kind.second)}});
    out.family("cockpit_command_duration_seconds", "histogram", "How long commands ran.");
    for (const auto& [kind, ended] : counted.ended()) {
        if (ended.seconds.count() > 0)
            out.sample(ended.seconds,
                       {{"command", kind.first}, {"state", protocol::to_text(kind.second)}});
    }
    out.family("cockpit_command_wait_seconds", "histogram",
               "From the request until the host began, for first attempts.");
    out.sample(counted.waited());
    out.family("cockpit_commands_open", "gauge", "Commands that have not ended, on all servers.");
    for (const auto& [state, count] : moment.open)
        out.sample(number(count), {{"state", state}});
    out.family("cockpit_commands_looked_after", "gauge",
               "Commands that have not ended and that this server looks after.");
    out.sample(number(moment.looked_after));
}

void write_database(Exposition& out, const Moment& moment) {
    out.family("cockpit_database_up", "gauge", "Whether the database answers.");
    out.sample(moment.database ? 1 : 0);
    if (moment.database) {
        out.family("cockpit_database_answer_seconds", "gauge", "How long it took to ask it this.");
        out.sample(moment.database->seconds);
        out.family("cockpit_database_size_bytes", "gauge", "Of the whole database, on disk.");
        out.sample(number(moment.database->bytes));
        out.family("cockpit_history_commands", "gauge",
                   "Commands in cockpit_agent_commands, from its first to its last id.");
        out.sample(number(moment.database->history));
    }
    out.family("cockpit_database_commit_writes", "histogram", "Writes that shared a transaction.");
    out.sample(moment.writes.group_sizes);
    out.family("cockpit_database_commit_seconds", "histogram", "How long transactions took.");
    out.sample(moment.writes.seconds);
    out.family("cockpit_database_writes_waiting", "gauge", "Writes that no transaction has yet.");
    out.sample(number(moment.writes.waiting));
}

void write_redis(Exposition& out, const std::optional<RedisFigures>& redis) {
    out.family("cockpit_redis_up", "gauge", "Whether Redis answers this server.");
    out.sample(redis ? 1 : 0);
    if (redis && redis->memory_bytes) {
        out.family("cockpit_redis_memory_bytes", "gauge",
                   "Memory that Redis uses, for all it has.");
        out.sample(number(*redis->memory_bytes));
    }
    if (redis && redis->results_waiting) {
        out.family("cockpit_results_waiting", "gauge",
                   "Entries of agents in Redis that no server has settled.");
        out.sample(number(*redis->results_waiting));
    }
}

void write_server(Exposition& out, const Metrics& counted, const Moment& moment) {
    out.family("cockpit_http_requests_total", "counter", "Answers by their HTTP status.");
    for (const auto& [status, count] : counted.requests())
        out.sample(number(count), {{"code", std::to_string(status)}});
    out.family("cockpit_http_request_duration_seconds", "histogram",
               "Until the answer was there, or a stream began.");
    out.sample(counted.request_seconds());
    out.family("cockpit_event_loop_lag_seconds", "histogram",
               "How much later than asked for a timer of the I/O thread came.");
    out.sample(counted.lag());
    out.family("cockpit_build_info", "gauge", "1; the label tells the version.");
    out.sample(1, {{"version", moment.version}});

    const auto& process = moment.process;
    out.family("process_cpu_seconds_total", "counter", "User and system time of this process.");
    out.sample(process.cpu_seconds);
    out.family("process_start_time_seconds", "gauge", "When this process started.");
    out.sample(process.started_at_s);
    out.family("process_resident_memory_bytes", "gauge", "Resident memory of this process.");
    out.sample(number(process.resident_bytes));
    out.family("process_virtual_memory_bytes", "gauge", "Virtual memory of this process.");
    out.sample(number(process.virtual_bytes));
    out.family("process_open_fds", "gauge", "Open file descriptors.");
    out.sample(number(process.open_descriptors));
    out.family("process_max_fds", "gauge", "Most file descriptors that may be open.");
    out.sample(number(process.most_descriptors));
}

}  // namespace

std::string report(const Metrics& counted, const Moment& moment) {
    Exposition out;
    write_agents(out, moment.agents);
    write_commands(out, counted, moment);
    write_database(out, moment);
    write_redis(out, moment.redis);
    write_server(out, counted, moment);
    return out.take();
}

}  // namespace cockpit::metrics

#include "server/dispatch/agent_directory.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace cockpit::dispatch {
namespace {

std::string ago(std::int64_t now_ms, std::int64_t then_ms) {
    return std::to_string(std::max<std::int64_t>(0, now_ms - then_ms) / 1000) + " s ago";
}

const std::string& field(const RegistryHash& hash, const std::string& name) {
    static const std::string none;
    const auto found = hash.find(name);
    return found == hash.end() ? none : found->second;
}

constexpr std::size_t most_agents = 100'000;

// The original wrote Python's int(time.time()) in some versions and time.time() in others.
std::int64_t seconds_field_ms(const RegistryHash& hash, const std::string& name) {
    const auto& text = field(hash, name);
    double seconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e11) return 0;
    return static_cast<std::int64_t>(seconds * 1000);
}

std::int64_t integer_field(const RegistryHash& hash, const std::string& name) {
    const auto& text = field(hash, name);
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// A capability of the original is only a name; we know what the original meant by three of them.
std::vector<protocol::CommandSchema> original_capabilities(std::string_view comma_list) {
    std::vector<protocol::CommandSchema> commands;
    while (!comma_list.empty()) {
        const auto comma = std::min(comma_list.find(','), comma_list.size());
        auto name = comma_list.substr(0, comma);
        comma_list.remove_prefix(std::min(comma + 1, comma_list.size()));
        while (name.starts_with(' '))
            name.remove_prefix(1);
        while (name.ends_with(' '))
            name.remove_suffix(1);
        if (const auto* known = find_command(protocol::original_commands(), name)) {
            commands.push_back(*known);
        }
    }
    return commands;
}

}  // namespace

std::string_view to_text(Presence presence) {
    switch (presence) {
        case Presence::online:
            return "online";
        case Presence::offline:
            return "offline";
        case Presence::unknown:
            return "unknown";
    }
    return "unknown";
}

void AgentDirectory::restore(const std::vector<AgentRecord>& records) {
    for (const auto& record : records) {
        const auto id = protocol::AgentId::parse(record.agent_id);
        if (!id) continue;
        auto& agent = agents_[*id];
        agent.hostname = record.hostname;
        agent.version = record.version;
        agent.commands = protocol::command_schemas_from_text(record.commands);
        agent.labels = record.labels;
        agent.public_key = record.public_key;
        agent.pending_public_key = record.pending_public_key;
    }
}

bool AgentDirectory::on_hello(const protocol::Hello& hello, std::int64_t now_ms) {
    auto& agent = agents_[hello.agent];
    if (hello.at_ms <= agent.hello_at_ms) return false;
    agent.hostname = hello.hostname;
    agent.version = hello.version;
    agent.commands = hello.commands;
    agent.labels = hello.labels;
    agent.os = hello.os;
    agent.arch = hello.arch;
    agent.hello_at_ms = hello.at_ms;
    agent.last_heartbeat_ms = now_ms;
    agent.started_at_ms = hello.started_at_ms;
    agent.heartbeat_s = std::clamp<std::int64_t>(hello.heartbeat_s, 1, 3600);
    agent.commands_executed = hello.commands_executed;
    agent.running = hello.running;
    agent.left = hello.leaving;
    agent.original_protocol = false;
    agent.absent_since_ms = 0;
    return true;
}

void AgentDirectory::on_registry_hash(const protocol::AgentId& id, const RegistryHash& hash,
                                      std::int64_t now_ms) {
    // Ours writes `protocol`; such a host is described by its signed hellos alone.
    if (hash.contains("protocol")) return;
    const auto found = agents_.find(id);
    if (found != agents_.end() && found->second.public_key) return;
    // Anybody with Redis can write such hashes, as many as they like.
    if (found == agents_.end() && agents_.size() >= most_agents) return;
    auto& agent = agents_[id];
    agent.original_protocol = true;
    agent.hostname = field(hash, "hostname");
    agent.version = field(hash, "version");
    agent.commands = original_capabilities(field(hash, "capabilities"));
    agent.started_at_ms = seconds_field_ms(hash, "started_at");
    agent.commands_executed = integer_field(hash, "commands_executed");
    agent.left = field(hash, "status") == "offline";
    // The heartbeat is the host's clock; never let a wrong one look newer than now.
    agent.last_heartbeat_ms = std::min(seconds_field_ms(hash, "last_heartbeat"), now_ms);
}

void AgentDirectory::on_subscribers(const protocol::AgentId& id, std::int64_t count,
                                    std::int64_t now_ms) {
    const auto found = agents_.find(id);
    if (found == agents_.end()) return;
    auto& agent = found->second;
    agent.subscribers = count;
    agent.subscribers_at_ms = now_ms;
    if (count > 0) {
        agent.absent_since_ms = 0;
    } else if (agent.absent_since_ms == 0) {
        agent.absent_since_ms = now_ms;
    }
}

void AgentDirectory::on_link_lost(std::int64_t now_ms, std::string why) {
    if (link_up_ || link_changed_ms_ == 0) link_changed_ms_ = now_ms;
    link_up_ = false;
    link_down_because_ = std::move(why);
}

void AgentDirectory::on_link_restored(std::int64_t now_ms) {
    link_up_ = true;
    link_changed_ms_ = now_ms;
    for (auto& [id, agent] : agents_)
        agent.absent_since_ms = 0;
}

void AgentDirectory::set_keys(const protocol::AgentId& id, std::optional<std::string> public_key,
                              std::optional<std::string> pending_public_key) {
    auto& agent = agents_[id];
    // A new key begins a new life of the host: its clock may be another one.
    if (agent.public_key != public_key) agent.hello_at_ms = 0;
    if (public_key) agent.original_protocol = false;
    agent.public_key = std::move(public_key);
    agent.pending_public_key = std::move(pending_public_key);
}

std::pair<Presence, std::string> AgentDirectory::judge(const Agent& agent,
                                                       std::int64_t now_ms) const {
    if (!link_up_) {
        return {Presence::unknown, "this server cannot see: " + link_down_because_};
    }
    const auto heartbeat_limit_ms = 3 * agent.heartbeat_s * 1000;
    const bool heard = agent.last_heartbeat_ms >= link_changed_ms_;
    const bool asked = agent.subscribers_at_ms >= link_changed_ms_ && agent.subscribers_at_ms > 0;
    const auto heartbeat = agent.last_heartbeat_ms == 0
                               ? std::string("no heartbeat seen yet")
                               : "last heartbeat " + ago(now_ms, agent.last_heartbeat_ms);

    if (agent.left && (heard || agent.original_protocol)) {
        return {Presence::offline, "it shut down in good order; " + heartbeat};
    }
    const bool heard_after_asking = heard && agent.last_heartbeat_ms >= agent.subscribers_at_ms;
    if (asked && agent.subscribers == 0 && !heard_after_asking) {
        if (!heard && now_ms - link_changed_ms_ < settling_ms) {
            return {Presence::unknown, "this server connected to Redis " +
                                           ago(now_ms, link_changed_ms_) +
                                           " and the host has not come back yet"};
        }
        return {Presence::offline, "nobody listens on its channel since " +
                                       ago(now_ms, agent.absent_since_ms) + "; " + heartbeat};
    }
    if (!heard && !asked) {
        return {Presence::unknown, "no evidence yet since this server connected to Redis " +
                                       ago(now_ms, link_changed_ms_)};
    }
    const auto silent_since_ms = std::max(agent.last_heartbeat_ms, link_changed_ms_);
    if (now_ms - silent_since_ms > heartbeat_limit_ms) {
        return {Presence::offline,
                "its connection stands, but three heartbeats are missing; " + heartbeat};
    }
    return {Presence::online, "it listens on its channel; " + heartbeat};
}

AgentView AgentDirectory::view(const protocol::AgentId& id, const Agent& agent,
                               std::int64_t now_ms) const {
    auto [presence, evidence] = judge(agent, now_ms);
    AgentView view{.id = id,
                   .presence = presence,
                   .evidence = std::move(evidence),
                   .hostname = agent.hostname,
                   .version = agent.version,
                   .labels = agent.labels,
                   .os = agent.os,
                   .arch = agent.arch,
                   .last_heartbeat_ms = agent.last_heartbeat_ms,
                   .started_at_ms = agent.started_at_ms,
                   .commands_executed = agent.commands_executed,
                   .running = agent.running,
                   .original_protocol = agent.original_protocol,
                   .public_key = agent.public_key,
                   .pending_public_key = agent.pending_public_key};
    for (const auto& command : agent.commands)
        view.capabilities.push_back(command.name);
    return view;
}

std::optional<AgentView> AgentDirectory::find(const protocol::AgentId& id,
                                              std::int64_t now_ms) const {
    const auto found = agents_.find(id);
    if (found == agents_.end()) return std::nullopt;
    return view(id, found->second, now_ms);
}

std::vector<AgentView> AgentDirectory::list(std::int64_t now_ms) const {
    std::vector<AgentView> all;
    all.reserve(agents_.size());
    for (const auto& [id, agent] : agents_)
        all.push_back(view(id, agent, now_ms));
    return all;
}

std::vector<protocol::AgentId> AgentDirectory::ids() const {
    std::vector<protocol::AgentId> all;
    all.reserve(agents_.size());
    for (const auto& [id, agent] : agents_)
        all.push_back(id);
    return all;
}

const std::string* AgentDirectory::key(const protocol::AgentId& id) const {
    const auto found = agents_.find(id);
    return found != agents_.end() && found->second.public_key ? &*found->second.public_key
                                                              : nullptr;
}

bool AgentDirectory::is_original(const protocol::AgentId& id) const {
    const auto found = agents_.find(id);
    return found != agents_.end() && !found->second.public_key && found->second.original_protocol;
}

const protocol::CommandSchema* AgentDirectory::schema(const protocol::AgentId& id,
                                                      std::string_view command) const {
    const auto found = agents_.find(id);
    return found == agents_.end() ? nullptr : find_command(found->second.commands, command);
}

const std::vector<protocol::CommandSchema>* AgentDirectory::schemas(
    const protocol::AgentId& id) const {
    const auto found = agents_.find(id);
    return found == agents_.end() ? nullptr : &found->second.commands;
}

}  // namespace cockpit::dispatch

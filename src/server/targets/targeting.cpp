#include "server/targets/targeting.hpp"

#include <algorithm>

#include "log/log.hpp"

namespace cockpit::targets {

Targeting::Targeting(const runtime::Clock& clock, const dispatch::AgentDirectory& directory,
                     GroupStore& store)
    : clock_(clock), directory_(directory), store_(store) {}

void Targeting::restore(runtime::Callback<dispatch::StoreResult<bool>> done) {
    store_.load_targets([this, done = std::move(done)](auto records) mutable {
        if (!records) return done(std::unexpected(records.error()));
        adopt(*std::move(records));
        done(true);
    });
}

void Targeting::refresh() {
    store_.load_targets([this, changes = changes_](auto records) {
        if (!records) {
            log::warning("groups and labels were not read again",
                         {{"error", records.error().message}});
        } else if (changes == changes_) {
            adopt(*std::move(records));
        }
    });
}

void Targeting::adopt(TargetRecords records) {
    groups_.clear();
    definitions_.clear();
    labels_.clear();
    for (auto& group : records.groups)
        adopt(std::move(group));
    for (auto& row : records.labels)
        labels_[row.agent_id] = std::move(row.labels);
}

void Targeting::adopt(GroupRecord record) {
    Definition definition;
    if (record.expression) {
        auto expression = Expression::parse(*record.expression);
        if (!expression) {
            // Another version of this program wrote it. Whoever mentions it must hear that, rather
            // than be told that nobody is in it.
            log::warning("a group's expression is not understood",
                         {{"group", record.name}, {"error", expression.error().text()}});
            groups_[record.name] = std::move(record);
            return;
        }
        definition.expression = *std::move(expression);
    } else {
        definition.members = record.members.value_or(std::vector<std::string>());
    }
    definitions_[record.name] = std::move(definition);
    groups_[record.name] = std::move(record);
}

const Labels& Targeting::server_labels(std::string_view agent_id) const {
    static const Labels none;
    const auto found = labels_.find(agent_id);
    return found == labels_.end() ? none : found->second;
}

std::vector<Host> Targeting::hosts_of(std::span<const dispatch::AgentView> agents) const {
    std::vector<Host> hosts;
    hosts.reserve(agents.size());
    for (const auto& agent : agents) {
        Host host{.id = agent.id.text(), .labels = {agent.labels.begin(), agent.labels.end()}};
        // insert() leaves alone what is there: the host's own stands.
        const auto& added = server_labels(host.id);
        host.labels.insert(added.begin(), added.end());
        hosts.push_back(std::move(host));
    }
    return hosts;
}

std::expected<Selection, TargetError> Targeting::select(std::string_view text) const {
    const auto expression = Expression::parse(text);
    if (!expression) return std::unexpected(expression.error());
    auto agents = directory_.list(clock_.wall_ms());
    auto choice = resolve(*expression, hosts_of(agents), definitions_);
    if (!choice) return std::unexpected(std::move(choice.error()));
    Selection selection{.notes = std::move(choice->notes)};
    selection.agents.reserve(choice->hosts.size());
    for (const auto index : choice->hosts)
        selection.agents.push_back(std::move(agents[index]));
    return selection;
}

std::vector<Standing> Targeting::standing(std::span<const dispatch::AgentView> agents) const {
    auto hosts = hosts_of(agents);
    auto groups = groups_of(hosts, definitions_);
    std::vector<Standing> all(hosts.size());
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        auto& one = all[i];
        one.labels = std::move(hosts[i].labels);
        one.server_labels = server_labels(hosts[i].id);
        one.groups = std::move(groups[i]);
        for (const auto& [name, value] : one.server_labels) {
            if (agents[i].labels.contains(name)) one.shadowed.push_back(name);
        }
    }
    return all;
}

}  // namespace cockpit::targets

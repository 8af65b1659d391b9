// Targeting's changes: what is checked, and in which order they happen.

#include <algorithm>

#include "log/log.hpp"
#include "server/targets/near_names.hpp"
#include "server/targets/targeting.hpp"

namespace cockpit::targets {
namespace {

using Kind = ChangeError::Kind;

std::unexpected<ChangeError> invalid(std::string detail) {
    return std::unexpected(ChangeError{Kind::invalid, std::move(detail), std::nullopt});
}

std::unexpected<ChangeError> invalid(const TargetError& error) {
    return std::unexpected(
        ChangeError{Kind::invalid, "'expression' is wrong: " + error.text(), error.column});
}

std::unexpected<ChangeError> unavailable(const dispatch::StoreError& error) {
    log::error("groups and labels could not be read or written", {{"error", error.message}});
    return std::unexpected(ChangeError{
        Kind::store_unavailable, "the database is unavailable; try again later", std::nullopt});
}

std::unexpected<ChangeError> no_group(const std::string& name) {
    return std::unexpected(
        ChangeError{Kind::not_found, "there is no group '" + name + "'", std::nullopt});
}

std::string joined(const std::vector<std::string>& names) {
    std::string all;
    for (const auto& name : names)
        all += (all.empty() ? "'" : ", '") + name + "'";
    return all;
}

bool has_control_character(std::string_view text) {
    return std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

std::optional<std::string> wrong_labels(const Labels& labels) {
    if (labels.size() > max_labels) {
        return "a host may have " + std::to_string(max_labels) + " labels of the server at most";
    }
    for (const auto& [name, value] : labels) {
        if (!is_label_name(name)) {
            return "'" + name.substr(0, 64) +
                   "' cannot be the name of a label: 1 to 63 of A-Z a-z 0-9 . _ - /";
        }
        if (value.size() > max_label_value || has_control_character(value)) {
            return "the value of label '" + name + "' must have at most " +
                   std::to_string(max_label_value) + " bytes and no control characters";
        }
    }
    return std::nullopt;
}

template <typename T>
void Targeting::in_turn(runtime::Callback<runtime::Callback<Change<T>>> attempt,
                        runtime::Callback<Change<T>> done) {
    waiting_.push_back([this, attempt = std::move(attempt), done = std::move(done)]() mutable {
        store_.load_targets(
            [this, attempt = std::move(attempt), done = std::move(done)](auto records) mutable {
                runtime::Callback<Change<T>> finish =
                    [this, done = std::move(done)](Change<T> result) mutable {
                        changing_ = false;
                        next_turn();
                        done(std::move(result));
                    };
                if (!records) return finish(unavailable(records.error()));
                adopt(*std::move(records));
                attempt(std::move(finish));
            });
    });
    next_turn();
}

void Targeting::next_turn() {
    if (changing_ || waiting_.empty()) return;
    changing_ = true;
    auto turn = std::move(waiting_.front());
    waiting_.pop_front();
    turn();
}

Change<std::vector<std::string>> Targeting::checked_members(
    std::vector<std::string> members) const {
    if (members.size() > max_members) {
        return invalid("'members' has " + std::to_string(members.size()) +
                       " entries; it must have " + std::to_string(max_members) +
                       " at most: an expression says the same in one line");
    }
    for (const auto& member : members) {
        const auto id = protocol::AgentId::parse(member);
        if (!id)
            return invalid("'members' is wrong: '" + member.substr(0, 64) + "': " + id.error());
        if (!directory_.find(*id, clock_.wall_ms())) {
            return invalid("'members' is wrong: no host is known as '" + member + "'" +
                           did_you_mean(member, [this](const auto& take) {
                               for (const auto& known : directory_.ids())
                                   take(known.text());
                           }));
        }
    }
    std::ranges::sort(members);
    const auto repeated = std::ranges::unique(members);
    members.erase(repeated.begin(), repeated.end());
    return members;
}

Change<Definition> Targeting::checked_expression(const GroupDraft& draft) const {
    auto expression = Expression::parse(*draft.expression);
    if (!expression) return invalid(expression.error());
    Definition definition{.expression = *std::move(expression)};
    if (const auto sound = check_references(draft.name, definition, definitions_); !sound) {
        return invalid(sound.error());
    }
    const auto hosts = hosts_of(directory_.list(clock_.wall_ms()));
    if (const auto choice = resolve(*definition.expression, hosts, definitions_); !choice) {
        return invalid(choice.error());
    }
    return definition;
}

Change<GroupRecord> Targeting::checked(GroupDraft draft) const {
    if (!is_group_name(draft.name)) {
        return invalid(
            "'name' must be 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit");
    }
    if (draft.members.has_value() == draft.expression.has_value()) {
        return invalid(draft.members
                           ? "a group has 'members' or an 'expression', not both"
                           : "'members' or 'expression' is missing: ids, or an expression "
                             "that says who is in the group");
    }
    if (has_control_character(draft.description)) {
        return invalid("'description' must be one line without control characters");
    }
    GroupRecord record{.name = draft.name, .description = draft.description};
    if (draft.members) {
        auto members = checked_members(*std::move(draft.members));
        if (!members) return std::unexpected(std::move(members.error()));
        record.members = *std::move(members);
    } else {
        const auto definition = checked_expression(draft);
        if (!definition) return std::unexpected(definition.error());
        record.expression = std::move(draft.expression);
    }
    return record;
}

void Targeting::create(GroupDraft draft, std::string by, Done done) {
    save(std::move(draft), std::move(by), true, std::move(done));
}

void Targeting::replace(GroupDraft draft, std::string by, Done done) {
    save(std::move(draft), std::move(by), false, std::move(done));
}

void Targeting::save(GroupDraft draft, std::string by, bool is_new, Done done) {
    in_turn<GroupRecord>(
        [this, draft = std::move(draft), by = std::move(by), is_new](Done finish) mutable {
            const auto before = groups_.find(draft.name);
            const auto taken = [name = draft.name] {
                return std::unexpected(ChangeError{
                    Kind::conflict, "there is a group '" + name + "' already", std::nullopt});
            };
            if (is_new && before != groups_.end()) return finish(taken());
            if (!is_new && before == groups_.end()) return finish(no_group(draft.name));
            if (is_new && groups_.size() >= max_groups) {
                return finish(std::unexpected(ChangeError{
                    Kind::conflict,
                    "there are " + std::to_string(max_groups) + " groups, and more cannot be made",
                    std::nullopt}));
            }
            auto record = checked(std::move(draft));
            if (!record) return finish(std::move(record));
            record->updated_by = by;
            record->updated_at_ms = clock_.wall_ms();
            record->created_by = is_new ? by : before->second.created_by;
            record->created_at_ms = is_new ? record->updated_at_ms : before->second.created_at_ms;
            runtime::Callback<dispatch::StoreResult<bool>> kept =
                [this, record = *record, is_new, taken,
                 finish = std::move(finish)](auto saved) mutable {
                    if (!saved) return finish(unavailable(saved.error()));
                    // Another server was quicker.
                    if (!*saved && is_new) return finish(taken());
                    if (!*saved) return finish(no_group(record.name));
                    log::info(is_new ? "a group was made" : "a group was changed",
                              {{"group", record.name}, {"by", record.updated_by}});
                    ++changes_;
                    adopt(record);
                    finish(std::move(record));
                };
            if (is_new) return store_.add_group(*std::move(record), std::move(kept));
            store_.replace_group(*std::move(record), std::move(kept));
        },
        std::move(done));
}

void Targeting::remove(std::string name, std::string by, Done done) {
    in_turn<GroupRecord>(
        [this, name = std::move(name), by = std::move(by)](Done finish) mutable {
            const auto found = groups_.find(name);
            if (found == groups_.end()) return finish(no_group(name));
            if (const auto others = mentioned_by(name, definitions_); !others.empty()) {
                return finish(
                    std::unexpected(ChangeError{Kind::conflict,
                                                "group '" + name + "' is mentioned by " +
                                                    joined(others) + ": change these first",
                                                std::nullopt}));
            }
            store_.remove_group(name, [this, record = found->second, by = std::move(by),
                                       finish = std::move(finish)](auto removed) mutable {
                if (!removed) return finish(unavailable(removed.error()));
                if (!*removed) return finish(no_group(record.name));
                log::info("a group was removed", {{"group", record.name}, {"by", by}});
                ++changes_;
                groups_.erase(record.name);
                definitions_.erase(record.name);
                finish(std::move(record));
            });
        },
        std::move(done));
}

void Targeting::set_labels(protocol::AgentId agent, Labels labels, std::string by,
                           runtime::Callback<Change<LabelRecord>> done) {
    using Finish = runtime::Callback<Change<LabelRecord>>;
    in_turn<LabelRecord>(
        [this, agent = std::move(agent), labels = std::move(labels),
         by = std::move(by)](Finish finish) mutable {
            if (!directory_.find(agent, clock_.wall_ms())) {
                return finish(std::unexpected(ChangeError{
                    Kind::not_found, "there is no agent '" + agent.text() + "'", std::nullopt}));
            }
            if (const auto wrong = wrong_labels(labels)) {
                return finish(invalid("'labels' is wrong: " + *wrong));
            }
            LabelRecord record{.agent_id = agent.text(),
                               .labels = std::move(labels),
                               .updated_by = std::move(by),
                               .updated_at_ms = clock_.wall_ms()};
            store_.save_labels(
                record, [this, record, finish = std::move(finish)](auto saved) mutable {
                    if (!saved) return finish(unavailable(saved.error()));
                    log::info("a host's labels were changed",
                              {{"agent_id", record.agent_id}, {"by", record.updated_by}});
                    ++changes_;
                    labels_[record.agent_id] = record.labels;
                    finish(std::move(record));
                });
        },
        std::move(done));
}

}  // namespace cockpit::targets

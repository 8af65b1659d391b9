#include "server/targets/resolve.hpp"

#include <algorithm>
#include <set>

#include "server/targets/near_names.hpp"

namespace cockpit::targets {
namespace {

using Kind = Node::Kind;
// One byte for each host, 1 for those that are meant: loops over it become vector instructions.
using Set = std::vector<unsigned char>;
using Result = std::expected<Set, TargetError>;

bool is_empty(const Set& set) {
    return std::ranges::find(set, 1) == set.end();
}

std::string missing_group(const std::string& name, const Definitions& groups) {
    return "there is no group '" + name + "'" + did_you_mean(name, [&](const auto& take) {
               for (const auto& [other, definition] : groups)
                   take(other);
           });
}

class Resolver {
  public:
    Resolver(std::span<const Host> hosts, const Definitions& groups)
        : hosts_(hosts), groups_(groups) {}

    Result evaluate(const Node& node);
    /// `at`: where the expression that was asked for mentions it.
    Result group(const std::string& name, std::size_t at);
    std::vector<std::string> notes;

  private:
    Result combine(const Node& node);
    Result id(const Node& node);
    Set label(const Node& node);
    Result mentioned_group(const Node& node);
    Set listed(const std::string& group, const std::vector<std::string>& members);
    const Host* find(std::string_view id) const;
    void note(const Node& node, const std::string& sentence);
    std::string near_label(std::string_view name) const;

    std::span<const Host> hosts_;
    const Definitions& groups_;
    std::map<std::string, Set> known_;
    std::vector<std::string> within_;  ///< groups that are being resolved, outermost first
    std::size_t outermost_column_ = 1;
};

Result Resolver::evaluate(const Node& node) {
    switch (node.kind) {
        case Kind::everything:
            return Set(hosts_.size(), 1);
        case Kind::id:
            return id(node);
        case Kind::group:
            return mentioned_group(node);
        case Kind::label:
        case Kind::has_label:
            return label(node);
        case Kind::negation: {
            auto set = evaluate(node.children.front());
            if (!set) return set;
            for (auto& one : *set)
                one ^= 1;
            return set;
        }
        case Kind::both:
        case Kind::either:
            return combine(node);
    }
    return Set(hosts_.size(), 0);
}

// Every operand is evaluated, whatever those before it said: a mistake in it must be told.
Result Resolver::combine(const Node& node) {
    auto all = evaluate(node.children.front());
    if (!all) return all;
    for (const auto& child : std::span(node.children).subspan(1)) {
        const auto one = evaluate(child);
        if (!one) return one;
        for (std::size_t i = 0; i < all->size(); ++i)
            (*all)[i] = node.kind == Kind::both ? (*all)[i] & (*one)[i] : (*all)[i] | (*one)[i];
    }
    return all;
}

Result Resolver::id(const Node& node) {
    Set set(hosts_.size(), 0);
    if (node.pattern.is_glob) {
        for (std::size_t i = 0; i < hosts_.size(); ++i)
            set[i] = node.pattern.matches(hosts_[i].id);
        if (is_empty(set)) note(node, "no host's id matches " + node.pattern.text);
        return set;
    }
    if (const auto* host = find(node.pattern.text)) {
        set[static_cast<std::size_t>(host - hosts_.data())] = 1;
        return set;
    }
    // A group was checked when it was saved: since then the host may have gone.
    if (!within_.empty()) {
        note(node, "no host is known as '" + node.pattern.text + "'");
        return set;
    }
    return std::unexpected(
        TargetError{node.column, "no host is known as '" + node.pattern.text + "'" +
                                     did_you_mean(node.pattern.text, [&](const auto& take) {
                                         for (const auto& host : hosts_)
                                             take(host.id);
                                     })});
}

Set Resolver::label(const Node& node) {
    Set set(hosts_.size(), 0);
    bool name_seen = false;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        const auto found = hosts_[i].labels.find(node.name);
        if (found == hosts_[i].labels.end()) continue;
        name_seen = true;
        set[i] = node.kind == Kind::has_label || node.pattern.matches(found->second);
    }
    if (!name_seen) {
        note(node, "no host has a label '" + node.name + "'" + near_label(node.name));
    } else if (is_empty(set)) {
        note(node, "no host's label '" + node.name + "' has the value " + node.pattern.text);
    }
    return set;
}

Result Resolver::mentioned_group(const Node& node) {
    if (!within_.empty()) return group(node.name, outermost_column_);
    outermost_column_ = node.column;
    if (!groups_.contains(node.name)) {
        return std::unexpected(TargetError{node.column, missing_group(node.name, groups_)});
    }
    return group(node.name, node.column);
}

Result Resolver::group(const std::string& name, std::size_t at) {
    if (const auto known = known_.find(name); known != known_.end()) return known->second;
    const auto found = groups_.find(name);
    // Groups are checked when they are saved, but two servers may save at the same time.
    if (found == groups_.end()) {
        return std::unexpected(TargetError{at, "group '" + within_.front() + "' needs group '" +
                                                   name + "', which does not exist"});
    }
    const bool circle = std::ranges::find(within_, name) != within_.end();
    if (circle || within_.size() == max_group_depth) {
        std::string way;
        for (const auto& one : within_)
            way += one + " → ";
        return std::unexpected(
            TargetError{at, (circle ? "groups mention each other in a circle: "
                                    : "groups are too deep within each other: ") +
                                way + name});
    }
    within_.push_back(name);
    auto set = found->second.expression ? evaluate(found->second.expression->root())
                                        : Result(listed(name, found->second.members));
    within_.pop_back();
    if (set) known_[name] = *set;
    return set;
}

Set Resolver::listed(const std::string& group, const std::vector<std::string>& members) {
    Set set(hosts_.size(), 0);
    for (const auto& member : members) {
        if (const auto* host = find(member)) {
            set[static_cast<std::size_t>(host - hosts_.data())] = 1;
        } else if (notes.size() <= max_notes) {
            notes.push_back("group '" + group + "' lists '" + member +
                            "', and no host is known as that");
        }
    }
    return set;
}

const Host* Resolver::find(std::string_view id) const {
    const auto found = std::ranges::lower_bound(hosts_, id, {}, &Host::id);
    return found != hosts_.end() && found->id == id ? &*found : nullptr;
}

void Resolver::note(const Node& node, const std::string& sentence) {
    if (notes.size() > max_notes) return;
    notes.push_back((within_.empty() ? "" : "in group '" + within_.back() + "', ") + "column " +
                    std::to_string(node.column) + ": " + sentence);
}

std::string Resolver::near_label(std::string_view name) const {
    std::set<std::string_view> names;
    for (const auto& host : hosts_) {
        for (const auto& [label, value] : host.labels)
            names.insert(label);
    }
    return did_you_mean(name, [&](const auto& take) {
        for (const auto& one : names)
            take(one);
    });
}

// Whether `goal` can be reached from `from`; `way` are the groups one passes, `from` first.
bool leads_to(const std::string& from, const std::string& goal, const Definitions& groups,
              std::set<std::string>& seen, std::vector<std::string>& way) {
    if (from == goal) return true;
    const auto found = groups.find(from);
    if (found == groups.end() || !found->second.expression || !seen.insert(from).second ||
        way.size() > 2 * max_group_depth) {
        return false;
    }
    way.push_back(from);
    for (const auto* mention : found->second.expression->groups()) {
        if (leads_to(mention->name, goal, groups, seen, way)) return true;
    }
    way.pop_back();
    return false;
}

// How many groups are within each other from `name` on, itself included; counts to one more than
// what is allowed.
int depth_of(const std::string& name, const Definitions& groups, std::map<std::string, int>& known,
             int above = 0) {
    if (const auto found = known.find(name); found != known.end()) return found->second;
    const auto found = groups.find(name);
    if (found == groups.end() || !found->second.expression) return 1;
    if (above > max_group_depth) return max_group_depth + 1;
    int deepest = 0;
    for (const auto* mention : found->second.expression->groups()) {
        deepest = std::max(deepest, depth_of(mention->name, groups, known, above + 1));
    }
    return known[name] = std::min(deepest, max_group_depth) + 1;
}

}  // namespace

std::expected<Choice, TargetError> resolve(const Expression& expression,
                                           std::span<const Host> hosts, const Definitions& groups) {
    Resolver resolver(hosts, groups);
    const auto set = resolver.evaluate(expression.root());
    if (!set) return std::unexpected(set.error());
    Choice choice{.notes = std::move(resolver.notes)};
    if (choice.notes.size() > max_notes) {
        choice.notes.resize(max_notes);
        choice.notes.emplace_back("there is more to say; these are the first");
    }
    for (std::size_t i = 0; i < set->size(); ++i) {
        if ((*set)[i] != 0) choice.hosts.push_back(i);
    }
    return choice;
}

std::vector<std::vector<std::string>> groups_of(std::span<const Host> hosts,
                                                const Definitions& groups) {
    std::vector<std::vector<std::string>> names(hosts.size());
    Resolver resolver(hosts, groups);
    for (const auto& [name, definition] : groups) {
        const auto set = resolver.group(name, 1);
        resolver.notes.clear();
        for (std::size_t i = 0; set && i < set->size(); ++i) {
            if ((*set)[i] != 0) names[i].push_back(name);
        }
    }
    return names;
}

std::expected<void, TargetError> check_references(const std::string& name,
                                                  const Definition& definition,
                                                  const Definitions& groups) {
    if (!definition.expression) return {};
    for (const auto* mention : definition.expression->groups()) {
        std::set<std::string> seen;
        std::vector<std::string> way;
        if (leads_to(mention->name, name, groups, seen, way)) {
            std::string circle = name;
            for (const auto& one : way)
                circle += " → " + one;
            return std::unexpected(TargetError{
                mention->column, "the group would mention itself: " + circle + " → " + name});
        }
        if (!groups.contains(mention->name)) {
            return std::unexpected(
                TargetError{mention->column, missing_group(mention->name, groups)});
        }
    }
    auto changed = groups;
    changed[name] = definition;
    std::map<std::string, int> known;
    for (const auto& [other, unused] : changed) {
        if (depth_of(other, changed, known) <= max_group_depth) continue;
        return std::unexpected(TargetError{1, "group '" + other + "' would have more than " +
                                                  std::to_string(max_group_depth) +
                                                  " groups within each other; expected less"});
    }
    return {};
}

std::vector<std::string> mentioned_by(std::string_view name, const Definitions& groups) {
    std::vector<std::string> names;
    for (const auto& [other, definition] : groups) {
        if (!definition.expression) continue;
        const auto mentions = definition.expression->groups();
        if (std::ranges::any_of(mentions, [&](const Node* node) { return node->name == name; })) {
            names.push_back(other);
        }
    }
    return names;
}

}  // namespace cockpit::targets

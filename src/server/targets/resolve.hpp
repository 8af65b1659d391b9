#pragma once
// Which hosts an expression means right now. Pure: hosts and groups in, hosts out. Takes the time
// of the hosts times the parts of the expression and of the groups it needs, each group once.

#include <cstddef>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/targets/expression.hpp"

namespace cockpit::targets {

using Labels = std::map<std::string, std::string, std::less<>>;

/// A host as expressions see it.
struct Host {
    std::string id;
    Labels labels;  ///< the host's own and the server's
};

/// What a group means: a fixed list of ids, or whoever an expression means at that moment.
struct Definition {
    std::vector<std::string> members;
    std::optional<Expression> expression;  ///< with it, `members` is empty
};
using Definitions = std::map<std::string, Definition, std::less<>>;

/// Groups may mention groups, this many within each other at most.
inline constexpr int max_group_depth = 16;
inline constexpr std::size_t max_notes = 20;

struct Choice {
    std::vector<std::size_t> hosts;  ///< indices into the hosts that were given, ascending
    /// Sentences about parts that mean nobody: a glob or a label that no host has, a member of a
    /// group that is not known any more.
    std::vector<std::string> notes;
};

/// `hosts` must be ordered by id. An error for what must be a mistake: a group or an id without
/// wildcards that does not exist, groups that mention each other in a circle.
std::expected<Choice, TargetError> resolve(const Expression& expression,
                                           std::span<const Host> hosts, const Definitions& groups);

/// The names of the groups each host is in, in the order of the hosts, which need not be all. A
/// group that cannot be resolved has nobody in it.
std::vector<std::vector<std::string>> groups_of(std::span<const Host> hosts,
                                                const Definitions& groups);

/// What forbids that `name` means `definition`: a group it mentions is missing, or mentions `name`
/// in turn ("a → b → a"), or groups are too many within each other. Looks at no hosts.
std::expected<void, TargetError> check_references(const std::string& name,
                                                  const Definition& definition,
                                                  const Definitions& groups);

/// The groups whose expressions mention `name`, by name.
std::vector<std::string> mentioned_by(std::string_view name, const Definitions& groups);

}  // namespace cockpit::targets

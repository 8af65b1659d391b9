#pragma once
// What the store does with groups and the server's labels, in SQL that both databases understand.

#include "server/store/command_queries.hpp"
#include "server/targets/group_store.hpp"

namespace cockpit::store {

WriteOf<bool> add_group(const targets::GroupRecord& group);
WriteOf<bool> replace_group(const targets::GroupRecord& group);
WriteOf<bool> remove_group(const std::string& name);
WriteOf<bool> save_labels(const targets::LabelRecord& labels);

/// Throws std::runtime_error for members or labels that are not what was written here: a broken
/// list must not be read as an empty one.
targets::TargetRecords load_targets(Connection& connection);

}  // namespace cockpit::store

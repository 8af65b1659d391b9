#pragma once
// Where groups and the server's labels are kept. targets owns this interface, server/store
// implements it. Same rules for callbacks and errors as server/dispatch/command_store.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/dispatch/command_store.hpp"
#include "server/targets/resolve.hpp"

namespace cockpit::targets {

/// One row of cockpit_groups: members or an expression, never both. Times are milliseconds since
/// the Unix epoch.
struct GroupRecord {
    std::string name;
    std::string description;
    std::optional<std::vector<std::string>> members;  ///< ids
    std::optional<std::string> expression;            ///< as it was written
    std::string created_by;
    std::int64_t created_at_ms = 0;
    std::string updated_by;
    std::int64_t updated_at_ms = 0;
};

/// One row of cockpit_agent_labels: what the server adds to the labels of a host.
struct LabelRecord {
    std::string agent_id;
    Labels labels;
    std::string updated_by;
    std::int64_t updated_at_ms = 0;
};

struct TargetRecords {
    std::vector<GroupRecord> groups;
    std::vector<LabelRecord> labels;
};

class GroupStore {
  public:
    virtual ~GroupStore() = default;

    virtual void load_targets(runtime::Callback<dispatch::StoreResult<TargetRecords>> done) = 0;
    /// False: the name is taken, and nothing was changed.
    virtual void add_group(GroupRecord group,
                           runtime::Callback<dispatch::StoreResult<bool>> done) = 0;
    /// Everything but who made it and when. False: there is no group of this name.
    virtual void replace_group(GroupRecord group,
                               runtime::Callback<dispatch::StoreResult<bool>> done) = 0;
    /// False: there is no group of this name.
    virtual void remove_group(std::string name,
                              runtime::Callback<dispatch::StoreResult<bool>> done) = 0;
    /// Inserts the row or replaces it.
    virtual void save_labels(LabelRecord labels,
                             runtime::Callback<dispatch::StoreResult<bool>> done) = 0;
};

}  // namespace cockpit::targets

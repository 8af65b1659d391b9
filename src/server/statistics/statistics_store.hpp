#pragma once
// How many commands ended, when, how and how fast: added up as they end, so that asking costs the
// same however long the history is. server/statistics owns this interface, server/store implements
// it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/command_state.hpp"
#include "server/dispatch/command_store.hpp"

namespace cockpit::statistics {

/// Tallies are kept twice, so that a week is no longer to read than an hour is.
enum class Step { minute, hour };
constexpr std::int64_t minutes_of(Step step) {
    return step == Step::minute ? 1 : 60;
}

/// Commands of one name that ended in one state, in one step of time, after about one duration.
struct Tally {
    std::int64_t minute = 0;  ///< the first of its step, since the Unix epoch
    std::string command;
    protocol::CommandState state = protocol::CommandState::success;
    /// The least duration of its class (see end_of_class); nothing: it never ran.
    std::optional<std::int64_t> duration_ms;
    std::int64_t total = 0;
};

/// Tallies of steps that began before these minutes go.
struct Retention {
    std::int64_t minutes = 0;  ///< of those by the minute
    std::int64_t hours = 0;    ///< of those by the hour
};

/// Commands of one host that are in one state, none of them final.
struct OpenCount {
    std::string agent_id;
    protocol::CommandState state = protocol::CommandState::pending;
    std::int64_t total = 0;
};

struct DatabaseSize {
    std::int64_t bytes = 0;    ///< of the whole database, on disk
    std::int64_t history = 0;  ///< from the first command's id to the last's: at least as many
};

/// Callbacks as those of dispatch::CommandStore.
class StatisticsStore {
  public:
    virtual ~StatisticsStore() = default;

    /// What ended in `from_minute` or later, in no order; several may be of the same kind.
    virtual void tallies(std::int64_t from_minute, Step step,
                         runtime::Callback<dispatch::StoreResult<std::vector<Tally>>> done) = 0;
    virtual void remove_tallies(Retention before,
                                runtime::Callback<dispatch::StoreResult<bool>> done) = 0;
    virtual void open_counts(
        runtime::Callback<dispatch::StoreResult<std::vector<OpenCount>>> done) = 0;
    /// Costs the same however long the history is.
    virtual void database_size(runtime::Callback<dispatch::StoreResult<DatabaseSize>> done) = 0;
};

}  // namespace cockpit::statistics

#pragma once
// Where commands are kept: the truth of the server's side. dispatch owns this interface,
// server/store implements it on SQLite and PostgreSQL.
//
// Callbacks come on the I/O thread, exactly once, never from inside the call. When a write's
// callback says it is done, it is committed and synced. Writes that wait at the same time share a
// transaction.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "protocol/command_state.hpp"
#include "protocol/ids.hpp"
#include "runtime/await_callback.hpp"

namespace cockpit::dispatch {

/// The database would not do it. `message` is for the log and may hold details of the database;
/// whoever tells a person says only that the store is unavailable.
struct StoreError {
    std::string message;
};
template <typename T>
using StoreResult = std::expected<T, StoreError>;

/// One row of cockpit_agent_commands: the original's columns, then ours. Times are milliseconds
/// since the Unix epoch; the database holds them as its own timestamps.
struct CommandRecord {
    std::int64_t id = 0;  ///< given by the database, grows: the order of history
    std::string agent_id;
    std::string command_id;
    std::string command;
    std::string params;                                              ///< JSON text
    protocol::CommandState state = protocol::CommandState::pending;  ///< column `status`
    std::optional<std::string> output;
    std::optional<std::string> error;
    std::optional<std::int64_t> execution_time_ms;
    std::int64_t sent_at_ms = 0;
    std::optional<std::int64_t> completed_at_ms;
    std::string sent_by;

    int attempt = 1;
    std::int64_t expires_at_ms = 0;          ///< it may not start after this
    std::optional<std::int64_t> timeout_ms;  ///< limit of execution asked for
    std::optional<std::int64_t> delivered_at_ms;
    std::optional<std::int64_t> started_at_ms;
    std::optional<int> exit_code;
};

/// News of one attempt. Written only where protocol::may_follow allows it and the attempt is the
/// row's.
struct CommandUpdate {
    protocol::AttemptId attempt;
    std::string agent_id;  ///< must be the row's: news from another host changes nothing
    protocol::CommandState state;
    std::int64_t at_ms = 0;  ///< becomes delivered_at, started_at or completed_at, by the state
    std::optional<std::string> output;
    std::optional<std::string> error;
    std::optional<std::int64_t> execution_time_ms;
    std::optional<int> exit_code;
};

struct UpdateOutcome {
    bool changed = false;  ///< false: late, repeated or not this agent's; nothing was written
    std::optional<CommandRecord> record;  ///< as it stands now; nothing for an unknown command id
};

struct HistoryQuery {
    std::optional<std::string> agent_id;
    int limit = 50;                         ///< 1 to 1000
    std::optional<std::int64_t> before_id;  ///< rows with a smaller id, newest first
};
struct HistoryPage {
    std::vector<CommandRecord> records;
    std::int64_t total =
        0;  ///< of all pages; from counters kept in the same transactions, never COUNT(*)
    bool more = false;
};

class CommandStore {
  public:
    virtual ~CommandStore() = default;

    /// Adds the row; the record comes back with its id.
    virtual void insert(CommandRecord record,
                        runtime::Callback<StoreResult<CommandRecord>> done) = 0;
    virtual void update(CommandUpdate update,
                        runtime::Callback<StoreResult<UpdateOutcome>> done) = 0;

    virtual void find(protocol::CommandId id,
                      runtime::Callback<StoreResult<std::optional<CommandRecord>>> done) = 0;
    virtual void history(HistoryQuery query, runtime::Callback<StoreResult<HistoryPage>> done) = 0;
    /// Rows in no final state, oldest first: what a starting server must take up again.
    virtual void open_commands(runtime::Callback<StoreResult<std::vector<CommandRecord>>> done) = 0;
    /// Answers whether the database answers; for readiness.
    virtual void ping(runtime::Callback<StoreResult<bool>> done) = 0;
};

}  // namespace cockpit::dispatch

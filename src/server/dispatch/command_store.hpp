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

/// When a command is tried again by itself, as a new attempt.
struct RetryPolicy {
    int max_attempts = 1;
    std::int64_t backoff_ms = 5'000;         ///< doubles with each attempt
    std::vector<protocol::CommandState> on;  ///< outcomes that are tried again
};

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

    std::optional<int> signal;                      ///< the number of the signal that ended it
    std::optional<std::int64_t> cpu_ms;             ///< processor time of all its processes
    std::optional<std::int64_t> peak_memory_bytes;  ///< where the host could tell
    std::optional<std::string> containment;         ///< cgroup or process_group
    /// Whether an entry of this attempt may be on the wire. False only for a command that waits for
    /// a host that is away: it can be cancelled and can expire without asking anybody.
    bool dispatched = true;
    std::optional<std::int64_t> cancel_requested_at_ms;
    std::optional<std::string> cancel_requested_by;
    std::optional<std::string> idempotency_key;  ///< the asker's, unique with sent_by
    std::optional<std::string> request_digest;   ///< of the request that brought the key
    RetryPolicy retry;
    std::optional<std::int64_t> next_attempt_at_ms;  ///< while it waits between two attempts
    std::optional<std::int64_t> output_bytes;        ///< how many it wrote in all
    std::optional<std::string> output_sha256;        ///< of all of them, in hex
    bool forced = false;  ///< goes out although the start guard forbids it
};

/// The record's current attempt. Its command id must be one of ours (a UUID).
inline protocol::AttemptId attempt_of(const CommandRecord& record) {
    return {*protocol::CommandId::parse(record.command_id), record.attempt};
}

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
    std::optional<int> signal;
    std::optional<std::int64_t> cpu_ms;
    std::optional<std::int64_t> peak_memory_bytes;
    std::optional<std::string> containment;
    /// Set with a final state: the outcome is kept as this attempt's, and the row becomes `pending`
    /// again with the next attempt, not to start before this. Changes nothing once somebody asked
    /// to cancel.
    std::optional<std::int64_t> retry_at_ms;
    std::optional<std::int64_t> output_bytes;
    std::optional<std::string> output_sha256;
    /// Written only as long as the attempt is not dispatched: what one server believes never to
    /// have been sent another one may just have put on the wire.
    bool only_undispatched = false;
};

/// One row of cockpit_command_attempts: how an attempt before the last one ended.
struct AttemptRecord {
    int attempt = 1;
    protocol::CommandState state = protocol::CommandState::interrupted;
    std::optional<std::string> output;
    std::optional<std::string> error;
    std::optional<std::int64_t> execution_time_ms;
    std::optional<int> exit_code;
    std::optional<std::int64_t> delivered_at_ms;
    std::optional<std::int64_t> started_at_ms;
    std::optional<std::int64_t> completed_at_ms;
    std::optional<int> signal;
    std::optional<std::int64_t> cpu_ms;
    std::optional<std::int64_t> peak_memory_bytes;
    std::optional<std::string> containment;
    std::optional<std::int64_t> output_bytes;
    std::optional<std::string> output_sha256;
};

struct UpdateOutcome {
    bool changed = false;  ///< false: late, repeated or not this agent's; nothing was written
    std::optional<CommandRecord> record;  ///< as it stands now; nothing for an unknown command id
};

struct HistoryQuery {
    std::optional<std::string> agent_id;
    bool only_open = false;                 ///< rows in no final state
    int limit = 50;                         ///< 1 to 1000
    std::optional<std::int64_t> before_id;  ///< rows with a smaller id, newest first

    // Filters: what is not there lets everything through.
    std::optional<std::string> command;
    std::optional<protocol::CommandState> state;
    std::optional<std::string> sent_by;
    std::optional<std::int64_t> since_ms;  ///< sent at that time or later
    std::optional<std::int64_t> until_ms;  ///< sent at that time or earlier
};
struct HistoryPage {
    std::vector<CommandRecord> records;
    /// Of all pages; from counters kept in the same transactions, never COUNT(*). Nothing where
    /// a filter decides: nobody counts those.
    std::optional<std::int64_t> total;
    /// Where the next page begins; nothing: this was the last. With a filter a page may be short,
    /// or empty, and still not the last, since each looks at so many rows only.
    std::optional<std::int64_t> next_before_id;
};

class CommandStore {
  public:
    virtual ~CommandStore() = default;

    /// Adds the row; the record comes back with its id. Fails, too, where sent_by used the record's
    /// idempotency key before: find_by_key() then has the earlier row.
    virtual void insert(CommandRecord record,
                        runtime::Callback<StoreResult<CommandRecord>> done) = 0;
    virtual void update(CommandUpdate update,
                        runtime::Callback<StoreResult<UpdateOutcome>> done) = 0;
    /// The attempt is about to go on the wire, with this expiry. Changes only a row that is
    /// pending, at that attempt and not dispatched yet: of several servers one sends.
    virtual void mark_dispatched(protocol::AttemptId attempt, std::int64_t expires_at_ms,
                                 runtime::Callback<StoreResult<UpdateOutcome>> done) = 0;
    /// Writes down who wants it stopped, for a row in no final state. One that was never dispatched
    /// becomes `cancelled` by it.
    virtual void request_cancel(protocol::CommandId id, std::string by, std::int64_t at_ms,
                                runtime::Callback<StoreResult<UpdateOutcome>> done) = 0;

    virtual void find(protocol::CommandId id,
                      runtime::Callback<StoreResult<std::optional<CommandRecord>>> done) = 0;
    /// The row that this asker's idempotency key made.
    virtual void find_by_key(std::string sent_by, std::string idempotency_key,
                             runtime::Callback<StoreResult<std::optional<CommandRecord>>> done) = 0;
    /// The attempts before the current one, oldest first.
    virtual void attempts(protocol::CommandId id,
                          runtime::Callback<StoreResult<std::vector<AttemptRecord>>> done) = 0;
    virtual void history(HistoryQuery query, runtime::Callback<StoreResult<HistoryPage>> done) = 0;
    /// Rows in no final state, oldest first: what a starting server must take up again.
    virtual void open_commands(runtime::Callback<StoreResult<std::vector<CommandRecord>>> done) = 0;
    /// Answers whether the database answers; for readiness.
    virtual void ping(runtime::Callback<StoreResult<bool>> done) = 0;
};

}  // namespace cockpit::dispatch

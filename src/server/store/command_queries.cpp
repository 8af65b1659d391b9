#include "server/store/command_queries.hpp"

#include <map>

#include "server/store/column_values.hpp"
#include "server/store/command_rows.hpp"

namespace cockpit::store {
namespace {

using dispatch::CommandRecord;
using protocol::CommandState;

constexpr std::string_view insert_sql = R"(
    INSERT INTO cockpit_agent_commands (
        agent_id, command_id, command, params, status, output, error, execution_time_ms, sent_at,
        completed_at, sent_by, attempt, expires_at_ms, timeout_ms, delivered_at, started_at, exit_code,
        dispatched, idempotency_key, request_digest, retry_policy, forced)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
        $21, $22)
    RETURNING id)";

constexpr std::string_view count_sql = R"(
    INSERT INTO cockpit_agent_command_counts (agent_id, total) VALUES ($1, $2)
    ON CONFLICT (agent_id) DO UPDATE
    SET total = cockpit_agent_command_counts.total + excluded.total)";

constexpr std::string_view find_sql =
    "SELECT " COCKPIT_COMMAND_COLUMNS "FROM cockpit_agent_commands WHERE command_id = $1";

constexpr std::string_view find_by_key_sql =
    "SELECT " COCKPIT_COMMAND_COLUMNS
    "FROM cockpit_agent_commands WHERE sent_by = $1 AND idempotency_key = $2";

constexpr std::string_view mark_dispatched_sql =
    "UPDATE cockpit_agent_commands SET dispatched = TRUE, expires_at_ms = $1, "
    "next_attempt_at = NULL WHERE command_id = $2 AND attempt = $3 AND dispatched = FALSE "
    "AND status = 'pending' RETURNING id";

constexpr std::string_view request_cancel_sql =
    "UPDATE cockpit_agent_commands SET cancel_requested_at = $1, cancel_requested_by = $2, "
    "completed_at = CASE WHEN dispatched THEN completed_at ELSE $3 END, "
    "status = CASE WHEN dispatched THEN status ELSE 'cancelled' END "
    "WHERE command_id = $4 AND " COCKPIT_IS_OPEN " RETURNING id";

constexpr std::string_view keep_attempt_sql =
    "INSERT INTO cockpit_command_attempts (command_id, attempt, status, output, error, "
    "execution_time_ms, exit_code, delivered_at, started_at, completed_at, signal, cpu_ms, "
    "peak_memory_bytes, containment, output_bytes, output_sha256) "
    "SELECT command_id, attempt, CAST($1 AS VARCHAR(20)), CAST($2 AS TEXT), CAST($3 AS TEXT), "
    "CAST($4 AS INTEGER), CAST($5 AS INTEGER), delivered_at, started_at, COALESCE($6, "
    "completed_at), CAST($7 AS INTEGER), CAST($8 AS BIGINT), CAST($9 AS BIGINT), "
    "CAST($10 AS VARCHAR(20)), CAST($11 AS BIGINT), CAST($12 AS VARCHAR(64)) "
    "FROM cockpit_agent_commands "
    "WHERE command_id = $13 AND agent_id = $14 AND attempt = $15 AND cancel_requested_at IS NULL "
    "AND " COCKPIT_IS_OPEN;

constexpr std::string_view begin_again_sql =
    "UPDATE cockpit_agent_commands SET status = 'pending', attempt = attempt + 1, "
    "dispatched = FALSE, next_attempt_at = $1, delivered_at = NULL, started_at = NULL "
    "WHERE command_id = $2 AND agent_id = $3 AND attempt = $4 AND cancel_requested_at IS NULL "
    "AND " COCKPIT_IS_OPEN " RETURNING id";

constexpr std::string_view attempts_sql =
    "SELECT attempt, status, output, error, execution_time_ms, exit_code, delivered_at, "
    "started_at, completed_at, signal, cpu_ms, peak_memory_bytes, containment, output_bytes, "
    "output_sha256 FROM cockpit_command_attempts WHERE command_id = $1 "
    "ORDER BY attempt";

// To the letter the condition of the partial index of 003_command_delivery.
constexpr std::string_view open_sql =
    "SELECT " COCKPIT_COMMAND_COLUMNS "FROM cockpit_agent_commands WHERE " COCKPIT_IS_OPEN
    " ORDER BY id";

// "max_attempts backoff_ms state state …"; nothing for a command that is never tried again.
std::optional<std::string> retry_text(const dispatch::RetryPolicy& retry) {
    if (retry.max_attempts <= 1) return std::nullopt;
    auto text = std::to_string(retry.max_attempts) + " " + std::to_string(retry.backoff_ms);
    for (const auto state : retry.on)
        text += " " + std::string(protocol::to_text(state));
    return text;
}

constexpr CommandState every_state[] = {
    CommandState::pending,   CommandState::delivered,     CommandState::running,
    CommandState::success,   CommandState::error,         CommandState::timeout,
    CommandState::cancelled, CommandState::cancel_failed, CommandState::interrupted,
    CommandState::expired,   CommandState::refused};

// The states that `next` may follow, as SQL; empty when there is none.
std::string predecessors_of(CommandState next) {
    std::string list;
    for (const auto state : every_state) {
        if (!protocol::may_follow(state, next)) continue;
        list += (list.empty() ? "'" : ", '") + std::string(protocol::to_text(state)) + "'";
    }
    return list;
}

std::string update_sql(CommandState next, bool only_undispatched) {
    std::string column = "completed_at";
    if (next == CommandState::delivered) column = "delivered_at";
    if (next == CommandState::running) column = "started_at";
    const std::string predecessors = predecessors_of(next);
    return "UPDATE cockpit_agent_commands SET status = $1, " + column +
           " = $2, output = COALESCE($3, output), error = COALESCE($4, error), "
           "execution_time_ms = COALESCE($5, execution_time_ms), exit_code = COALESCE($6, "
           "exit_code), signal = COALESCE($7, signal), cpu_ms = COALESCE($8, cpu_ms), "
           "peak_memory_bytes = COALESCE($9, peak_memory_bytes), "
           "containment = COALESCE($10, containment), "
           "output_bytes = COALESCE($11, output_bytes), "
           "output_sha256 = COALESCE($12, output_sha256) "
           "WHERE command_id = $13 AND agent_id = $14 AND attempt = $15 AND " +
           (predecessors.empty() ? "1 = 0"
                                 : "COALESCE(status, 'pending') IN (" + predecessors + ")") +
           (only_undispatched ? " AND dispatched = FALSE" : "") + " RETURNING id";
}

std::string_view update_sql_of(CommandState next, bool only_undispatched) {
    static const auto texts = [] {
        std::map<std::pair<CommandState, bool>, std::string> made;
        for (const auto state : every_state) {
            for (const bool only : {false, true})
                made.emplace(std::pair(state, only), update_sql(state, only));
        }
        return made;
    }();
    return texts.at({next, only_undispatched});
}

void make_storable(std::optional<std::string>& text) {
    if (text) text = storable_text(*text);
}

}  // namespace

WriteOf<CommandRecord> insert_command(CommandRecord record) {
    // What the caller gets back is what a reader will see.
    for (auto* text :
         {&record.agent_id, &record.command_id, &record.command, &record.params, &record.sent_by}) {
        *text = storable_text(*text);
    }
    make_storable(record.output);
    make_storable(record.error);
    Statement statement{insert_sql,
                        {text_value(record.agent_id),
                         text_value(record.command_id),
                         text_value(record.command),
                         text_value(record.params),
                         text_value(protocol::to_text(record.state)),
                         text_value(record.output),
                         text_value(record.error),
                         small_integer_value(record.execution_time_ms),
                         timestamp_value(record.sent_at_ms),
                         timestamp_value(record.completed_at_ms),
                         text_value(record.sent_by),
                         small_integer_value(record.attempt),
                         integer_value(record.expires_at_ms),
                         integer_value(record.timeout_ms),
                         timestamp_value(record.delivered_at_ms),
                         timestamp_value(record.started_at_ms),
                         small_integer_value(record.exit_code),
                         boolean_value(record.dispatched),
                         text_value(record.idempotency_key),
                         text_value(record.request_digest),
                         text_value(retry_text(record.retry)),
                         boolean_value(record.forced)}};
    auto agent_id = record.agent_id;
    return {{std::move(statement)},
            [record = std::move(record)](std::span<const Rows> results) mutable {
                record.id = results[0][0].integer(0).value_or(0);
                return std::move(record);
            },
            std::move(agent_id)};
}

namespace {

// One statement changes the row under a condition; the next reads it as it stands.
WriteOf<dispatch::UpdateOutcome> change_and_read(std::vector<Statement> statements,
                                                 const std::string& command_id) {
    statements.push_back({find_sql, {text_value(command_id)}});
    return {std::move(statements),
            [](std::span<const Rows> results) {
                dispatch::UpdateOutcome outcome;
                outcome.changed = !results[results.size() - 2].empty();
                const auto& row = results.back();
                if (!row.empty()) outcome.record = record_of(row[0]);
                return outcome;
            },
            std::nullopt};
}

// The outcome goes to the attempts, and the row begins again; both or neither, by the same
// condition.
WriteOf<dispatch::UpdateOutcome> update_for_retry(const dispatch::CommandUpdate& update) {
    const auto& command_id = update.attempt.command.text();
    Statement keep{keep_attempt_sql,
                   {text_value(protocol::to_text(update.state)), text_value(update.output),
                    text_value(update.error), small_integer_value(update.execution_time_ms),
                    small_integer_value(update.exit_code), timestamp_value(update.at_ms),
                    small_integer_value(update.signal), integer_value(update.cpu_ms),
                    integer_value(update.peak_memory_bytes), text_value(update.containment),
                    integer_value(update.output_bytes), text_value(update.output_sha256),
                    text_value(command_id), text_value(update.agent_id),
                    small_integer_value(update.attempt.attempt)}};
    Statement begin_again{
        begin_again_sql,
        {timestamp_value(*update.retry_at_ms), text_value(command_id), text_value(update.agent_id),
         small_integer_value(update.attempt.attempt)}};
    return change_and_read({std::move(keep), std::move(begin_again)}, command_id);
}

}  // namespace

WriteOf<dispatch::UpdateOutcome> mark_dispatched(const protocol::AttemptId& attempt,
                                                 std::int64_t expires_at_ms) {
    const auto& command_id = attempt.command.text();
    return change_and_read({{mark_dispatched_sql,
                             {integer_value(expires_at_ms), text_value(command_id),
                              small_integer_value(attempt.attempt)}}},
                           command_id);
}

WriteOf<dispatch::UpdateOutcome> request_cancel(const protocol::CommandId& id,
                                                const std::string& by, std::int64_t at_ms) {
    return change_and_read(
        {{request_cancel_sql,
          {timestamp_value(at_ms), text_value(by), timestamp_value(at_ms), text_value(id.text())}}},
        id.text());
}

WriteOf<dispatch::UpdateOutcome> update_command(const dispatch::CommandUpdate& update) {
    if (update.retry_at_ms) return update_for_retry(update);
    const auto& command_id = update.attempt.command.text();
    Statement change{update_sql_of(update.state, update.only_undispatched),
                     {text_value(protocol::to_text(update.state)), timestamp_value(update.at_ms),
                      text_value(update.output), text_value(update.error),
                      small_integer_value(update.execution_time_ms),
                      small_integer_value(update.exit_code), small_integer_value(update.signal),
                      integer_value(update.cpu_ms), integer_value(update.peak_memory_bytes),
                      text_value(update.containment), integer_value(update.output_bytes),
                      text_value(update.output_sha256), text_value(command_id),
                      text_value(update.agent_id), small_integer_value(update.attempt.attempt)}};
    return change_and_read({std::move(change)}, command_id);
}

Statement add_to_count(const std::string& agent_id, std::int64_t rows) {
    return {count_sql, {text_value(agent_id), integer_value(rows)}};
}

std::optional<CommandRecord> find_command(Connection& connection, const std::string& id) {
    const Rows rows = connection.query({find_sql, {text_value(id)}});
    if (rows.empty()) return std::nullopt;
    return record_of(rows[0]);
}

std::optional<CommandRecord> find_by_key(Connection& connection, const std::string& sent_by,
                                         const std::string& idempotency_key) {
    const Rows rows =
        connection.query({find_by_key_sql, {text_value(sent_by), text_value(idempotency_key)}});
    if (rows.empty()) return std::nullopt;
    return record_of(rows[0]);
}

std::vector<dispatch::AttemptRecord> command_attempts(Connection& connection,
                                                      const std::string& id) {
    std::vector<dispatch::AttemptRecord> attempts;
    const Rows rows = connection.query({attempts_sql, {text_value(id)}});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        attempts.push_back({.attempt = static_cast<int>(row.integer(0).value_or(1)),
                            .state = state_of(row.cell(1)),
                            .output = row.cell(2),
                            .error = row.cell(3),
                            .execution_time_ms = row.integer(4),
                            .exit_code = int_of(row.integer(5)),
                            .delivered_at_ms = timestamp_cell(row.cell(6)),
                            .started_at_ms = timestamp_cell(row.cell(7)),
                            .completed_at_ms = timestamp_cell(row.cell(8)),
                            .signal = int_of(row.integer(9)),
                            .cpu_ms = row.integer(10),
                            .peak_memory_bytes = row.integer(11),
                            .containment = row.cell(12),
                            .output_bytes = row.integer(13),
                            .output_sha256 = row.cell(14)});
    }
    return attempts;
}

std::vector<CommandRecord> open_commands(Connection& connection) {
    return records_of(connection.query({open_sql, {}}));
}

}  // namespace cockpit::store

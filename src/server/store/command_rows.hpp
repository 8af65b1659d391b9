#pragma once
// A row of cockpit_agent_commands as the value it stands for, for all who read that table.

#include <optional>
#include <string>
#include <vector>

#include "server/dispatch/command_store.hpp"
#include "server/store/connection.hpp"

// The columns in the order in which `record_of` reads them.
#define COCKPIT_COMMAND_COLUMNS                                                             \
    "id, agent_id, command_id, command, params, status, output, error, execution_time_ms, " \
    "sent_at, completed_at, sent_by, attempt, expires_at_ms, timeout_ms, delivered_at, "    \
    "started_at, exit_code, signal, cpu_ms, peak_memory_bytes, containment, dispatched, "   \
    "cancel_requested_at, cancel_requested_by, idempotency_key, request_digest, "           \
    "retry_policy, next_attempt_at, output_bytes, output_sha256, forced "

// The row's own state decides whether it is still open, in the same words as the partial index.
#define COCKPIT_IS_OPEN "COALESCE(status, 'pending') IN ('pending', 'delivered', 'running')"

namespace cockpit::store {

dispatch::CommandRecord record_of(const Rows::Row& row);
std::vector<dispatch::CommandRecord> records_of(const Rows& rows);

/// The original left rows without a status; nothing was heard of them. A word that neither of us
/// ever wrote tells nothing of how the command ended, and it must not be taken up again.
protocol::CommandState state_of(const std::optional<std::string>& status);

std::optional<int> int_of(std::optional<std::int64_t> number);

}  // namespace cockpit::store

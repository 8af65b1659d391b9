#include "server/store/command_rows.hpp"

#include <sstream>

#include "server/store/column_values.hpp"

namespace cockpit::store {

using dispatch::CommandRecord;
using protocol::CommandState;

namespace {

dispatch::RetryPolicy retry_of(const std::optional<std::string>& text) {
    dispatch::RetryPolicy retry;
    if (!text) return retry;
    std::istringstream words(*text);
    words >> retry.max_attempts >> retry.backoff_ms;
    for (std::string word; words >> word;) {
        if (const auto state = protocol::parse_command_state(word)) retry.on.push_back(*state);
    }
    return retry;
}

}  // namespace

CommandState state_of(const std::optional<std::string>& status) {
    if (!status) return CommandState::pending;
    return protocol::parse_command_state(*status).value_or(CommandState::interrupted);
}

std::optional<int> int_of(std::optional<std::int64_t> number) {
    if (!number) return std::nullopt;
    return static_cast<int>(*number);
}

CommandRecord record_of(const Rows::Row& row) {
    CommandRecord record;
    record.id = row.integer(0).value_or(0);
    record.agent_id = row.text(1);
    record.command_id = row.text(2);
    record.command = row.text(3);
    record.params = row.cell(4).value_or("{}");
    record.state = state_of(row.cell(5));
    record.output = row.cell(6);
    record.error = row.cell(7);
    record.execution_time_ms = row.integer(8);
    record.sent_at_ms = timestamp_cell(row.cell(9)).value_or(0);
    record.completed_at_ms = timestamp_cell(row.cell(10));
    record.sent_by = row.text(11);
    record.attempt = static_cast<int>(row.integer(12).value_or(1));
    // A row of the original had no such time: it was sent once, and missed by whoever was not
    // there.
    record.expires_at_ms = row.integer(13).value_or(record.sent_at_ms);
    record.timeout_ms = row.integer(14);
    record.delivered_at_ms = timestamp_cell(row.cell(15));
    record.started_at_ms = timestamp_cell(row.cell(16));
    record.exit_code = int_of(row.integer(17));
    record.signal = int_of(row.integer(18));
    record.cpu_ms = row.integer(19);
    record.peak_memory_bytes = row.integer(20);
    record.containment = row.cell(21);
    record.dispatched = row.boolean(22);
    record.cancel_requested_at_ms = timestamp_cell(row.cell(23));
    record.cancel_requested_by = row.cell(24);
    record.idempotency_key = row.cell(25);
    record.request_digest = row.cell(26);
    record.retry = retry_of(row.cell(27));
    record.next_attempt_at_ms = timestamp_cell(row.cell(28));
    record.output_bytes = row.integer(29);
    record.output_sha256 = row.cell(30);
    record.forced = row.boolean(31);
    return record;
}

std::vector<CommandRecord> records_of(const Rows& rows) {
    std::vector<CommandRecord> records;
    records.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        records.push_back(record_of(rows[i]));
    return records;
}

}  // namespace cockpit::store

#pragma once
// What the store does with commands, in SQL that both databases understand.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/dispatch/command_store.hpp"
#include "server/store/connection.hpp"

namespace cockpit::store {

/// A write as the group writer takes it: statements that do not depend on each other's results, and
/// what their results mean.
template <typename Result>
struct WriteOf {
    std::vector<Statement> statements;
    std::move_only_function<Result(std::span<const Rows>)> decode;
    /// The write adds one row to this agent's history: the group adds up such rows and writes each
    /// total once, ordered by agent, so that servers sharing a database do not wait for each other
    /// in a circle.
    std::optional<std::string> counted_agent;
};

WriteOf<dispatch::CommandRecord> insert_command(dispatch::CommandRecord record);
/// One conditional statement decides, so that servers that share the database cannot both win.
WriteOf<dispatch::UpdateOutcome> update_command(const dispatch::CommandUpdate& update);
WriteOf<dispatch::UpdateOutcome> mark_dispatched(const protocol::AttemptId& attempt,
                                                 std::int64_t expires_at_ms);
WriteOf<dispatch::UpdateOutcome> request_cancel(const protocol::CommandId& id,
                                                const std::string& by, std::int64_t at_ms);
Statement add_to_count(const std::string& agent_id, std::int64_t rows);

std::optional<dispatch::CommandRecord> find_command(Connection& connection, const std::string& id);
std::optional<dispatch::CommandRecord> find_by_key(Connection& connection,
                                                   const std::string& sent_by,
                                                   const std::string& idempotency_key);
std::vector<dispatch::AttemptRecord> command_attempts(Connection& connection,
                                                      const std::string& id);
std::vector<dispatch::CommandRecord> open_commands(Connection& connection);

}  // namespace cockpit::store

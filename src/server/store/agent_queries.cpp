#include "server/store/agent_queries.hpp"

#include <random>

#include "server/store/column_values.hpp"
#include "server/store/text_list.hpp"

namespace cockpit::store {
namespace {

using dispatch::AgentRecord;
using dispatch::JoinToken;
using dispatch::RedeemFailure;

#define COCKPIT_AGENT_COLUMNS                                                              \
    "agent_id, public_key, pending_public_key, hostname, version, first_seen, last_seen, " \
    "commands, labels "
#define COCKPIT_REPLACE_AGENT                                                          \
    "ON CONFLICT (agent_id) DO UPDATE SET public_key = excluded.public_key, "          \
    "pending_public_key = excluded.pending_public_key, hostname = excluded.hostname, " \
    "version = excluded.version, last_seen = excluded.last_seen, "                     \
    "commands = excluded.commands, labels = excluded.labels"

constexpr std::string_view load_sql =
    "SELECT " COCKPIT_AGENT_COLUMNS "FROM cockpit_agents ORDER BY agent_id";
constexpr std::string_view save_sql =
    "INSERT INTO cockpit_agents (" COCKPIT_AGENT_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) " COCKPIT_REPLACE_AGENT;

constexpr std::string_view add_token_sql = R"(
    INSERT INTO cockpit_join_tokens (id, secret_hash, expires_at, uses_left, created_by, created_at)
    VALUES ($1, $2, $3, $4, $5, $6))";
constexpr std::string_view find_token_sql = R"(
    SELECT id, secret_hash, expires_at, uses_left, created_by, created_at
    FROM cockpit_join_tokens WHERE id = $1)";

// Two statements that cannot see each other's results: the first leaves a mark on the token it took
// a use of, the second saves the agent only where it finds the mark.
constexpr std::string_view take_use_sql = R"(
    UPDATE cockpit_join_tokens SET uses_left = uses_left - 1, last_redemption = $1
    WHERE id = $2 AND uses_left > 0 AND expires_at > $3
    RETURNING id)";
constexpr std::string_view save_joined_sql =
    "INSERT INTO cockpit_agents (" COCKPIT_AGENT_COLUMNS
    ") SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM cockpit_join_tokens "
    "WHERE id = $10 AND last_redemption = $11 " COCKPIT_REPLACE_AGENT;

AgentRecord agent_of(const Rows::Row& row) {
    AgentRecord record;
    record.agent_id = row.text(0);
    record.public_key = row.cell(1);
    record.pending_public_key = row.cell(2);
    record.hostname = row.text(3);
    record.version = row.text(4);
    record.first_seen_ms = timestamp_cell(row.cell(5)).value_or(0);
    record.last_seen_ms = timestamp_cell(row.cell(6)).value_or(0);
    record.commands = row.text(7);
    record.labels = names_of_text(row.text(8));
    return record;
}

JoinToken token_of(const Rows::Row& row) {
    JoinToken token;
    token.id = row.text(0);
    token.secret_hash = row.text(1);
    token.expires_at_ms = timestamp_cell(row.cell(2)).value_or(0);
    token.uses_left = row.integer(3).value_or(0);
    token.created_by = row.text(4);
    token.created_at_ms = timestamp_cell(row.cell(5)).value_or(0);
    return token;
}

std::vector<Value> values_of(const AgentRecord& record) {
    return {text_value(record.agent_id),
            text_value(record.public_key),
            text_value(record.pending_public_key),
            text_value(record.hostname),
            text_value(record.version),
            timestamp_value(record.first_seen_ms),
            timestamp_value(record.last_seen_ms),
            text_value(record.commands),
            text_value(names_text(record.labels))};
}

// Only to be unlike every other mark; no secret.
std::string new_mark() {
    std::random_device random;
    std::string mark;
    for (int i = 0; i < 4; ++i)
        mark += std::to_string(random()) + (i < 3 ? "-" : "");
    return mark;
}

}  // namespace

WriteOf<bool> save_agent(const AgentRecord& record) {
    return {{{save_sql, values_of(record)}}, [](std::span<const Rows>) { return true; }, {}};
}

WriteOf<bool> add_join_token(const JoinToken& token) {
    return {{{add_token_sql,
              {text_value(token.id), text_value(token.secret_hash),
               timestamp_value(token.expires_at_ms), integer_value(token.uses_left),
               text_value(token.created_by), timestamp_value(token.created_at_ms)}}},
            [](std::span<const Rows>) { return true; },
            {}};
}

WriteOf<std::optional<RedeemFailure>> redeem_join_token(const std::string& token_id,
                                                        std::int64_t now_ms,
                                                        const AgentRecord& record) {
    const Value mark = text_value(new_mark());
    const Value id = text_value(token_id);
    auto joined = values_of(record);
    joined.push_back(id);
    joined.push_back(mark);
    return {{{take_use_sql, {mark, id, timestamp_value(now_ms)}},
             {save_joined_sql, std::move(joined)},
             {find_token_sql, {id}}},
            [now_ms](std::span<const Rows> results) -> std::optional<RedeemFailure> {
                if (!results[0].empty()) return std::nullopt;
                if (results[2].empty()) return RedeemFailure::unknown;
                const JoinToken token = token_of(results[2][0]);
                return token.expires_at_ms <= now_ms ? RedeemFailure::expired
                                                     : RedeemFailure::used_up;
            },
            {}};
}

std::vector<AgentRecord> load_agents(Connection& connection) {
    const Rows rows = connection.query({load_sql, {}});
    std::vector<AgentRecord> agents;
    agents.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        agents.push_back(agent_of(rows[i]));
    return agents;
}

std::optional<JoinToken> find_join_token(Connection& connection, const std::string& id) {
    const Rows rows = connection.query({find_token_sql, {text_value(id)}});
    if (rows.empty()) return std::nullopt;
    return token_of(rows[0]);
}

}  // namespace cockpit::store

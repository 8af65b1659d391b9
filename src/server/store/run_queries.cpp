#include "server/store/run_queries.hpp"

#include <algorithm>
#include <limits>

#include "server/store/column_values.hpp"
#include "server/store/text_list.hpp"

namespace cockpit::store {
namespace {

using runs::PlanRecord;
using runs::Run;
using runs::RunHost;
using runs::RunRecord;

#define COCKPIT_RUN_COLUMNS                                                                    \
    "id, run_id, plan_hash, command, params, sealed_params, expression, concurrency, "         \
    "max_failures, canary, pause_ms, timeout_ms, queue_for_ms, created_by, created_at, "       \
    "ended_at, idempotency_key, parent_run_id, status, stopping_as, why, wave, wave_from_ms, " \
    "wish, wished_by, total, lease_owner, lease_until_ms, plan_id, request_digest, forced "

constexpr std::string_view add_plan_sql =
    "INSERT INTO cockpit_plans (plan_id, hash, command, params, sealed_params, expression, hosts, "
    "created_by, created_at, expires_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
constexpr std::string_view find_plan_sql =
    "SELECT plan_id, hash, command, params, sealed_params, expression, hosts, created_by, "
    "created_at, expires_at_ms FROM cockpit_plans WHERE plan_id = $1";
constexpr std::string_view remove_plans_sql = "DELETE FROM cockpit_plans WHERE expires_at_ms < $1";

constexpr std::string_view add_run_sql =
    "INSERT INTO cockpit_runs (run_id, plan_hash, command, params, sealed_params, expression, "
    "concurrency, max_failures, canary, pause_ms, timeout_ms, queue_for_ms, created_by, "
    "created_at, ended_at, idempotency_key, parent_run_id, status, stopping_as, why, wave, "
    "wave_from_ms, wish, wished_by, total, lease_owner, lease_until_ms, plan_id, request_digest, "
    "forced) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
    "$18, "
    "$19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30) ON CONFLICT DO NOTHING";
// Only where the row above was added.
constexpr std::string_view add_host_sql =
    "INSERT INTO cockpit_run_hosts (run_id, ordinal, agent_id, wave, state, command_id, outcome, "
    "why) SELECT r.run_id, CAST($1 AS INTEGER), CAST($2 AS VARCHAR(255)), CAST($3 AS INTEGER), "
    "CAST($4 AS VARCHAR(10)), '', NULL, CAST($5 AS TEXT) FROM cockpit_runs r WHERE r.run_id = $6";
constexpr std::string_view find_run_sql =
    "SELECT " COCKPIT_RUN_COLUMNS "FROM cockpit_runs WHERE run_id = $1";
constexpr std::string_view find_hosts_sql =
    "SELECT agent_id, wave, state, command_id, outcome, why FROM cockpit_run_hosts "
    "WHERE run_id = $1 ORDER BY ordinal";
constexpr std::string_view find_by_key_sql =
    "SELECT " COCKPIT_RUN_COLUMNS
    "FROM cockpit_runs WHERE created_by = $1 AND idempotency_key = $2";
constexpr std::string_view find_of_plan_sql =
    "SELECT " COCKPIT_RUN_COLUMNS "FROM cockpit_runs WHERE plan_id = $1";
constexpr std::string_view list_sql =
    "SELECT " COCKPIT_RUN_COLUMNS
    "FROM cockpit_runs WHERE id < CAST($1 AS BIGINT) ORDER BY id DESC LIMIT $2";
constexpr std::string_view open_sql = "SELECT " COCKPIT_RUN_COLUMNS
                                      "FROM cockpit_runs WHERE ended_at IS NULL "
                                      "AND (lease_owner = $1 OR lease_until_ms < $2) ORDER BY id";

// A cancellation is not taken back by what somebody else wishes at the same time.
constexpr std::string_view wish_sql =
    "UPDATE cockpit_runs SET wish = $1, wished_by = $2 WHERE run_id = $3 AND ended_at IS NULL "
    "AND (wish IS NULL OR wish <> 'cancel')";
constexpr std::string_view resume_sql =
    "UPDATE cockpit_runs SET wish = $1, wished_by = $2 WHERE run_id = $3 AND ended_at IS NULL "
    "AND (wish = 'pause' OR (wish IS NULL AND status = 'paused'))";
constexpr std::string_view lease_sql =
    "UPDATE cockpit_runs SET lease_owner = $1, lease_until_ms = $2 WHERE run_id = $3 "
    "AND ended_at IS NULL AND (lease_owner = $4 OR lease_until_ms < $5)";
constexpr std::string_view change_sql =
    "UPDATE cockpit_runs SET status = $1, stopping_as = $2, why = $3, wave = $4, "
    "wave_from_ms = $5, ended_at = $6, lease_until_ms = $7, "
    "wish = CASE WHEN wish = $8 THEN NULL ELSE wish END "
    "WHERE run_id = $9 AND lease_owner = $10 AND ended_at IS NULL";
constexpr std::string_view change_host_sql =
    "UPDATE cockpit_run_hosts SET state = $1, command_id = $2, outcome = $3, why = $4 "
    "WHERE run_id = $5 AND ordinal = $6 AND EXISTS (SELECT 1 FROM cockpit_runs r "
    "WHERE r.run_id = $7 AND r.lease_owner = $8)";

[[noreturn]] void ill_formed(const std::string& run_id, const std::string& what) {
    throw DatabaseError(DatabaseError::Kind::refused,
                        "run " + run_id + " is ill-formed in the database: " + what);
}

template <typename T, typename Parse>
T parsed(const std::string& run_id, const std::string& text, Parse parse) {
    const auto value = parse(text);
    if (!value) ill_formed(run_id, "'" + text + "'");
    return *value;
}

RunRecord record_of(const Rows::Row& row) {
    RunRecord record;
    record.id = row.integer(0).value_or(0);
    record.run_id = row.text(1);
    const auto& id = record.run_id;
    record.plan_hash = row.text(2);
    record.command = row.text(3);
    record.params = row.text(4);
    record.sealed_params = row.cell(5);
    record.expression = row.text(6);
    record.limits.concurrency = parsed<runs::Amount>(id, row.text(7), runs::Amount::parse);
    record.limits.max_failures = parsed<runs::Amount>(id, row.text(8), runs::Amount::parse);
    if (const auto canary = row.integer(9)) record.limits.canary = static_cast<int>(*canary);
    record.limits.pause_ms = row.integer(10).value_or(0);
    record.sending.timeout_ms = row.integer(11);
    record.sending.queue_for_ms = row.integer(12);
    record.created_by = row.text(13);
    record.created_at_ms = timestamp_cell(row.cell(14)).value_or(0);
    record.ended_at_ms = timestamp_cell(row.cell(15));
    record.idempotency_key = row.cell(16);
    record.parent_run_id = row.cell(17);
    record.progress.state = parsed<runs::RunState>(id, row.text(18), runs::parse_run_state);
    if (row.cell(19)) {
        record.progress.stopping_as =
            parsed<runs::RunState>(id, *row.cell(19), runs::parse_run_state);
    }
    record.progress.why = row.text(20);
    record.progress.wave = static_cast<std::size_t>(row.integer(21).value_or(0));
    record.progress.wave_from_ms = row.integer(22).value_or(0);
    if (row.cell(23)) record.wish = parsed<runs::Wish>(id, *row.cell(23), runs::parse_wish);
    record.wished_by = row.text(24);
    record.total = static_cast<std::size_t>(row.integer(25).value_or(0));
    record.lease_owner = row.text(26);
    record.lease_until_ms = row.integer(27).value_or(0);
    record.plan_id = row.cell(28);
    record.request_digest = row.text(29);
    record.sending.forced = row.boolean(30);
    return record;
}

RunHost host_of(const std::string& run_id, const Rows::Row& row) {
    RunHost host;
    host.agent_id = row.text(0);
    host.wave = static_cast<std::size_t>(row.integer(1).value_or(0));
    host.state = parsed<runs::HostState>(run_id, row.text(2), runs::parse_host_state);
    host.command_id = row.text(3);
    if (row.cell(4)) {
        host.outcome =
            parsed<protocol::CommandState>(run_id, *row.cell(4), protocol::parse_command_state);
    }
    host.why = row.text(5);
    return host;
}

std::vector<RunRecord> records_of(const Rows& rows) {
    std::vector<RunRecord> records;
    for (std::size_t i = 0; i < rows.size(); ++i)
        records.push_back(record_of(rows[i]));
    return records;
}

Value optional_text(const std::optional<std::string>& text) {
    return text ? text_value(*text) : text_value(std::nullopt);
}

Value stopping_value(const runs::RunProgress& progress) {
    return progress.stopping_as ? text_value(to_text(*progress.stopping_as))
                                : text_value(std::nullopt);
}

Value wish_value(std::optional<runs::Wish> wish) {
    return wish ? text_value(to_text(*wish)) : text_value(std::nullopt);
}

bool first_touched_a_row(std::span<const Rows> results) {
    return results.front().changed > 0;
}

}  // namespace

WriteOf<bool> add_plan(const PlanRecord& plan) {
    return {
        {{add_plan_sql,
          {text_value(plan.plan_id), text_value(plan.hash), text_value(plan.command),
           text_value(plan.params), optional_text(plan.sealed_params), text_value(plan.expression),
           text_value(list_text(plan.hosts)), text_value(plan.created_by),
           timestamp_value(plan.created_at_ms), integer_value(plan.expires_at_ms)}}},
        first_touched_a_row,
        {}};
}

std::optional<PlanRecord> find_plan(Connection& connection, const std::string& plan_id) {
    const Rows rows = connection.query({find_plan_sql, {text_value(plan_id)}});
    if (rows.empty()) return std::nullopt;
    const auto row = rows[0];
    return PlanRecord{.plan_id = row.text(0),
                      .hash = row.text(1),
                      .command = row.text(2),
                      .params = row.text(3),
                      .sealed_params = row.cell(4),
                      .expression = row.text(5),
                      .hosts = list_of_text(row.text(6)),
                      .created_by = row.text(7),
                      .created_at_ms = timestamp_cell(row.cell(8)).value_or(0),
                      .expires_at_ms = row.integer(9).value_or(0)};
}

WriteOf<bool> remove_plans_before(std::int64_t expired_ms) {
    return {{{remove_plans_sql, {integer_value(expired_ms)}}}, first_touched_a_row, {}};
}

WriteOf<bool> add_run(const Run& run) {
    const auto& record = run.record;
    std::vector<Statement> statements;
    statements.push_back({add_run_sql,
                          {text_value(record.run_id),
                           text_value(record.plan_hash),
                           text_value(record.command),
                           text_value(record.params),
                           optional_text(record.sealed_params),
                           text_value(record.expression),
                           text_value(record.limits.concurrency.text()),
                           text_value(record.limits.max_failures.text()),
                           small_integer_value(record.limits.canary),
                           integer_value(record.limits.pause_ms),
                           integer_value(record.sending.timeout_ms),
                           integer_value(record.sending.queue_for_ms),
                           text_value(record.created_by),
                           timestamp_value(record.created_at_ms),
                           timestamp_value(record.ended_at_ms),
                           optional_text(record.idempotency_key),
                           optional_text(record.parent_run_id),
                           text_value(to_text(record.progress.state)),
                           stopping_value(record.progress),
                           text_value(record.progress.why),
                           small_integer_value(static_cast<std::int64_t>(record.progress.wave)),
                           integer_value(record.progress.wave_from_ms),
                           wish_value(record.wish),
                           text_value(record.wished_by),
                           small_integer_value(static_cast<std::int64_t>(run.hosts.size())),
                           text_value(record.lease_owner),
                           integer_value(record.lease_until_ms),
                           optional_text(record.plan_id),
                           text_value(record.request_digest),
                           boolean_value(record.sending.forced)}});
    for (std::size_t i = 0; i < run.hosts.size(); ++i) {
        const auto& host = run.hosts[i];
        statements.push_back(
            {add_host_sql,
             {small_integer_value(static_cast<std::int64_t>(i)), text_value(host.agent_id),
              small_integer_value(static_cast<std::int64_t>(host.wave)),
              text_value(to_text(host.state)), text_value(host.why), text_value(record.run_id)}});
    }
    return {std::move(statements), first_touched_a_row, {}};
}

std::optional<Run> find_run(Connection& connection, const std::string& run_id) {
    const Rows rows = connection.query({find_run_sql, {text_value(run_id)}});
    if (rows.empty()) return std::nullopt;
    Run run{.record = record_of(rows[0]), .hosts = {}};
    const Rows hosts = connection.query({find_hosts_sql, {text_value(run_id)}});
    for (std::size_t i = 0; i < hosts.size(); ++i)
        run.hosts.push_back(host_of(run_id, hosts[i]));
    if (run.hosts.size() != run.record.total) ill_formed(run_id, "hosts are missing");
    return run;
}

std::optional<RunRecord> find_run_by_key(Connection& connection, const std::string& created_by,
                                         const std::string& key) {
    const Rows rows =
        connection.query({find_by_key_sql, {text_value(created_by), text_value(key)}});
    if (rows.empty()) return std::nullopt;
    return record_of(rows[0]);
}

std::optional<RunRecord> find_run_of_plan(Connection& connection, const std::string& plan_id) {
    const Rows rows = connection.query({find_of_plan_sql, {text_value(plan_id)}});
    if (rows.empty()) return std::nullopt;
    return record_of(rows[0]);
}

runs::RunPage list_runs(Connection& connection, int limit, std::optional<std::int64_t> before_id) {
    limit = std::clamp(limit, 1, 1000);
    const auto before = before_id.value_or(std::numeric_limits<std::int64_t>::max());
    runs::RunPage page{.runs = records_of(connection.query(
                           {list_sql, {integer_value(before), integer_value(limit + 1)}}))};
    page.more = page.runs.size() > static_cast<std::size_t>(limit);
    if (page.more) page.runs.pop_back();
    return page;
}

std::vector<RunRecord> open_runs(Connection& connection, const std::string& owner,
                                 std::int64_t now_ms) {
    return records_of(connection.query({open_sql, {text_value(owner), integer_value(now_ms)}}));
}

WriteOf<bool> wish_of_run(const std::string& run_id, runs::Wish wish, const std::string& by) {
    const auto sql = wish == runs::Wish::resume ? resume_sql : wish_sql;
    return {{{sql, {text_value(to_text(wish)), text_value(by), text_value(run_id)}}},
            first_touched_a_row,
            {}};
}

WriteOf<bool> lease_run(const std::string& run_id, const std::string& owner, std::int64_t now_ms,
                        std::int64_t until_ms) {
    return {{{lease_sql,
              {text_value(owner), integer_value(until_ms), text_value(run_id), text_value(owner),
               integer_value(now_ms)}}},
            first_touched_a_row,
            {}};
}

WriteOf<bool> change_run(const runs::RunChange& change) {
    std::vector<Statement> statements;
    const auto& progress = change.progress;
    statements.push_back(
        {change_sql,
         {text_value(to_text(progress.state)), stopping_value(progress), text_value(progress.why),
          small_integer_value(static_cast<std::int64_t>(progress.wave)),
          integer_value(progress.wave_from_ms), timestamp_value(change.ended_at_ms),
          integer_value(change.lease_until_ms), wish_value(change.done_wish),
          text_value(change.run_id), text_value(change.owner)}});
    for (const auto& [ordinal, host] : change.hosts) {
        statements.push_back({change_host_sql,
                              {text_value(to_text(host.state)), text_value(host.command_id),
                               host.outcome ? text_value(protocol::to_text(*host.outcome))
                                            : text_value(std::nullopt),
                               text_value(host.why), text_value(change.run_id),
                               small_integer_value(static_cast<std::int64_t>(ordinal)),
                               text_value(change.run_id), text_value(change.owner)}});
    }
    return {std::move(statements), first_touched_a_row, {}};
}

}  // namespace cockpit::store

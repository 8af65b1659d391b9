#include "server/store/deployment_queries.hpp"

#include <algorithm>
#include <limits>

#include "server/store/column_values.hpp"
#include "server/store/text_list.hpp"

namespace cockpit::store {
namespace {

using deployments::DeployedHost;
using deployments::Deployment;
using deployments::DeploymentRecord;
using deployments::DeploymentState;
using deployments::Step;

#define COCKPIT_DEPLOYMENT_COLUMNS                                                                \
    "id, deployment_id, service, definition, message, forced, expression, paths, "                \
    "sealed_changes, created_by, created_at, ended_at, idempotency_key, request_digest, status, " \
    "base, commit_id, steps, stopping_as, why, wave, wave_from_ms, wish, wished_by, total, "      \
    "lease_owner, lease_until_ms "

constexpr std::string_view add_sql =
    "INSERT INTO cockpit_deployments (deployment_id, service, definition, message, forced, "
    "expression, paths, sealed_changes, created_by, created_at, idempotency_key, request_digest, "
    "status, base, commit_id, steps, stopping_as, why, wave, wave_from_ms, wish, wished_by, total, "
    "lease_owner, lease_until_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "
    "'', '', $14, NULL, '', $15, $16, NULL, '', $17, $18, $19) ON CONFLICT DO NOTHING";
// Only where the row above was added.
constexpr std::string_view add_host_sql =
    "INSERT INTO cockpit_deployment_hosts (deployment_id, ordinal, agent_id, wave, state, outcome, "
    "why, steps, pipeline) SELECT d.deployment_id, CAST($1 AS INTEGER), CAST($2 AS VARCHAR(255)), "
    "CAST($3 AS INTEGER), CAST($4 AS VARCHAR(10)), NULL, '', '[]', CAST($5 AS TEXT) FROM "
    "cockpit_deployments d WHERE d.deployment_id = $6";
constexpr std::string_view find_sql =
    "SELECT " COCKPIT_DEPLOYMENT_COLUMNS "FROM cockpit_deployments WHERE deployment_id = $1";
constexpr std::string_view find_hosts_sql =
    "SELECT agent_id, wave, state, outcome, why, steps, pipeline FROM cockpit_deployment_hosts "
    "WHERE deployment_id = $1 ORDER BY ordinal";
constexpr std::string_view find_by_key_sql =
    "SELECT " COCKPIT_DEPLOYMENT_COLUMNS
    "FROM cockpit_deployments WHERE created_by = $1 AND idempotency_key = $2";
constexpr std::string_view list_sql =
    "SELECT " COCKPIT_DEPLOYMENT_COLUMNS
    "FROM cockpit_deployments WHERE id < CAST($1 AS BIGINT) ORDER BY id DESC LIMIT $2";
constexpr std::string_view list_of_service_sql =
    "SELECT " COCKPIT_DEPLOYMENT_COLUMNS
    "FROM cockpit_deployments WHERE service = $1 AND id < CAST($2 AS BIGINT) "
    "ORDER BY id DESC LIMIT $3";
constexpr std::string_view open_sql =
    "SELECT " COCKPIT_DEPLOYMENT_COLUMNS
    "FROM cockpit_deployments WHERE ended_at IS NULL AND (lease_owner = $1 OR lease_until_ms < $2) "
    "ORDER BY id";

// A cancellation is not taken back by what somebody else wishes at the same time.
constexpr std::string_view wish_sql =
    "UPDATE cockpit_deployments SET wish = $1, wished_by = $2 WHERE deployment_id = $3 "
    "AND ended_at IS NULL AND (wish IS NULL OR wish <> 'cancel')";
constexpr std::string_view resume_sql =
    "UPDATE cockpit_deployments SET wish = $1, wished_by = $2 WHERE deployment_id = $3 "
    "AND ended_at IS NULL AND (wish = 'pause' OR (wish IS NULL AND status = 'paused'))";
constexpr std::string_view lease_sql =
    "UPDATE cockpit_deployments SET lease_owner = $1, lease_until_ms = $2 "
    "WHERE deployment_id = $3 AND ended_at IS NULL AND (lease_owner = $4 OR lease_until_ms < $5)";
constexpr std::string_view change_sql =
    "UPDATE cockpit_deployments SET status = $1, stopping_as = $2, why = $3, wave = $4, "
    "wave_from_ms = $5, base = $6, commit_id = $7, steps = $8, ended_at = $9, lease_until_ms = "
    "$10, "
    "wish = CASE WHEN wish = $11 THEN NULL ELSE wish END, "
    "sealed_changes = CASE WHEN $12 THEN NULL ELSE sealed_changes END "
    "WHERE deployment_id = $13 AND lease_owner = $14 AND ended_at IS NULL";
constexpr std::string_view change_host_sql =
    "UPDATE cockpit_deployment_hosts SET state = $1, outcome = $2, why = $3, steps = $4 "
    "WHERE deployment_id = $5 AND ordinal = $6 AND EXISTS (SELECT 1 FROM cockpit_deployments d "
    "WHERE d.deployment_id = $7 AND d.lease_owner = $8)";

[[noreturn]] void ill_formed(const std::string& id, const std::string& what) {
    throw DatabaseError(DatabaseError::Kind::refused,
                        "deployment " + id + " is ill-formed in the database: " + what);
}

template <typename T, typename Parse>
T parsed(const std::string& id, const std::string& text, Parse parse) {
    auto value = parse(text);
    if (!value) ill_formed(id, "'" + text + "'");
    return *std::move(value);
}

// What the rules of waves make of it; they know nothing of a commit.
runs::RunState run_state_of(DeploymentState state) {
    switch (state) {
        case DeploymentState::committing:
        case DeploymentState::running:
            return runs::RunState::running;
        case DeploymentState::paused:
            return runs::RunState::paused;
        case DeploymentState::succeeded:
            return runs::RunState::succeeded;
        case DeploymentState::finished_with_failures:
            return runs::RunState::finished_with_failures;
        case DeploymentState::failed:
            return runs::RunState::failed;
        case DeploymentState::unchanged:
        case DeploymentState::cancelled:
            return runs::RunState::cancelled;
    }
    return runs::RunState::running;
}

DeploymentRecord record_of(const Rows::Row& row) {
    DeploymentRecord record;
    record.id = row.integer(0).value_or(0);
    record.deployment_id = row.text(1);
    const auto& id = record.deployment_id;
    record.service = row.text(2);
    record.definition = row.text(3);
    record.message = row.text(4);
    record.forced = row.integer(5).value_or(0) != 0;
    record.expression = row.text(6);
    record.paths = list_of_text(row.text(7));
    record.sealed_changes = row.cell(8);
    record.created_by = row.text(9);
    record.created_at_ms = timestamp_cell(row.cell(10)).value_or(0);
    record.ended_at_ms = timestamp_cell(row.cell(11));
    record.idempotency_key = row.cell(12);
    record.request_digest = row.text(13);
    record.state = parsed<DeploymentState>(id, row.text(14), deployments::parse_deployment_state);
    record.base = row.text(15);
    record.commit = row.text(16);
    record.steps = parsed<std::vector<Step>>(id, row.text(17), deployments::steps_of_text);
    record.progress.state = run_state_of(record.state);
    if (row.cell(18)) {
        record.progress.stopping_as =
            parsed<runs::RunState>(id, *row.cell(18), runs::parse_run_state);
    }
    record.progress.why = row.text(19);
    record.progress.wave = static_cast<std::size_t>(row.integer(20).value_or(0));
    record.progress.wave_from_ms = row.integer(21).value_or(0);
    if (row.cell(22)) record.wish = parsed<runs::Wish>(id, *row.cell(22), runs::parse_wish);
    record.wished_by = row.text(23);
    record.total = static_cast<std::size_t>(row.integer(24).value_or(0));
    record.lease_owner = row.text(25);
    record.lease_until_ms = row.integer(26).value_or(0);
    return record;
}

std::vector<DeploymentRecord> records_of(const Rows& rows) {
    std::vector<DeploymentRecord> records;
    for (std::size_t i = 0; i < rows.size(); ++i)
        records.push_back(record_of(rows[i]));
    return records;
}

DeployedHost host_of(const std::string& id, const Rows::Row& row) {
    DeployedHost host;
    host.agent_id = row.text(0);
    host.wave = static_cast<std::size_t>(row.integer(1).value_or(0));
    host.state = parsed<runs::HostState>(id, row.text(2), runs::parse_host_state);
    if (row.cell(3)) {
        host.end = parsed<deployments::HostEnd>(id, *row.cell(3), deployments::parse_host_end);
    }
    host.why = row.text(4);
    host.steps = parsed<std::vector<Step>>(id, row.text(5), deployments::steps_of_text);
    host.pipeline = parsed<deployments::Pipeline>(id, row.text(6), deployments::pipeline_of_text);
    return host;
}

Value optional_text(const std::optional<std::string>& text) {
    return text ? text_value(*text) : text_value(std::nullopt);
}

template <typename Word>
Value optional_word(const std::optional<Word>& word) {
    return word ? text_value(to_text(*word)) : text_value(std::nullopt);
}

bool touched_a_row(std::span<const Rows> results) {
    return results.front().changed > 0;
}

Value ordinal_value(std::size_t number) {
    return small_integer_value(static_cast<std::int64_t>(number));
}

}  // namespace

WriteOf<bool> add_deployment(const Deployment& deployment) {
    const auto& record = deployment.record;
    std::vector<Statement> statements;
    statements.push_back(
        {add_sql,
         {text_value(record.deployment_id), text_value(record.service),
          text_value(record.definition), text_value(record.message), ordinal_value(record.forced),
          text_value(record.expression), text_value(list_text(record.paths)),
          optional_text(record.sealed_changes), text_value(record.created_by),
          timestamp_value(record.created_at_ms), optional_text(record.idempotency_key),
          text_value(record.request_digest), text_value(to_text(record.state)),
          text_value(deployments::to_text(record.steps)), ordinal_value(record.progress.wave),
          integer_value(record.progress.wave_from_ms), ordinal_value(deployment.hosts.size()),
          text_value(record.lease_owner), integer_value(record.lease_until_ms)}});
    for (std::size_t i = 0; i < deployment.hosts.size(); ++i) {
        const auto& host = deployment.hosts[i];
        statements.push_back(
            {add_host_sql,
             {ordinal_value(i), text_value(host.agent_id), ordinal_value(host.wave),
              text_value(runs::to_text(host.state)),
              text_value(deployments::to_text(host.pipeline)), text_value(record.deployment_id)}});
    }
    return {std::move(statements), touched_a_row, {}};
}

std::optional<Deployment> find_deployment(Connection& connection, const std::string& id) {
    const Rows rows = connection.query({find_sql, {text_value(id)}});
    if (rows.empty()) return std::nullopt;
    Deployment deployment{.record = record_of(rows[0]), .hosts = {}};
    const Rows hosts = connection.query({find_hosts_sql, {text_value(id)}});
    for (std::size_t i = 0; i < hosts.size(); ++i)
        deployment.hosts.push_back(host_of(id, hosts[i]));
    if (deployment.hosts.size() != deployment.record.total) ill_formed(id, "hosts are missing");
    return deployment;
}

std::optional<DeploymentRecord> find_deployment_by_key(Connection& connection,
                                                       const std::string& created_by,
                                                       const std::string& key) {
    const Rows rows =
        connection.query({find_by_key_sql, {text_value(created_by), text_value(key)}});
    if (rows.empty()) return std::nullopt;
    return record_of(rows[0]);
}

deployments::DeploymentPage list_deployments(Connection& connection, int limit,
                                             std::optional<std::int64_t> before_id,
                                             const std::string& service) {
    limit = std::clamp(limit, 1, 1000);
    const auto before = integer_value(before_id.value_or(std::numeric_limits<std::int64_t>::max()));
    const auto most = integer_value(limit + 1);
    const auto rows =
        service.empty()
            ? connection.query({list_sql, {before, most}})
            : connection.query({list_of_service_sql, {text_value(service), before, most}});
    deployments::DeploymentPage page{.deployments = records_of(rows)};
    page.more = page.deployments.size() > static_cast<std::size_t>(limit);
    if (page.more) page.deployments.pop_back();
    return page;
}

std::vector<DeploymentRecord> open_deployments(Connection& connection, const std::string& owner,
                                               std::int64_t now_ms) {
    return records_of(connection.query({open_sql, {text_value(owner), integer_value(now_ms)}}));
}

WriteOf<bool> wish_of_deployment(const std::string& id, deployments::Wish wish,
                                 const std::string& by) {
    const auto sql = wish == deployments::Wish::resume ? resume_sql : wish_sql;
    return {
        {{sql, {text_value(to_text(wish)), text_value(by), text_value(id)}}}, touched_a_row, {}};
}

WriteOf<bool> lease_deployment(const std::string& id, const std::string& owner, std::int64_t now_ms,
                               std::int64_t until_ms) {
    return {{{lease_sql,
              {text_value(owner), integer_value(until_ms), text_value(id), text_value(owner),
               integer_value(now_ms)}}},
            touched_a_row,
            {}};
}

WriteOf<bool> change_deployment(const deployments::DeploymentChange& change) {
    const auto& progress = change.progress;
    const bool is_committed = !change.commit.empty() || is_final(change.state);
    std::vector<Statement> statements;
    statements.push_back(
        {change_sql,
         {text_value(to_text(change.state)), optional_word(progress.stopping_as),
          text_value(progress.why), ordinal_value(progress.wave),
          integer_value(progress.wave_from_ms), text_value(change.base), text_value(change.commit),
          text_value(deployments::to_text(change.steps)), timestamp_value(change.ended_at_ms),
          integer_value(change.lease_until_ms), optional_word(change.done_wish),
          boolean_value(is_committed), text_value(change.deployment_id),
          text_value(change.owner)}});
    for (const auto& [ordinal, host] : change.hosts) {
        statements.push_back(
            {change_host_sql,
             {text_value(runs::to_text(host.state)), optional_word(host.end), text_value(host.why),
              text_value(deployments::to_text(host.steps)), text_value(change.deployment_id),
              ordinal_value(ordinal), text_value(change.deployment_id), text_value(change.owner)}});
    }
    return {std::move(statements), touched_a_row, {}};
}

}  // namespace cockpit::store

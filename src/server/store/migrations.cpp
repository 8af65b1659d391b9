#include "server/store/migrations.hpp"

#include <chrono>

#include "server/store/column_values.hpp"
#include "server/store/statistics_queries.hpp"

namespace cockpit::store {
namespace {

// What holds other servers off while one migrates: "cockpit" as a number, only ever compared with
// itself.
constexpr std::string_view take_turn = "SELECT pg_advisory_lock(27991930462927220)";
constexpr std::string_view give_turn = "SELECT pg_advisory_unlock(27991930462927220)";

constexpr std::string_view recorded = R"(
    SELECT migration_name FROM schema_migrations WHERE migration_name = $1)";
constexpr std::string_view record = R"(
    INSERT INTO schema_migrations (migration_name, applied_at, description) VALUES ($1, $2, $3))";

// The same words for both, but for `{serial}`: a key that the database counts up.
std::vector<std::string> with_serial(std::vector<std::string> statements,
                                     const std::string& serial) {
    const std::string mark = "{serial}";
    for (auto& sql : statements) {
        const auto found = sql.find(mark);
        if (found != std::string::npos) sql.replace(found, mark.size(), serial);
    }
    return statements;
}

Migration migration(std::string name, std::string description,
                    const std::vector<std::string>& statements) {
    return {std::move(name), std::move(description),
            with_serial(statements, "INTEGER PRIMARY KEY AUTOINCREMENT"),
            with_serial(statements, "SERIAL PRIMARY KEY")};
}

std::vector<Migration> all() {
    std::vector<Migration> list;
    list.push_back(
        migration("001_accounts", "Users and their tokens",
                  {R"(CREATE TABLE cockpit_users (
            username VARCHAR(255) PRIMARY KEY,
            password_hash TEXT NOT NULL,
            permissions TEXT NOT NULL,
            must_change_password BOOLEAN NOT NULL,
            disabled BOOLEAN NOT NULL,
            created_at TIMESTAMP NOT NULL))",
                   R"(CREATE TABLE cockpit_tokens (
            token_hash VARCHAR(64) PRIMARY KEY,
            username VARCHAR(255) NOT NULL REFERENCES cockpit_users (username) ON DELETE CASCADE,
            name VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL,
            expires_at TIMESTAMP NOT NULL))",
                   "CREATE INDEX ix_cockpit_tokens_username ON cockpit_tokens (username)",
                   "CREATE INDEX ix_cockpit_tokens_expires_at ON cockpit_tokens "
                   "(expires_at)"}));

    // The original's table, to the letter.
    list.push_back(migration(
        "002_cockpit_agent", "Commands sent to agents",
        {R"(CREATE TABLE IF NOT EXISTS cockpit_agent_commands (
            id {serial},
            agent_id VARCHAR(255) NOT NULL,
            command_id VARCHAR(36) NOT NULL UNIQUE,
            command VARCHAR(50) NOT NULL,
            params TEXT,
            status VARCHAR(20),
            output TEXT,
            error TEXT,
            execution_time_ms INTEGER,
            sent_at TIMESTAMP NOT NULL,
            completed_at TIMESTAMP,
            sent_by VARCHAR(255)))",
         "CREATE INDEX IF NOT EXISTS ix_cockpit_agent_commands_agent_id ON cockpit_agent_commands "
         "(agent_id)",
         "CREATE INDEX IF NOT EXISTS ix_cockpit_agent_commands_sent_at ON cockpit_agent_commands "
         "(sent_at)",
         "CREATE INDEX IF NOT EXISTS ix_cockpit_agent_commands_status ON cockpit_agent_commands "
         "(status)"}));

    list.push_back(migration(
        "003_command_delivery", "Delivery of commands, and totals of history",
        {"ALTER TABLE cockpit_agent_commands ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN expires_at_ms BIGINT",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN timeout_ms BIGINT",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN delivered_at TIMESTAMP",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN started_at TIMESTAMP",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN exit_code INTEGER",
         "CREATE INDEX ix_cockpit_agent_commands_history ON cockpit_agent_commands (agent_id, id)",
         "CREATE INDEX ix_cockpit_agent_commands_open ON cockpit_agent_commands (id) "
         "WHERE COALESCE(status, 'pending') IN ('pending', 'delivered', 'running')",
         "CREATE TABLE cockpit_agent_command_counts ("
         "agent_id VARCHAR(255) PRIMARY KEY, total BIGINT NOT NULL)",
         "INSERT INTO cockpit_agent_command_counts (agent_id, total) "
         "SELECT agent_id, COUNT(*) FROM cockpit_agent_commands GROUP BY agent_id"}));

    list.push_back(migration("004_agents", "Hosts, their keys, and tokens with which hosts join",
                             {R"(CREATE TABLE cockpit_agents (
            agent_id VARCHAR(255) PRIMARY KEY,
            public_key TEXT,
            pending_public_key TEXT,
            hostname TEXT NOT NULL,
            version TEXT NOT NULL,
            first_seen TIMESTAMP NOT NULL,
            last_seen TIMESTAMP NOT NULL))",
                              R"(CREATE TABLE cockpit_join_tokens (
            id VARCHAR(255) PRIMARY KEY,
            secret_hash VARCHAR(64) NOT NULL,
            expires_at TIMESTAMP NOT NULL,
            uses_left BIGINT NOT NULL,
            created_by VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL,
            last_redemption VARCHAR(64)))"}));

    list.push_back(migration(
        "005_delivery_guarantees", "Queueing, cancelling, trying again, what a command used",
        {"ALTER TABLE cockpit_agent_commands ADD COLUMN signal INTEGER",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN cpu_ms BIGINT",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN peak_memory_bytes BIGINT",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN containment VARCHAR(20)",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN dispatched BOOLEAN NOT NULL DEFAULT TRUE",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN cancel_requested_at TIMESTAMP",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN cancel_requested_by VARCHAR(255)",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN idempotency_key VARCHAR(255)",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN request_digest VARCHAR(64)",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN retry_policy TEXT",
         "ALTER TABLE cockpit_agent_commands ADD COLUMN next_attempt_at TIMESTAMP",
         "ALTER TABLE cockpit_agents ADD COLUMN commands TEXT",
         "CREATE UNIQUE INDEX ux_cockpit_agent_commands_idempotency ON cockpit_agent_commands "
         "(sent_by, idempotency_key) WHERE idempotency_key IS NOT NULL",
         R"(CREATE TABLE cockpit_command_attempts (
            command_id VARCHAR(36) NOT NULL,
            attempt INTEGER NOT NULL,
            status VARCHAR(20) NOT NULL,
            output TEXT,
            error TEXT,
            execution_time_ms INTEGER,
            exit_code INTEGER,
            delivered_at TIMESTAMP,
            started_at TIMESTAMP,
            completed_at TIMESTAMP,
            PRIMARY KEY (command_id, attempt)))"}));

    // `data` is base64: the two databases bind text alike, and any bytes survive in it.
    list.push_back(
        migration("006_output", "Output of commands, piece by piece, and its digest",
                  {"ALTER TABLE cockpit_agent_commands ADD COLUMN output_bytes BIGINT",
                   "ALTER TABLE cockpit_agent_commands ADD COLUMN output_sha256 VARCHAR(64)",
                   "ALTER TABLE cockpit_command_attempts ADD COLUMN signal INTEGER",
                   "ALTER TABLE cockpit_command_attempts ADD COLUMN cpu_ms BIGINT",
                   "ALTER TABLE cockpit_command_attempts ADD COLUMN peak_memory_bytes BIGINT",
                   "ALTER TABLE cockpit_command_attempts ADD COLUMN containment VARCHAR(20)",
                   "ALTER TABLE cockpit_command_attempts ADD COLUMN output_bytes BIGINT",
                   "ALTER TABLE cockpit_command_attempts ADD COLUMN output_sha256 VARCHAR(64)",
                   R"(CREATE TABLE cockpit_command_output (
            command_id VARCHAR(36) NOT NULL,
            attempt INTEGER NOT NULL,
            start BIGINT NOT NULL,
            next BIGINT NOT NULL,
            data TEXT NOT NULL,
            PRIMARY KEY (command_id, attempt, start)))"}));
    // members and labels are JSON: a list of ids, an object of texts.
    list.push_back(migration("007_groups_and_labels", "Groups of hosts, and labels from the server",
                             {R"(CREATE TABLE cockpit_groups (
            name VARCHAR(255) PRIMARY KEY,
            description TEXT NOT NULL,
            members TEXT,
            expression TEXT,
            created_by VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL,
            updated_by VARCHAR(255) NOT NULL,
            updated_at TIMESTAMP NOT NULL))",
                              R"(CREATE TABLE cockpit_agent_labels (
            agent_id VARCHAR(255) PRIMARY KEY,
            labels TEXT NOT NULL,
            updated_by VARCHAR(255) NOT NULL,
            updated_at TIMESTAMP NOT NULL))"}));
    list.push_back(migration(
        "008_runs", "One command to many hosts: plans, runs, and how each host of a run stands",
        {R"(CREATE TABLE cockpit_plans (
            plan_id VARCHAR(36) PRIMARY KEY,
            hash VARCHAR(64) NOT NULL,
            command VARCHAR(50) NOT NULL,
            params TEXT NOT NULL,
            sealed_params TEXT,
            expression TEXT NOT NULL,
            hosts TEXT NOT NULL,
            created_by VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL,
            expires_at_ms BIGINT NOT NULL))",
         R"(CREATE TABLE cockpit_runs (
            id {serial},
            run_id VARCHAR(36) NOT NULL UNIQUE,
            plan_hash VARCHAR(64) NOT NULL,
            command VARCHAR(50) NOT NULL,
            params TEXT NOT NULL,
            sealed_params TEXT,
            expression TEXT NOT NULL,
            concurrency VARCHAR(20) NOT NULL,
            max_failures VARCHAR(20) NOT NULL,
            canary INTEGER,
            pause_ms BIGINT NOT NULL,
            timeout_ms BIGINT,
            queue_for_ms BIGINT,
            created_by VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL,
            ended_at TIMESTAMP,
            idempotency_key VARCHAR(255),
            parent_run_id VARCHAR(36),
            status VARCHAR(30) NOT NULL,
            stopping_as VARCHAR(30),
            why TEXT NOT NULL,
            wave INTEGER NOT NULL,
            wave_from_ms BIGINT NOT NULL,
            wish VARCHAR(10),
            wished_by VARCHAR(255) NOT NULL,
            total INTEGER NOT NULL,
            lease_owner VARCHAR(64) NOT NULL,
            lease_until_ms BIGINT NOT NULL,
            plan_id VARCHAR(36) UNIQUE,
            request_digest VARCHAR(64) NOT NULL,
            UNIQUE (created_by, idempotency_key)))",
         "CREATE INDEX ix_cockpit_runs_open ON cockpit_runs (lease_until_ms) "
         "WHERE ended_at IS NULL",
         R"(CREATE TABLE cockpit_run_hosts (
            run_id VARCHAR(36) NOT NULL,
            ordinal INTEGER NOT NULL,
            agent_id VARCHAR(255) NOT NULL,
            wave INTEGER NOT NULL,
            state VARCHAR(10) NOT NULL,
            command_id VARCHAR(36) NOT NULL,
            outcome VARCHAR(20),
            why TEXT NOT NULL,
            PRIMARY KEY (run_id, ordinal)))"}));
    list.push_back(migration(
        "009_deployments", "Services, their deployments, and how each host of one stands",
        {R"(CREATE TABLE cockpit_services (
            name VARCHAR(100) PRIMARY KEY,
            definition TEXT NOT NULL,
            sealed_secret TEXT,
            created_by VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL,
            updated_by VARCHAR(255) NOT NULL,
            updated_at TIMESTAMP NOT NULL,
            pushed_commit VARCHAR(64) NOT NULL,
            pushed_by VARCHAR(255) NOT NULL))",
         R"(CREATE TABLE cockpit_deployments (
            id {serial},
            deployment_id VARCHAR(36) NOT NULL UNIQUE,
            service VARCHAR(100) NOT NULL,
            definition TEXT NOT NULL,
            message TEXT NOT NULL,
            forced SMALLINT NOT NULL,
            expression TEXT NOT NULL,
            paths TEXT NOT NULL,
            sealed_changes TEXT,
            created_by VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL,
            ended_at TIMESTAMP,
            idempotency_key VARCHAR(255),
            request_digest VARCHAR(64) NOT NULL,
            status VARCHAR(30) NOT NULL,
            base VARCHAR(64) NOT NULL,
            commit_id VARCHAR(64) NOT NULL,
            steps TEXT NOT NULL,
            stopping_as VARCHAR(30),
            why TEXT NOT NULL,
            wave INTEGER NOT NULL,
            wave_from_ms BIGINT NOT NULL,
            wish VARCHAR(10),
            wished_by VARCHAR(255) NOT NULL,
            total INTEGER NOT NULL,
            lease_owner VARCHAR(64) NOT NULL,
            lease_until_ms BIGINT NOT NULL,
            UNIQUE (created_by, idempotency_key)))",
         // Of one service one at a time.
         "CREATE UNIQUE INDEX ux_cockpit_deployments_open ON cockpit_deployments (service) "
         "WHERE ended_at IS NULL",
         "CREATE INDEX ix_cockpit_deployments_service ON cockpit_deployments (service, id)",
         R"(CREATE TABLE cockpit_deployment_hosts (
            deployment_id VARCHAR(36) NOT NULL,
            ordinal INTEGER NOT NULL,
            agent_id VARCHAR(255) NOT NULL,
            wave INTEGER NOT NULL,
            state VARCHAR(10) NOT NULL,
            outcome VARCHAR(20),
            why TEXT NOT NULL,
            steps TEXT NOT NULL,
            pipeline TEXT NOT NULL,
            PRIMARY KEY (deployment_id, ordinal)))"}));
    list.push_back(migration(
        "010_notifications", "Who is notified of what, the outbox, incoming webhooks",
        {R"(CREATE TABLE cockpit_notification_targets (
            name VARCHAR(100) PRIMARY KEY,
            kind VARCHAR(20) NOT NULL,
            sealed_url TEXT,
            sealed_secret TEXT,
            addresses TEXT NOT NULL,
            events TEXT NOT NULL,
            agents TEXT NOT NULL,
            enabled BOOLEAN NOT NULL,
            created_by VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL,
            changed_at TIMESTAMP NOT NULL))",
         R"(CREATE TABLE cockpit_notifications (
            id {serial},
            delivery_id VARCHAR(36) NOT NULL UNIQUE,
            target VARCHAR(100) NOT NULL,
            event_id VARCHAR(400) NOT NULL,
            event VARCHAR(100) NOT NULL,
            subject VARCHAR(255) NOT NULL,
            body TEXT NOT NULL,
            status VARCHAR(20) NOT NULL,
            attempts INTEGER NOT NULL,
            failures INTEGER NOT NULL,
            created_at TIMESTAMP NOT NULL,
            next_attempt_at_ms BIGINT NOT NULL,
            give_up_at_ms BIGINT NOT NULL,
            lease_owner VARCHAR(64),
            lease_until_ms BIGINT NOT NULL,
            last_status INTEGER,
            last_error TEXT,
            last_response TEXT,
            last_attempt_at TIMESTAMP,
            delivered_at TIMESTAMP,
            UNIQUE (target, event_id)))",
         "CREATE INDEX ix_cockpit_notifications_due ON cockpit_notifications "
         "(target, next_attempt_at_ms, id) WHERE status = 'pending'",
         "CREATE INDEX ix_cockpit_notifications_created_at ON cockpit_notifications (created_at)",
         R"(CREATE TABLE cockpit_host_states (
            agent_id VARCHAR(255) PRIMARY KEY,
            state VARCHAR(20) NOT NULL,
            event_id VARCHAR(400) NOT NULL,
            changed_at TIMESTAMP NOT NULL))",
         R"(CREATE TABLE cockpit_incoming_webhooks (
            name VARCHAR(100) PRIMARY KEY,
            provider VARCHAR(20) NOT NULL,
            sealed_secret TEXT NOT NULL,
            created_by VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL))",
         R"(CREATE TABLE cockpit_incoming_pushes (
            id {serial},
            webhook VARCHAR(100) NOT NULL,
            delivery_id VARCHAR(100) NOT NULL,
            body_digest VARCHAR(64) NOT NULL,
            provider VARCHAR(20) NOT NULL,
            repository TEXT NOT NULL,
            urls TEXT NOT NULL,
            branch TEXT NOT NULL,
            before_commit TEXT NOT NULL,
            after_commit TEXT NOT NULL,
            pusher TEXT NOT NULL,
            outcome TEXT NOT NULL,
            received_at TIMESTAMP NOT NULL,
            UNIQUE (webhook, delivery_id),
            UNIQUE (webhook, body_digest)))"}));
    // request is a JSON object; flags are 0 and 1.
    list.push_back(migration("011_schedules", "Schedules, their firings, maintenance windows",
                             {R"(CREATE TABLE cockpit_schedules (
            name VARCHAR(100) PRIMARY KEY,
            description TEXT NOT NULL,
            kind VARCHAR(20) NOT NULL,
            request TEXT NOT NULL,
            cron VARCHAR(300) NOT NULL,
            zone VARCHAR(100) NOT NULL,
            enabled SMALLINT NOT NULL,
            missed VARCHAR(20) NOT NULL,
            missed_within_s BIGINT NOT NULL,
            overlap VARCHAR(20) NOT NULL,
            armed_at_ms BIGINT NOT NULL,
            created_by VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL,
            updated_by VARCHAR(255) NOT NULL,
            updated_at TIMESTAMP NOT NULL))",
                              R"(CREATE TABLE cockpit_schedule_firings (
            schedule VARCHAR(100) NOT NULL,
            due_at_ms BIGINT NOT NULL,
            manual SMALLINT NOT NULL,
            state VARCHAR(20) NOT NULL,
            detail TEXT NOT NULL,
            launched_id VARCHAR(100),
            fired_by VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL,
            lease_owner VARCHAR(64) NOT NULL,
            lease_until_ms BIGINT NOT NULL,
            PRIMARY KEY (schedule, due_at_ms)))",
                              "CREATE INDEX ix_cockpit_schedule_firings_open ON "
                              "cockpit_schedule_firings (lease_until_ms) WHERE state = 'launching'",
                              R"(CREATE TABLE cockpit_maintenance_windows (
            name VARCHAR(100) PRIMARY KEY,
            targets TEXT NOT NULL,
            reason TEXT NOT NULL,
            cron VARCHAR(300),
            zone VARCHAR(100) NOT NULL,
            duration_s BIGINT NOT NULL,
            from_ms BIGINT NOT NULL,
            until_ms BIGINT NOT NULL,
            created_by VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL,
            updated_by VARCHAR(255) NOT NULL,
            updated_at TIMESTAMP NOT NULL))"}));
    list.push_back(migration(
        "012_forced_and_host_labels", "What was sent in spite of maintenance; labels of hosts",
        {"ALTER TABLE cockpit_agent_commands ADD COLUMN forced BOOLEAN NOT NULL DEFAULT FALSE",
         "ALTER TABLE cockpit_runs ADD COLUMN forced BOOLEAN NOT NULL DEFAULT FALSE",
         "ALTER TABLE cockpit_agents ADD COLUMN labels TEXT"}));
    list.push_back(tallies_migration());
    return list;
}

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// Whether it ran: it does not when it is recorded, perhaps by a server that was quicker.
bool run(Connection& connection, const Migration& migration) {
    const bool sqlite = connection.dialect() == Dialect::sqlite;
    connection.execute(sqlite ? "BEGIN IMMEDIATE" : "BEGIN");
    try {
        if (!connection.query({recorded, {text_value(migration.name)}}).empty()) {
            connection.execute("ROLLBACK");
            return false;
        }
        for (const auto& sql : sqlite ? migration.sqlite : migration.postgres)
            connection.execute(sql);
        connection.query({record,
                          {text_value(migration.name), timestamp_value(now_ms()),
                           text_value(migration.description)}});
        connection.execute("COMMIT");
        return true;
    } catch (const DatabaseError& error) {
        try {
            if (connection.usable()) connection.execute("ROLLBACK");
        } catch (const DatabaseError&) {
            // SQLite has rolled back by itself; the first error is the one that matters.
        }
        throw DatabaseError(error.kind(),
                            "migration " + migration.name + " failed: " + error.what());
    }
}

}  // namespace

const std::vector<Migration>& migrations() {
    static const std::vector<Migration> list = all();
    return list;
}

std::vector<std::string> migrate(Connection& connection) {
    const bool postgres = connection.dialect() == Dialect::postgres;
    if (postgres) connection.execute(std::string(take_turn));
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations ("
        "migration_name VARCHAR(255) PRIMARY KEY, applied_at TIMESTAMP NOT NULL, "
        "description TEXT)");
    std::vector<std::string> applied;
    for (const auto& migration : migrations()) {
        if (run(connection, migration)) applied.push_back(migration.name);
    }
    // Where this is not reached, the end of the connection gives the lock back.
    if (postgres) connection.execute(std::string(give_turn));
    return applied;
}

}  // namespace cockpit::store

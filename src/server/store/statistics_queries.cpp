#include "server/store/statistics_queries.hpp"

#include "server/statistics/overview.hpp"
#include "server/store/column_values.hpp"
#include "server/store/command_rows.hpp"

namespace cockpit::store {
namespace {

// `writer`: each connection to PostgreSQL counts in rows of its own. Servers that counted in the
// same rows, each in the order of its own group, would wait for each other in a circle.
constexpr std::string_view table_sql = R"(CREATE TABLE cockpit_command_tallies (
    step_minutes INTEGER NOT NULL,
    minute BIGINT NOT NULL,
    command VARCHAR(50) NOT NULL,
    status VARCHAR(20) NOT NULL,
    duration_ms INTEGER NOT NULL,
    writer INTEGER NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (step_minutes, minute, command, status, duration_ms, writer)))";

// The classes of statistics/overview.hpp; -1 where it never ran.
std::string class_of(const std::string& milliseconds) {
    std::string sql = "CASE WHEN " + milliseconds + " IS NULL OR " + milliseconds +
                      " < 0 THEN -1 WHEN " + milliseconds + " < 10 THEN " + milliseconds;
    for (std::int64_t decade = 100; decade <= statistics::last_class_ms; decade *= 10) {
        const auto width = std::to_string(decade / 20);
        sql += " WHEN " + milliseconds + " < " + std::to_string(decade) + " THEN " + milliseconds +
               " / " + width + " * " + width;
    }
    return sql + " ELSE " + std::to_string(statistics::last_class_ms) + " END";
}

std::string minute_of(const std::string& row, Dialect dialect) {
    const auto time = "COALESCE(" + row + "completed_at, " + row + "sent_at)";
    if (dialect == Dialect::sqlite)
        return "COALESCE(CAST(strftime('%s', " + time + ") AS INTEGER), 0) / 60";
    return "CAST(floor(extract(epoch FROM " + time + ") / 60) AS BIGINT)";
}

std::string has_ended(const std::string& row) {
    return row + "status NOT IN ('pending', 'delivered', 'running')";
}

std::string insert_sql(Dialect dialect) {
    const std::string writer = dialect == Dialect::sqlite ? "0" : "pg_backend_pid()";
    const auto rest =
        ", NEW.command, NEW.status, " + class_of("NEW.execution_time_ms") + ", " + writer + ", 1)";
    const auto minute = minute_of("NEW.", dialect);
    return "INSERT INTO cockpit_command_tallies (step_minutes, minute, command, status, "
           "duration_ms, writer, total) VALUES (1, " +
           minute + rest + ", (60, " + minute + " / 60 * 60" + rest +
           " ON CONFLICT (step_minutes, minute, command, status, duration_ms, writer) "
           "DO UPDATE SET total = cockpit_command_tallies.total + 1";
}

// `step` minutes, 1 or 60.
std::string seed_sql(const std::string& step, Dialect dialect) {
    return "INSERT INTO cockpit_command_tallies SELECT " + step + ", " + minute_of("", dialect) +
           " / " + step + " * " + step + ", command, status, " + class_of("execution_time_ms") +
           ", 0, COUNT(*) FROM cockpit_agent_commands WHERE " + has_ended("") +
           " GROUP BY 1, 2, 3, 4, 5";
}

std::string trigger_sql(const std::string& name, const std::string& event,
                        const std::string& condition, Dialect dialect) {
    const auto head = "CREATE TRIGGER " + name + " AFTER " + event +
                      " ON cockpit_agent_commands FOR EACH ROW WHEN (" + condition + ") ";
    if (dialect == Dialect::sqlite) return head + "BEGIN " + insert_sql(dialect) + "; END";
    return head + "EXECUTE FUNCTION cockpit_tally_command()";
}

std::vector<std::string> statements_of(Dialect dialect) {
    std::vector<std::string> list{std::string(table_sql), seed_sql("1", dialect),
                                  seed_sql("60", dialect)};
    if (dialect == Dialect::postgres) {
        list.push_back("CREATE FUNCTION cockpit_tally_command() RETURNS trigger AS $body$ BEGIN " +
                       insert_sql(dialect) + "; RETURN NULL; END $body$ LANGUAGE plpgsql");
    }
    list.push_back(trigger_sql("cockpit_tally_new_command", "INSERT", has_ended("NEW."), dialect));
    list.push_back(
        trigger_sql("cockpit_tally_ended_command", "UPDATE OF status",
                    "COALESCE(OLD.status, 'pending') IN ('pending', 'delivered', 'running') AND " +
                        has_ended("NEW."),
                    dialect));
    return list;
}

// Those of several writers are not added up here: whoever reads them does that anyhow.
constexpr std::string_view tallies_sql =
    "SELECT minute, command, status, duration_ms, total FROM cockpit_command_tallies "
    "WHERE step_minutes = $1 AND minute >= CAST($2 AS BIGINT)";
constexpr std::string_view remove_sql =
    "DELETE FROM cockpit_command_tallies WHERE step_minutes = $1 AND minute < $2";
// Grouped outside of a list that is cut: SQLite would else walk over every command by an index that
// is ordered by host, instead of over the open ones (3.4 s against 1 ms with a million).
constexpr std::string_view open_counts_sql =
    "SELECT agent_id, status, COUNT(*) FROM (SELECT agent_id, status FROM cockpit_agent_commands "
    "WHERE " COCKPIT_IS_OPEN " ORDER BY id LIMIT 1000000) AS still_open GROUP BY agent_id, status";

constexpr std::string_view sqlite_size_sql =
    "SELECT (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM "
    "pragma_page_size()), COALESCE(MAX(id) - MIN(id) + 1, 0) FROM cockpit_agent_commands";
constexpr std::string_view postgres_size_sql =
    "SELECT pg_database_size(current_database()), COALESCE(MAX(id) - MIN(id) + 1, 0) "
    "FROM cockpit_agent_commands";

}  // namespace

Migration tallies_migration() {
    return {"013_command_tallies", "How many commands ended, when, how and how fast",
            statements_of(Dialect::sqlite), statements_of(Dialect::postgres)};
}

std::vector<statistics::Tally> load_tallies(Connection& connection, std::int64_t from_minute,
                                            statistics::Step step) {
    const Rows rows = connection.query(
        {tallies_sql, {integer_value(minutes_of(step)), integer_value(from_minute)}});
    std::vector<statistics::Tally> tallies;
    tallies.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        const auto duration = row.integer(3).value_or(-1);
        tallies.push_back({.minute = row.integer(0).value_or(0),
                           .command = row.text(1),
                           .state = state_of(row.cell(2)),
                           .duration_ms = duration < 0 ? std::nullopt : std::optional(duration),
                           .total = row.integer(4).value_or(0)});
    }
    return tallies;
}

WriteOf<bool> remove_tallies(const statistics::Retention& before) {
    return {{{remove_sql,
              {integer_value(minutes_of(statistics::Step::minute)), integer_value(before.minutes)}},
             {remove_sql,
              {integer_value(minutes_of(statistics::Step::hour)), integer_value(before.hours)}}},
            [](std::span<const Rows>) { return true; },
            std::nullopt};
}

std::vector<statistics::OpenCount> load_open_counts(Connection& connection) {
    const Rows rows = connection.query({open_counts_sql, {}});
    std::vector<statistics::OpenCount> counts;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        counts.push_back({row.text(0), state_of(row.cell(1)), row.integer(2).value_or(0)});
    }
    return counts;
}

statistics::DatabaseSize load_database_size(Connection& connection) {
    const bool sqlite = connection.dialect() == Dialect::sqlite;
    const Rows rows = connection.query({sqlite ? sqlite_size_sql : postgres_size_sql, {}});
    return {.bytes = rows[0].integer(0).value_or(0), .history = rows[0].integer(1).value_or(0)};
}

}  // namespace cockpit::store

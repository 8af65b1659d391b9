#include "server/store/schedule_queries.hpp"

#include "server/store/column_values.hpp"

namespace cockpit::store {
namespace {

using schedules::FiringRecord;
using schedules::ScheduleRecord;
using schedules::WindowRecord;

constexpr std::string_view load_schedules_sql = R"(
    SELECT name, description, kind, request, cron, zone, enabled, missed, missed_within_s, overlap,
        armed_at_ms, created_by, created_at, updated_by, updated_at,
        (SELECT MAX(due_at_ms) FROM cockpit_schedule_firings
         WHERE schedule = cockpit_schedules.name AND manual = 0)
    FROM cockpit_schedules ORDER BY name)";
constexpr std::string_view load_windows_sql = R"(
    SELECT name, targets, reason, cron, zone, duration_s, from_ms, until_ms, created_by, created_at,
        updated_by, updated_at
    FROM cockpit_maintenance_windows ORDER BY name)";

constexpr std::string_view add_schedule_sql = R"(
    INSERT INTO cockpit_schedules (
        name, description, kind, request, cron, zone, enabled, missed, missed_within_s, overlap,
        armed_at_ms, created_by, created_at, updated_by, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT (name) DO NOTHING)";
constexpr std::string_view replace_schedule_sql = R"(
    UPDATE cockpit_schedules SET description = $1, kind = $2, request = $3, cron = $4, zone = $5,
        enabled = $6, missed = $7, missed_within_s = $8, overlap = $9, armed_at_ms = $10,
        updated_by = $11, updated_at = $12
    WHERE name = $13)";
constexpr std::string_view remove_firings_sql =
    "DELETE FROM cockpit_schedule_firings WHERE schedule = $1";
constexpr std::string_view remove_schedule_sql = "DELETE FROM cockpit_schedules WHERE name = $1";

constexpr std::string_view add_firing_sql = R"(
    INSERT INTO cockpit_schedule_firings (
        schedule, due_at_ms, manual, state, detail, launched_id, fired_by, created_at, lease_owner,
        lease_until_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (schedule, due_at_ms) DO NOTHING)";
constexpr std::string_view abandoned_sql = R"(
    SELECT schedule, due_at_ms, manual, state, detail, launched_id, fired_by, created_at,
        lease_owner, lease_until_ms
    FROM cockpit_schedule_firings WHERE state = 'launching' AND lease_until_ms < $1
    ORDER BY due_at_ms LIMIT 200)";
constexpr std::string_view take_firing_sql = R"(
    UPDATE cockpit_schedule_firings SET lease_owner = $1, lease_until_ms = $2
    WHERE schedule = $3 AND due_at_ms = $4 AND state = 'launching' AND lease_until_ms < $5)";
constexpr std::string_view end_firing_sql = R"(
    UPDATE cockpit_schedule_firings SET state = $1, detail = $2, launched_id = $3
    WHERE schedule = $4 AND due_at_ms = $5 AND state = 'launching' AND lease_owner = $6)";
constexpr std::string_view list_firings_sql = R"(
    SELECT schedule, due_at_ms, manual, state, detail, launched_id, fired_by, created_at,
        lease_owner, lease_until_ms
    FROM cockpit_schedule_firings WHERE schedule = $1 ORDER BY due_at_ms DESC LIMIT $2)";
constexpr std::string_view firing_before_sql = R"(
    SELECT schedule, due_at_ms, manual, state, detail, launched_id, fired_by, created_at,
        lease_owner, lease_until_ms
    FROM cockpit_schedule_firings
    WHERE schedule = $1 AND due_at_ms < $2 AND state IN ('launching', 'launched')
    ORDER BY due_at_ms DESC LIMIT 1)";

constexpr std::string_view add_window_sql = R"(
    INSERT INTO cockpit_maintenance_windows (
        name, targets, reason, cron, zone, duration_s, from_ms, until_ms, created_by, created_at,
        updated_by, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (name) DO NOTHING)";
constexpr std::string_view replace_window_sql = R"(
    UPDATE cockpit_maintenance_windows SET targets = $1, reason = $2, cron = $3, zone = $4,
        duration_s = $5, from_ms = $6, until_ms = $7, updated_by = $8, updated_at = $9
    WHERE name = $10)";
constexpr std::string_view remove_window_sql =
    "DELETE FROM cockpit_maintenance_windows WHERE name = $1";

bool touched_a_row(std::span<const Rows> results) {
    return results.back().changed > 0;
}

// 0 and 1 in a SMALLINT: a condition on a BOOLEAN is written differently in the two databases.
Value flag(bool value) {
    return integer_value(std::int64_t{value ? 1 : 0});
}

ScheduleRecord schedule_of(const Rows::Row& row) {
    return {.name = row.text(0),
            .description = row.text(1),
            .kind = row.text(2),
            .request = row.text(3),
            .cron = row.text(4),
            .zone = row.text(5),
            .enabled = row.integer(6).value_or(0) != 0,
            .missed = row.text(7),
            .missed_within_s = row.integer(8).value_or(0),
            .overlap = row.text(9),
            .armed_at_ms = row.integer(10).value_or(0),
            .created_by = row.text(11),
            .created_at_ms = timestamp_cell(row.cell(12)).value_or(0),
            .updated_by = row.text(13),
            .updated_at_ms = timestamp_cell(row.cell(14)).value_or(0),
            .last_due_ms = row.integer(15)};
}

FiringRecord firing_of(const Rows::Row& row) {
    return {.schedule = row.text(0),
            .due_at_ms = row.integer(1).value_or(0),
            .manual = row.integer(2).value_or(0) != 0,
            .state = row.text(3),
            .detail = row.text(4),
            .launched_id = row.cell(5),
            .by = row.text(6),
            .created_at_ms = timestamp_cell(row.cell(7)).value_or(0),
            .lease_owner = row.text(8),
            .lease_until_ms = row.integer(9).value_or(0)};
}

WindowRecord window_of(const Rows::Row& row) {
    return {.name = row.text(0),
            .targets = row.text(1),
            .reason = row.text(2),
            .cron = row.cell(3),
            .zone = row.text(4),
            .duration_s = row.integer(5).value_or(0),
            .from_ms = row.integer(6).value_or(0),
            .until_ms = row.integer(7).value_or(0),
            .created_by = row.text(8),
            .created_at_ms = timestamp_cell(row.cell(9)).value_or(0),
            .updated_by = row.text(10),
            .updated_at_ms = timestamp_cell(row.cell(11)).value_or(0)};
}

std::vector<FiringRecord> firings_of(const Rows& rows) {
    std::vector<FiringRecord> firings;
    for (std::size_t i = 0; i < rows.size(); ++i)
        firings.push_back(firing_of(rows[i]));
    return firings;
}

}  // namespace

schedules::ScheduleRecords load_schedules(Connection& connection) {
    schedules::ScheduleRecords records;
    const Rows all = connection.query({load_schedules_sql, {}});
    for (std::size_t i = 0; i < all.size(); ++i)
        records.schedules.push_back(schedule_of(all[i]));
    const Rows windows = connection.query({load_windows_sql, {}});
    for (std::size_t i = 0; i < windows.size(); ++i)
        records.windows.push_back(window_of(windows[i]));
    return records;
}

WriteOf<bool> add_schedule(const ScheduleRecord& record) {
    return {
        {{add_schedule_sql,
          {text_value(record.name), text_value(record.description), text_value(record.kind),
           text_value(record.request), text_value(record.cron), text_value(record.zone),
           flag(record.enabled), text_value(record.missed), integer_value(record.missed_within_s),
           text_value(record.overlap), integer_value(record.armed_at_ms),
           text_value(record.created_by), timestamp_value(record.created_at_ms),
           text_value(record.updated_by), timestamp_value(record.updated_at_ms)}}},
        touched_a_row,
        {}};
}

WriteOf<bool> replace_schedule(const ScheduleRecord& record) {
    return {{{replace_schedule_sql,
              {text_value(record.description), text_value(record.kind), text_value(record.request),
               text_value(record.cron), text_value(record.zone), flag(record.enabled),
               text_value(record.missed), integer_value(record.missed_within_s),
               text_value(record.overlap), integer_value(record.armed_at_ms),
               text_value(record.updated_by), timestamp_value(record.updated_at_ms),
               text_value(record.name)}}},
            touched_a_row,
            {}};
}

WriteOf<bool> remove_schedule(const std::string& name) {
    return {{{remove_firings_sql, {text_value(name)}}, {remove_schedule_sql, {text_value(name)}}},
            touched_a_row,
            {}};
}

WriteOf<bool> add_firing(const FiringRecord& record) {
    return {{{add_firing_sql,
              {text_value(record.schedule), integer_value(record.due_at_ms), flag(record.manual),
               text_value(record.state), text_value(record.detail), text_value(record.launched_id),
               text_value(record.by), timestamp_value(record.created_at_ms),
               text_value(record.lease_owner), integer_value(record.lease_until_ms)}}},
            touched_a_row,
            {}};
}

std::vector<FiringRecord> abandoned_firings(Connection& connection, std::int64_t now_ms) {
    return firings_of(connection.query({abandoned_sql, {integer_value(now_ms)}}));
}

WriteOf<bool> take_firing(const FiringRecord& firing, const std::string& owner,
                          std::int64_t lease_until_ms, std::int64_t now_ms) {
    return {{{take_firing_sql,
              {text_value(owner), integer_value(lease_until_ms), text_value(firing.schedule),
               integer_value(firing.due_at_ms), integer_value(now_ms)}}},
            touched_a_row,
            {}};
}

WriteOf<bool> end_firing(const FiringRecord& firing) {
    return {{{end_firing_sql,
              {text_value(firing.state), text_value(firing.detail), text_value(firing.launched_id),
               text_value(firing.schedule), integer_value(firing.due_at_ms),
               text_value(firing.lease_owner)}}},
            touched_a_row,
            {}};
}

std::vector<FiringRecord> list_firings(Connection& connection, const std::string& schedule,
                                       int limit) {
    return firings_of(connection.query(
        {list_firings_sql, {text_value(schedule), integer_value(std::int64_t{limit})}}));
}

std::optional<FiringRecord> firing_before(Connection& connection, const std::string& schedule,
                                          std::int64_t due_at_ms) {
    const Rows rows =
        connection.query({firing_before_sql, {text_value(schedule), integer_value(due_at_ms)}});
    if (rows.empty()) return std::nullopt;
    return firing_of(rows[0]);
}

WriteOf<bool> add_window(const WindowRecord& record) {
    return {{{add_window_sql,
              {text_value(record.name), text_value(record.targets), text_value(record.reason),
               text_value(record.cron), text_value(record.zone), integer_value(record.duration_s),
               integer_value(record.from_ms), integer_value(record.until_ms),
               text_value(record.created_by), timestamp_value(record.created_at_ms),
               text_value(record.updated_by), timestamp_value(record.updated_at_ms)}}},
            touched_a_row,
            {}};
}

WriteOf<bool> replace_window(const WindowRecord& record) {
    return {
        {{replace_window_sql,
          {text_value(record.targets), text_value(record.reason), text_value(record.cron),
           text_value(record.zone), integer_value(record.duration_s), integer_value(record.from_ms),
           integer_value(record.until_ms), text_value(record.updated_by),
           timestamp_value(record.updated_at_ms), text_value(record.name)}}},
        touched_a_row,
        {}};
}

WriteOf<bool> remove_window(const std::string& name) {
    return {{{remove_window_sql, {text_value(name)}}}, touched_a_row, {}};
}

}  // namespace cockpit::store

#include "server/store/service_queries.hpp"

#include "server/store/column_values.hpp"

namespace cockpit::store {
namespace {

using deployments::ServiceRecord;

#define COCKPIT_SERVICE_COLUMNS                                                         \
    "name, definition, sealed_secret, created_by, created_at, updated_by, updated_at, " \
    "pushed_commit, pushed_by "

constexpr std::string_view add_sql =
    "INSERT INTO cockpit_services (name, definition, sealed_secret, created_by, created_at, "
    "updated_by, updated_at, pushed_commit, pushed_by) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, '', '') ON CONFLICT DO NOTHING";
constexpr std::string_view replace_sql =
    "UPDATE cockpit_services SET definition = $1, sealed_secret = $2, updated_by = $3, "
    "updated_at = $4 WHERE name = $5";
constexpr std::string_view remove_sql =
    "DELETE FROM cockpit_services WHERE name = $1 AND NOT EXISTS "
    "(SELECT 1 FROM cockpit_deployments d WHERE d.service = $2 AND d.ended_at IS NULL)";
constexpr std::string_view find_sql =
    "SELECT " COCKPIT_SERVICE_COLUMNS "FROM cockpit_services WHERE name = $1";
constexpr std::string_view list_sql =
    "SELECT " COCKPIT_SERVICE_COLUMNS "FROM cockpit_services ORDER BY name";
constexpr std::string_view note_sql =
    "UPDATE cockpit_services SET pushed_commit = $1, pushed_by = $2 WHERE name = $3";
constexpr std::string_view forget_sql =
    "UPDATE cockpit_services SET pushed_commit = '', pushed_by = '' "
    "WHERE name = $1 AND pushed_commit = $2";
constexpr std::string_view pushed_sql =
    "SELECT " COCKPIT_SERVICE_COLUMNS
    "FROM cockpit_services s WHERE pushed_commit <> '' AND NOT EXISTS (SELECT 1 FROM "
    "cockpit_deployments d WHERE d.service = s.name AND d.ended_at IS NULL) ORDER BY name";

ServiceRecord record_of(const Rows::Row& row) {
    return {.name = row.text(0),
            .definition = row.text(1),
            .sealed_secret = row.cell(2),
            .created_by = row.text(3),
            .created_at_ms = timestamp_cell(row.cell(4)).value_or(0),
            .updated_by = row.text(5),
            .updated_at_ms = timestamp_cell(row.cell(6)).value_or(0),
            .pushed_commit = row.text(7),
            .pushed_by = row.text(8)};
}

std::vector<ServiceRecord> records_of(const Rows& rows) {
    std::vector<ServiceRecord> records;
    for (std::size_t i = 0; i < rows.size(); ++i)
        records.push_back(record_of(rows[i]));
    return records;
}

Value optional_text(const std::optional<std::string>& text) {
    return text ? text_value(*text) : text_value(std::nullopt);
}

bool touched_a_row(std::span<const Rows> results) {
    return results.front().changed > 0;
}

}  // namespace

WriteOf<bool> add_service(const ServiceRecord& service) {
    return {{{add_sql,
              {text_value(service.name), text_value(service.definition),
               optional_text(service.sealed_secret), text_value(service.created_by),
               timestamp_value(service.created_at_ms), text_value(service.updated_by),
               timestamp_value(service.updated_at_ms)}}},
            touched_a_row,
            {}};
}

WriteOf<bool> replace_service(const ServiceRecord& service) {
    return {{{replace_sql,
              {text_value(service.definition), optional_text(service.sealed_secret),
               text_value(service.updated_by), timestamp_value(service.updated_at_ms),
               text_value(service.name)}}},
            touched_a_row,
            {}};
}

WriteOf<bool> remove_service(const std::string& name) {
    return {{{remove_sql, {text_value(name), text_value(name)}}}, touched_a_row, {}};
}

std::optional<ServiceRecord> find_service(Connection& connection, const std::string& name) {
    const Rows rows = connection.query({find_sql, {text_value(name)}});
    if (rows.empty()) return std::nullopt;
    return record_of(rows[0]);
}

std::vector<ServiceRecord> list_services(Connection& connection) {
    return records_of(connection.query({list_sql, {}}));
}

WriteOf<bool> note_push(const std::string& service, const std::string& commit,
                        const std::string& by) {
    return {
        {{note_sql, {text_value(commit), text_value(by), text_value(service)}}}, touched_a_row, {}};
}

WriteOf<bool> forget_push(const std::string& service, const std::string& commit) {
    return {{{forget_sql, {text_value(service), text_value(commit)}}}, touched_a_row, {}};
}

std::vector<ServiceRecord> pushed_services(Connection& connection) {
    return records_of(connection.query({pushed_sql, {}}));
}

}  // namespace cockpit::store

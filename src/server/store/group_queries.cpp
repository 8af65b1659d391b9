#include "server/store/group_queries.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>

#include "server/store/column_values.hpp"

namespace cockpit::store {
namespace {

namespace json = boost::json;
using targets::GroupRecord;
using targets::LabelRecord;

constexpr std::string_view load_groups_sql = R"(
    SELECT name, description, members, expression, created_by, created_at, updated_by, updated_at
    FROM cockpit_groups ORDER BY name)";
constexpr std::string_view load_labels_sql = R"(
    SELECT agent_id, labels, updated_by, updated_at FROM cockpit_agent_labels ORDER BY agent_id)";

constexpr std::string_view add_group_sql = R"(
    INSERT INTO cockpit_groups (
        name, description, members, expression, created_by, created_at, updated_by, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO NOTHING)";
constexpr std::string_view replace_group_sql = R"(
    UPDATE cockpit_groups SET description = $1, members = $2, expression = $3, updated_by = $4,
        updated_at = $5
    WHERE name = $6)";
constexpr std::string_view remove_group_sql = "DELETE FROM cockpit_groups WHERE name = $1";
constexpr std::string_view save_labels_sql = R"(
    INSERT INTO cockpit_agent_labels (agent_id, labels, updated_by, updated_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (agent_id) DO UPDATE SET labels = excluded.labels, updated_by = excluded.updated_by,
        updated_at = excluded.updated_at)";

template <typename T>
T from_json(const std::string& text, const std::string& what) {
    try {
        return json::value_to<T>(json::parse(text));
    } catch (const std::exception&) {
        throw std::runtime_error(what + " are ill-formed in the database: " + text.substr(0, 100));
    }
}

Value members_value(const GroupRecord& group) {
    if (!group.members) return text_value(std::nullopt);
    return text_value(json::serialize(json::value_from(*group.members)));
}

GroupRecord group_of(const Rows::Row& row) {
    GroupRecord group;
    group.name = row.text(0);
    group.description = row.text(1);
    if (row.cell(2)) {
        group.members =
            from_json<std::vector<std::string>>(*row.cell(2), "the members of group " + group.name);
    }
    group.expression = row.cell(3);
    group.created_by = row.text(4);
    group.created_at_ms = timestamp_cell(row.cell(5)).value_or(0);
    group.updated_by = row.text(6);
    group.updated_at_ms = timestamp_cell(row.cell(7)).value_or(0);
    return group;
}

LabelRecord labels_of(const Rows::Row& row) {
    LabelRecord record;
    record.agent_id = row.text(0);
    record.labels =
        from_json<targets::Labels>(row.text(1), "the labels of host " + record.agent_id);
    record.updated_by = row.text(2);
    record.updated_at_ms = timestamp_cell(row.cell(3)).value_or(0);
    return record;
}

bool touched_a_row(std::span<const Rows> results) {
    return results[0].changed > 0;
}

}  // namespace

WriteOf<bool> add_group(const GroupRecord& group) {
    return {{{add_group_sql,
              {text_value(group.name), text_value(group.description), members_value(group),
               text_value(group.expression), text_value(group.created_by),
               timestamp_value(group.created_at_ms), text_value(group.updated_by),
               timestamp_value(group.updated_at_ms)}}},
            touched_a_row,
            {}};
}

WriteOf<bool> replace_group(const GroupRecord& group) {
    return {{{replace_group_sql,
              {text_value(group.description), members_value(group), text_value(group.expression),
               text_value(group.updated_by), timestamp_value(group.updated_at_ms),
               text_value(group.name)}}},
            touched_a_row,
            {}};
}

WriteOf<bool> remove_group(const std::string& name) {
    return {{{remove_group_sql, {text_value(name)}}}, touched_a_row, {}};
}

WriteOf<bool> save_labels(const LabelRecord& record) {
    return {{{save_labels_sql,
              {text_value(record.agent_id),
               text_value(json::serialize(json::value_from(record.labels))),
               text_value(record.updated_by), timestamp_value(record.updated_at_ms)}}},
            [](std::span<const Rows>) { return true; },
            {}};
}

targets::TargetRecords load_targets(Connection& connection) {
    targets::TargetRecords records;
    const Rows groups = connection.query({load_groups_sql, {}});
    for (std::size_t i = 0; i < groups.size(); ++i)
        records.groups.push_back(group_of(groups[i]));
    const Rows labels = connection.query({load_labels_sql, {}});
    for (std::size_t i = 0; i < labels.size(); ++i)
        records.labels.push_back(labels_of(labels[i]));
    return records;
}

}  // namespace cockpit::store

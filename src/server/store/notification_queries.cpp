#include "server/store/notification_queries.hpp"

#include <limits>

#include "server/store/column_values.hpp"
#include "server/store/text_list.hpp"

// The columns of cockpit_notifications in the order in which `delivery_of` reads them.
#define COCKPIT_DELIVERY_COLUMNS                                                              \
    "id, delivery_id, target, event_id, event, subject, body, status, attempts, created_at, " \
    "next_attempt_at_ms, give_up_at_ms, last_status, last_error, last_response, "             \
    "last_attempt_at, delivered_at, failures "

namespace cockpit::store {
namespace {

using notify::Delivery;
using notify::DeliveryState;
using notify::Publication;
using notify::TargetRecord;

constexpr std::string_view add_target_sql = R"(
    INSERT INTO cockpit_notification_targets (name, kind, sealed_url, sealed_secret, addresses,
        events, agents, enabled, created_by, created_at, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (name) DO NOTHING)";
constexpr std::string_view change_target_sql = R"(
    UPDATE cockpit_notification_targets SET sealed_url = $1, sealed_secret = $2, addresses = $3,
        events = $4, agents = $5, enabled = $6, changed_at = $7 WHERE name = $8)";
constexpr std::string_view remove_target_sql =
    "DELETE FROM cockpit_notification_targets WHERE name = $1";
constexpr std::string_view bury_sql =
    "UPDATE cockpit_notifications SET status = 'dead', last_error = 'the target was removed', "
    "last_attempt_at = $1 WHERE target = $2 AND status = 'pending'";
constexpr std::string_view load_notification_targets_sql =
    "SELECT name, kind, sealed_url, sealed_secret, addresses, events, agents, enabled, created_by, "
    "created_at, changed_at FROM cockpit_notification_targets ORDER BY name";

// Without a cast to TIMESTAMP, which SQLite would take for a number; PostgreSQL gives the parameter
// the type of the column.
#define COCKPIT_ADD_DELIVERY                                                             \
    "INSERT INTO cockpit_notifications (delivery_id, target, event_id, event, subject, " \
    "body, status, attempts, created_at, next_attempt_at_ms, give_up_at_ms, failures, "  \
    "lease_until_ms) "                                                                   \
    "SELECT CAST($1 AS VARCHAR(36)), t.name, CAST($2 AS VARCHAR(400)), CAST($3 AS "      \
    "VARCHAR(100)), CAST($4 AS VARCHAR(255)), CAST($5 AS TEXT), 'pending', 0, "          \
    "$6, CAST($7 AS BIGINT), CAST($8 AS BIGINT), 0, 0 "                                  \
    "FROM cockpit_notification_targets t WHERE t.name = $9"

constexpr std::string_view add_delivery_sql =
    COCKPIT_ADD_DELIVERY " ON CONFLICT (target, event_id) DO NOTHING";
constexpr std::string_view add_host_delivery_sql = COCKPIT_ADD_DELIVERY
    " AND EXISTS (SELECT 1 FROM cockpit_host_states h WHERE h.agent_id = $10 AND h.event_id = $11) "
    "ON CONFLICT (target, event_id) DO NOTHING";
constexpr std::string_view host_changed_sql =
    "UPDATE cockpit_host_states SET state = $1, event_id = $2, changed_at = $3 "
    "WHERE agent_id = $4 AND state <> $5";
constexpr std::string_view host_first_seen_sql =
    "INSERT INTO cockpit_host_states (agent_id, state, event_id, changed_at) "
    "VALUES ($1, $2, '', $3) ON CONFLICT (agent_id) DO NOTHING";

// For each target one look-up in the index: a long queue of one target costs the others nothing.
constexpr std::string_view due_sql =
    "SELECT " COCKPIT_DELIVERY_COLUMNS
    "FROM cockpit_notifications WHERE id IN ("
    "SELECT (SELECT n.id FROM cockpit_notifications n WHERE n.target = t.name "
    "AND n.status = 'pending' AND n.next_attempt_at_ms <= $1 AND n.lease_until_ms <= $2 "
    "ORDER BY n.next_attempt_at_ms, n.id LIMIT 1) "
    "FROM cockpit_notification_targets t WHERE t.enabled = TRUE) ORDER BY next_attempt_at_ms, id";
constexpr std::string_view claim_sql =
    "UPDATE cockpit_notifications SET lease_owner = $1, lease_until_ms = $2, "
    "attempts = attempts + 1, last_attempt_at = $3 WHERE id = $4 AND status = 'pending' "
    "AND lease_until_ms <= $5 AND next_attempt_at_ms <= $6 RETURNING " COCKPIT_DELIVERY_COLUMNS;
constexpr std::string_view settle_sql =
    "UPDATE cockpit_notifications SET status = $1, next_attempt_at_ms = $2, "
    "failures = failures + $3, last_status = $4, last_error = $5, last_response = $6, "
    "delivered_at = $7, lease_owner = NULL, lease_until_ms = 0 WHERE id = $8 AND lease_owner = $9 "
    "AND status = 'pending'";
constexpr std::string_view resend_sql =
    "UPDATE cockpit_notifications SET status = 'pending', failures = 0, next_attempt_at_ms = $1, "
    "give_up_at_ms = $2, delivered_at = NULL WHERE id = $3 AND status <> 'pending' "
    "AND EXISTS (SELECT 1 FROM cockpit_notification_targets t "
    "WHERE t.name = cockpit_notifications.target)";
constexpr std::string_view sweep_sql =
    "DELETE FROM cockpit_notifications WHERE (status = 'delivered' AND created_at < $1) "
    "OR (status = 'dead' AND created_at < $2)";

constexpr std::string_view find_sql =
    "SELECT " COCKPIT_DELIVERY_COLUMNS "FROM cockpit_notifications WHERE id = $1";
// An empty text stands for "any": both databases then use one statement for all four questions.
constexpr std::string_view list_sql =
    "SELECT " COCKPIT_DELIVERY_COLUMNS
    "FROM cockpit_notifications WHERE id < CAST($1 AS BIGINT) "
    "AND (CAST($2 AS TEXT) = '' OR status = $3) AND (CAST($4 AS TEXT) = '' OR target = $5) "
    "ORDER BY id DESC LIMIT $6";

std::optional<int> int_of(std::optional<std::int64_t> number) {
    if (!number) return std::nullopt;
    return static_cast<int>(*number);
}

Delivery delivery_of(const Rows::Row& row) {
    Delivery delivery;
    delivery.id = row.integer(0).value_or(0);
    delivery.delivery_id = row.text(1);
    delivery.target = row.text(2);
    delivery.event_id = row.text(3);
    delivery.event = row.text(4);
    delivery.subject = row.text(5);
    delivery.body = row.text(6);
    delivery.state = notify::parse_delivery_state(row.text(7)).value_or(DeliveryState::dead);
    delivery.attempts = int_of(row.integer(8)).value_or(0);
    delivery.created_at_ms = timestamp_cell(row.cell(9)).value_or(0);
    delivery.next_attempt_at_ms = row.integer(10).value_or(0);
    delivery.give_up_at_ms = row.integer(11).value_or(0);
    delivery.last_status = int_of(row.integer(12));
    delivery.last_error = row.cell(13);
    delivery.last_response = row.cell(14);
    delivery.last_attempt_at_ms = timestamp_cell(row.cell(15));
    delivery.delivered_at_ms = timestamp_cell(row.cell(16));
    delivery.failures = int_of(row.integer(17)).value_or(0);
    return delivery;
}

std::vector<Delivery> deliveries_of(const Rows& rows) {
    std::vector<Delivery> list;
    list.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        list.push_back(delivery_of(rows[i]));
    return list;
}

Value optional_text(const std::optional<std::string>& text) {
    return text_value(text ? std::optional<std::string_view>(*text) : std::nullopt);
}

bool first_changed(std::span<const Rows> results) {
    return results[0].changed > 0;
}

}  // namespace

WriteOf<bool> add_target(const TargetRecord& record) {
    return {{{add_target_sql,
              {text_value(record.name), text_value(to_text(record.kind)),
               optional_text(record.sealed_url), optional_text(record.sealed_secret),
               text_value(list_text(record.addresses)), text_value(list_text(record.events)),
               text_value(list_text(record.agents)), boolean_value(record.enabled),
               text_value(record.created_by), timestamp_value(record.created_at_ms),
               timestamp_value(record.changed_at_ms)}}},
            first_changed,
            {}};
}

WriteOf<bool> change_target(const TargetRecord& record) {
    return {{{change_target_sql,
              {optional_text(record.sealed_url), optional_text(record.sealed_secret),
               text_value(list_text(record.addresses)), text_value(list_text(record.events)),
               text_value(list_text(record.agents)), boolean_value(record.enabled),
               timestamp_value(record.changed_at_ms), text_value(record.name)}}},
            first_changed,
            {}};
}

WriteOf<bool> remove_target(const std::string& name, std::int64_t at_ms) {
    return {{{remove_target_sql, {text_value(name)}},
             {bury_sql, {timestamp_value(at_ms), text_value(name)}}},
            first_changed,
            {}};
}

std::vector<TargetRecord> load_notification_targets(Connection& connection) {
    const Rows rows = connection.query({load_notification_targets_sql, {}});
    std::vector<TargetRecord> list;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        const auto kind = notify::parse_target_kind(row.text(1));
        if (!kind) continue;  // of a later version of the server
        list.push_back({.name = row.text(0),
                        .kind = *kind,
                        .sealed_url = row.cell(2),
                        .sealed_secret = row.cell(3),
                        .addresses = list_of_text(row.text(4)),
                        .events = list_of_text(row.text(5)),
                        .agents = list_of_text(row.text(6)),
                        .enabled = row.boolean(7),
                        .created_by = row.text(8),
                        .created_at_ms = timestamp_cell(row.cell(9)).value_or(0),
                        .changed_at_ms = timestamp_cell(row.cell(10)).value_or(0)});
    }
    return list;
}

WriteOf<std::int64_t> publish_event(const Publication& publication) {
    WriteOf<std::int64_t> write;
    const auto& change = publication.host_change;
    if (change) {
        write.statements.push_back({host_changed_sql,
                                    {text_value(change->state), text_value(publication.event_id),
                                     timestamp_value(publication.now_ms),
                                     text_value(change->agent_id), text_value(change->state)}});
        write.statements.push_back({host_first_seen_sql,
                                    {text_value(change->agent_id), text_value(change->state),
                                     timestamp_value(publication.now_ms)}});
    }
    const auto first = write.statements.size();
    for (const auto& to : publication.to) {
        Statement add{change ? add_host_delivery_sql : add_delivery_sql,
                      {text_value(to.delivery_id), text_value(publication.event_id),
                       text_value(publication.event), text_value(publication.subject),
                       text_value(publication.body), timestamp_value(publication.now_ms),
                       integer_value(publication.now_ms), integer_value(publication.give_up_at_ms),
                       text_value(to.target)}};
        if (change) {
            add.values.push_back(text_value(change->agent_id));
            add.values.push_back(text_value(publication.event_id));
        }
        write.statements.push_back(std::move(add));
    }
    write.decode = [first](std::span<const Rows> results) {
        std::int64_t added = 0;
        for (const auto& rows : results.subspan(first))
            added += rows.changed;
        return added;
    };
    return write;
}

WriteOf<std::optional<Delivery>> claim_delivery(std::int64_t id, const std::string& owner,
                                                std::int64_t now_ms, std::int64_t until_ms) {
    return {{{claim_sql,
              {text_value(owner), integer_value(until_ms), timestamp_value(now_ms),
               integer_value(id), integer_value(now_ms), integer_value(now_ms)}}},
            [](std::span<const Rows> results) -> std::optional<Delivery> {
                if (results[0].empty()) return std::nullopt;
                return delivery_of(results[0][0]);
            },
            {}};
}

WriteOf<bool> settle_delivery(const notify::Settlement& settlement) {
    const bool delivered = settlement.state == DeliveryState::delivered;
    const auto status = settlement.status ? std::optional<std::int64_t>(*settlement.status)
                                          : std::optional<std::int64_t>();
    return {{{settle_sql,
              {text_value(to_text(settlement.state)), integer_value(settlement.next_attempt_at_ms),
               integer_value(std::int64_t{settlement.failed ? 1 : 0}), small_integer_value(status),
               optional_text(settlement.error), optional_text(settlement.response),
               timestamp_value(delivered ? std::optional(settlement.at_ms) : std::nullopt),
               integer_value(settlement.id), text_value(settlement.owner)}}},
            first_changed,
            {}};
}

WriteOf<bool> resend_delivery(std::int64_t id, std::int64_t now_ms, std::int64_t give_up_at_ms) {
    return {
        {{resend_sql, {integer_value(now_ms), integer_value(give_up_at_ms), integer_value(id)}}},
        first_changed,
        {}};
}

WriteOf<std::int64_t> sweep_deliveries(std::int64_t delivered_before_ms,
                                       std::int64_t dead_before_ms) {
    return {{{sweep_sql, {timestamp_value(delivered_before_ms), timestamp_value(dead_before_ms)}}},
            [](std::span<const Rows> results) { return results[0].changed; },
            {}};
}

std::vector<Delivery> due_deliveries(Connection& connection, std::int64_t now_ms) {
    return deliveries_of(
        connection.query({due_sql, {integer_value(now_ms), integer_value(now_ms)}}));
}

std::optional<Delivery> find_delivery(Connection& connection, std::int64_t id) {
    const Rows rows = connection.query({find_sql, {integer_value(id)}});
    if (rows.empty()) return std::nullopt;
    return delivery_of(rows[0]);
}

std::vector<Delivery> list_deliveries(Connection& connection, const notify::DeliveryQuery& query) {
    const std::string state(query.state ? to_text(*query.state) : "");
    const auto target = query.target.value_or("");
    const auto before = query.before_id.value_or(std::numeric_limits<std::int64_t>::max());
    return deliveries_of(connection.query(
        {list_sql,
         {integer_value(before), text_value(state), text_value(state), text_value(target),
          text_value(target), integer_value(std::int64_t{query.limit})}}));
}

}  // namespace cockpit::store

#include "server/store/incoming_queries.hpp"

#include "server/store/column_values.hpp"
#include "server/store/text_list.hpp"

namespace cockpit::store {
namespace {

using notify::HookRecord;
using notify::PushRecord;

constexpr std::string_view add_hook_sql = R"(
    INSERT INTO cockpit_incoming_webhooks (name, provider, sealed_secret, created_by, created_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING)";
constexpr std::string_view remove_hook_sql =
    "DELETE FROM cockpit_incoming_webhooks WHERE name = $1";
constexpr std::string_view load_hooks_sql =
    "SELECT name, provider, sealed_secret, created_by, created_at FROM cockpit_incoming_webhooks "
    "ORDER BY name";
constexpr std::string_view find_hook_sql =
    "SELECT name, provider, sealed_secret, created_by, created_at FROM cockpit_incoming_webhooks "
    "WHERE name = $1";
// Without a named key: a repeated delivery and a repeated body are the same to us.
constexpr std::string_view add_push_sql = R"(
    INSERT INTO cockpit_incoming_pushes (webhook, delivery_id, body_digest, provider, repository,
        urls, branch, before_commit, after_commit, pusher, outcome, received_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING RETURNING id)";
constexpr std::string_view set_outcome_sql =
    "UPDATE cockpit_incoming_pushes SET outcome = $1 WHERE id = $2";
constexpr std::string_view list_pushes_sql =
    "SELECT id, webhook, delivery_id, body_digest, provider, repository, urls, branch, "
    "before_commit, after_commit, pusher, outcome, received_at FROM cockpit_incoming_pushes "
    "WHERE webhook = $1 ORDER BY id DESC LIMIT $2";

bool first_changed(std::span<const Rows> results) {
    return results[0].changed > 0;
}

notify::Provider provider_of(const std::string& text) {
    const auto provider = notify::parse_provider(text);
    if (provider) return *provider;
    throw DatabaseError(DatabaseError::Kind::refused,
                        "'" + text + "' is no provider of webhooks that this version knows");
}

HookRecord hook_of(const Rows::Row& row) {
    return {.name = row.text(0),
            .provider = provider_of(row.text(1)),
            .sealed_secret = row.text(2),
            .created_by = row.text(3),
            .created_at_ms = timestamp_cell(row.cell(4)).value_or(0)};
}

}  // namespace

WriteOf<bool> add_hook(const HookRecord& record) {
    return {{{add_hook_sql,
              {text_value(record.name), text_value(to_text(record.provider)),
               text_value(record.sealed_secret), text_value(record.created_by),
               timestamp_value(record.created_at_ms)}}},
            first_changed,
            {}};
}

WriteOf<bool> remove_hook(const std::string& name) {
    return {{{remove_hook_sql, {text_value(name)}}}, first_changed, {}};
}

std::vector<HookRecord> load_hooks(Connection& connection) {
    const Rows rows = connection.query({load_hooks_sql, {}});
    std::vector<HookRecord> list;
    for (std::size_t i = 0; i < rows.size(); ++i)
        list.push_back(hook_of(rows[i]));
    return list;
}

std::optional<HookRecord> find_hook(Connection& connection, const std::string& name) {
    const Rows rows = connection.query({find_hook_sql, {text_value(name)}});
    if (rows.empty()) return std::nullopt;
    return hook_of(rows[0]);
}

WriteOf<std::optional<std::int64_t>> add_push(const PushRecord& record) {
    const auto& push = record.push;
    return {{{add_push_sql,
              {text_value(push.hook), text_value(push.delivery_id), text_value(record.body_digest),
               text_value(to_text(push.provider)), text_value(push.repository),
               text_value(list_text(push.urls)), text_value(push.branch), text_value(push.before),
               text_value(push.after), text_value(push.pusher), text_value(record.outcome),
               timestamp_value(record.received_at_ms)}}},
            [](std::span<const Rows> results) -> std::optional<std::int64_t> {
                if (results[0].empty()) return std::nullopt;
                return results[0][0].integer(0);
            },
            {}};
}

WriteOf<bool> set_push_outcome(std::int64_t id, const std::string& outcome) {
    return {{{set_outcome_sql, {text_value(outcome), integer_value(id)}}}, first_changed, {}};
}

std::vector<PushRecord> list_pushes(Connection& connection, const std::string& hook, int limit) {
    const Rows rows =
        connection.query({list_pushes_sql, {text_value(hook), integer_value(std::int64_t{limit})}});
    std::vector<PushRecord> list;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        list.push_back({.id = row.integer(0).value_or(0),
                        .push = {.hook = row.text(1),
                                 .provider = provider_of(row.text(4)),
                                 .delivery_id = row.text(2),
                                 .repository = row.text(5),
                                 .urls = list_of_text(row.text(6)),
                                 .branch = row.text(7),
                                 .before = row.text(8),
                                 .after = row.text(9),
                                 .pusher = row.text(10)},
                        .body_digest = row.text(3),
                        .outcome = row.text(11),
                        .received_at_ms = timestamp_cell(row.cell(12)).value_or(0)});
    }
    return list;
}

}  // namespace cockpit::store

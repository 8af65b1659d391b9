#include "server/store/account_queries.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "server/store/column_values.hpp"

namespace cockpit::store {
namespace {

namespace json = boost::json;
using auth::TokenOwner;
using auth::TokenRecord;
using auth::UserRecord;

constexpr std::string_view count_users_sql = "SELECT COUNT(*) FROM cockpit_users";
constexpr std::string_view find_user_sql = R"(
    SELECT username, password_hash, permissions, must_change_password, disabled, created_at
    FROM cockpit_users WHERE username = $1)";
constexpr std::string_view list_users_sql = R"(
    SELECT username, password_hash, permissions, must_change_password, disabled, created_at
    FROM cockpit_users ORDER BY username)";
constexpr std::string_view save_user_sql = R"(
    INSERT INTO cockpit_users (
        username, password_hash, permissions, must_change_password, disabled, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (username) DO UPDATE SET
        password_hash = excluded.password_hash, permissions = excluded.permissions,
        must_change_password = excluded.must_change_password, disabled = excluded.disabled)";

constexpr std::string_view add_token_sql = R"(
    INSERT INTO cockpit_tokens (token_hash, username, name, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5))";
constexpr std::string_view find_token_sql = R"(
    SELECT u.username, u.password_hash, u.permissions, u.must_change_password, u.disabled,
        u.created_at, t.token_hash, t.name, t.created_at, t.expires_at
    FROM cockpit_tokens t JOIN cockpit_users u ON u.username = t.username WHERE t.token_hash = $1)";
constexpr std::string_view list_tokens_sql = R"(
    SELECT token_hash, username, name, created_at, expires_at
    FROM cockpit_tokens WHERE username = $1 ORDER BY created_at DESC, token_hash)";
constexpr std::string_view remove_token_sql = "DELETE FROM cockpit_tokens WHERE token_hash = $1";
constexpr std::string_view remove_tokens_of_sql =
    "DELETE FROM cockpit_tokens WHERE username = $1 AND token_hash <> $2";
constexpr std::string_view remove_expired_sql = "DELETE FROM cockpit_tokens WHERE expires_at <= $1";

std::string permissions_text(const std::vector<std::string>& permissions) {
    json::array list;
    for (const auto& permission : permissions)
        list.emplace_back(storable_text(permission));
    return json::serialize(list);
}

// Throws rather than read a broken list as "may nothing" or, worse, part of it.
std::vector<std::string> permissions_of(const std::string& text, const std::string& username) {
    std::vector<std::string> permissions;
    boost::system::error_code error;
    const json::value list = json::parse(text, error);
    bool sound = !error && list.is_array();
    if (sound) {
        for (const auto& permission : list.get_array()) {
            sound = sound && permission.is_string();
            if (sound) permissions.emplace_back(permission.get_string());
        }
    }
    if (!sound) {
        throw DatabaseError(
            DatabaseError::Kind::refused,
            "cockpit_users.permissions of '" + username + "' is no JSON list of texts");
    }
    return permissions;
}

UserRecord user_of(const Rows::Row& row) {
    UserRecord user;
    user.username = row.text(0);
    user.password_hash = row.text(1);
    user.permissions = permissions_of(row.text(2), user.username);
    user.must_change_password = row.boolean(3);
    user.disabled = row.boolean(4);
    user.created_at_ms = timestamp_cell(row.cell(5)).value_or(0);
    return user;
}

std::int64_t changed_rows(std::span<const Rows> results) {
    return results[0].changed;
}

}  // namespace

WriteOf<bool> save_user(const UserRecord& user) {
    return {
        {{save_user_sql,
          {text_value(user.username), text_value(user.password_hash),
           text_value(permissions_text(user.permissions)), boolean_value(user.must_change_password),
           boolean_value(user.disabled), timestamp_value(user.created_at_ms)}}},
        [](std::span<const Rows>) { return true; },
        {}};
}

WriteOf<bool> add_token(const TokenRecord& token) {
    return {{{add_token_sql,
              {text_value(token.token_hash), text_value(token.username), text_value(token.name),
               timestamp_value(token.created_at_ms), timestamp_value(token.expires_at_ms)}}},
            [](std::span<const Rows>) { return true; },
            {}};
}

std::vector<auth::TokenRecord> list_tokens_of(Connection& connection, const std::string& username) {
    const Rows rows = connection.query({list_tokens_sql, {text_value(username)}});
    std::vector<auth::TokenRecord> tokens;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        tokens.push_back({.token_hash = row.text(0),
                          .username = row.text(1),
                          .name = row.text(2),
                          .created_at_ms = timestamp_cell(row.cell(3)).value_or(0),
                          .expires_at_ms = timestamp_cell(row.cell(4)).value_or(0)});
    }
    return tokens;
}

WriteOf<bool> remove_token(const std::string& token_hash) {
    return {{{remove_token_sql, {text_value(token_hash)}}},
            [](std::span<const Rows> results) { return changed_rows(results) > 0; },
            {}};
}

WriteOf<std::int64_t> remove_tokens_of(const std::string& username, const std::string& keep_hash) {
    return {
        {{remove_tokens_of_sql, {text_value(username), text_value(keep_hash)}}}, changed_rows, {}};
}

WriteOf<std::int64_t> remove_expired_tokens(std::int64_t now_ms) {
    return {{{remove_expired_sql, {timestamp_value(now_ms)}}}, changed_rows, {}};
}

std::int64_t count_users(Connection& connection) {
    return connection.query({count_users_sql, {}})[0].integer(0).value_or(0);
}

std::optional<UserRecord> find_user(Connection& connection, const std::string& username) {
    const Rows rows = connection.query({find_user_sql, {text_value(username)}});
    if (rows.empty()) return std::nullopt;
    return user_of(rows[0]);
}

std::vector<UserRecord> list_users(Connection& connection) {
    const Rows rows = connection.query({list_users_sql, {}});
    std::vector<UserRecord> users;
    users.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        users.push_back(user_of(rows[i]));
    return users;
}

std::optional<TokenOwner> find_token(Connection& connection, const std::string& token_hash) {
    const Rows rows = connection.query({find_token_sql, {text_value(token_hash)}});
    if (rows.empty()) return std::nullopt;
    const auto row = rows[0];
    TokenOwner owner;
    owner.user = user_of(row);
    owner.token.token_hash = row.text(6);
    owner.token.username = owner.user.username;
    owner.token.name = row.text(7);
    owner.token.created_at_ms = timestamp_cell(row.cell(8)).value_or(0);
    owner.token.expires_at_ms = timestamp_cell(row.cell(9)).value_or(0);
    return owner;
}

}  // namespace cockpit::store

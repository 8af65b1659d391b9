#pragma once
// What the store does with users and tokens, in SQL that both databases understand.

#include "server/auth/account_store.hpp"
#include "server/store/command_queries.hpp"

namespace cockpit::store {

WriteOf<bool> save_user(const auth::UserRecord& user);
WriteOf<bool> add_token(const auth::TokenRecord& token);
std::vector<auth::TokenRecord> list_tokens_of(Connection& connection, const std::string& username);
WriteOf<bool> remove_token(const std::string& token_hash);
WriteOf<std::int64_t> remove_tokens_of(const std::string& username, const std::string& keep_hash);
WriteOf<std::int64_t> remove_expired_tokens(std::int64_t now_ms);

std::int64_t count_users(Connection& connection);
std::optional<auth::UserRecord> find_user(Connection& connection, const std::string& username);
std::vector<auth::UserRecord> list_users(Connection& connection);
std::optional<auth::TokenOwner> find_token(Connection& connection, const std::string& token_hash);

}  // namespace cockpit::store

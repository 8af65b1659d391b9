// The part of Access that makes and changes other people's accounts.
#include "log/log.hpp"
#include "runtime/await_callback.hpp"
#include "server/auth/access.hpp"
#include "server/auth/access_failures.hpp"
#include "server/auth/password_rules.hpp"

namespace cockpit::auth {
namespace asio = boost::asio;
namespace {

using Kind = AccessError::Kind;

std::expected<void, AccessError> check_grants(const Identity& by,
                                              const std::vector<std::string>& permissions) {
    for (const auto& permission : permissions) {
        if (by.may(permission)) continue;
        return refuse(Kind::not_permitted, "the permission '" + permission +
                                               "' is not yours, so you cannot give or take it");
    }
    return {};
}

}  // namespace

asio::awaitable<AccessResult<UserRecord>> Access::create_user(Identity by, NewUser user) {
    if (auto right = check_username(user.username); !right) {
        co_return refuse(Kind::invalid, right.error());
    }
    auto permissions = check_permissions(std::move(user.permissions));
    if (!permissions) co_return refuse(Kind::invalid, permissions.error());
    if (auto right = check_new_password(user.username, user.password); !right) {
        co_return refuse(Kind::invalid, right.error());
    }
    if (auto granted = check_grants(by, *permissions); !granted) {
        co_return std::unexpected(granted.error());
    }
    auto hashed = co_await hash(std::move(user.password));
    if (!hashed) co_return std::unexpected(hashed.error());
    auto there = co_await find_user(user.username);
    if (!there) co_return std::unexpected(there.error());
    if (*there) {
        co_return refuse(Kind::conflict, "there is a user '" + user.username + "' already");
    }
    UserRecord record{.username = std::move(user.username),
                      .password_hash = *std::move(hashed),
                      .permissions = *std::move(permissions),
                      .must_change_password = user.must_change_password,
                      .created_at_ms = clock_.wall_ms()};
    auto saved = co_await save_user(record);
    if (!saved) co_return std::unexpected(saved.error());
    log::info("a user was made", {{"username", record.username}, {"by", by.username}});
    co_return record;
}

asio::awaitable<AccessResult<UserRecord>> Access::change_user(Identity by, std::string username,
                                                              UserChanges changes) {
    if (username == by.username) {
        co_return refuse(Kind::not_permitted,
                         "nobody changes their own account this way; somebody else with "
                         "users:write has to do it");
    }
    std::optional<std::string> password_hash;
    if (changes.password) {
        auto right = check_new_password(username, *changes.password);
        if (!right) co_return refuse(Kind::invalid, right.error());
        auto hashed = co_await hash(*std::move(changes.password));
        if (!hashed) co_return std::unexpected(hashed.error());
        password_hash = *std::move(hashed);
    }
    if (changes.permissions) {
        auto permissions = check_permissions(*std::move(changes.permissions));
        if (!permissions) co_return refuse(Kind::invalid, permissions.error());
        if (auto granted = check_grants(by, *permissions); !granted) {
            co_return std::unexpected(granted.error());
        }
        changes.permissions = *std::move(permissions);
    }
    auto user = co_await find_user(username);
    if (!user) co_return std::unexpected(user.error());
    if (!*user) co_return refuse(Kind::not_found, "there is no user '" + username + "'");
    auto record = **std::move(user);
    if (auto held = check_grants(by, record.permissions); !held) {
        co_return std::unexpected(held.error());
    }
    if (changes.permissions) record.permissions = *std::move(changes.permissions);
    if (changes.disabled) record.disabled = *changes.disabled;
    if (password_hash) {
        record.password_hash = *std::move(password_hash);
        record.must_change_password = true;
    }
    const bool end_sessions = record.disabled || password_hash.has_value();
    auto saved = co_await save_user(record);
    if (!saved) co_return std::unexpected(saved.error());
    if (end_sessions) {
        auto ended = co_await end_tokens_of(record.username, "");
        if (!ended) co_return std::unexpected(ended.error());
    }
    log::info("a user was changed", {{"username", record.username}, {"by", by.username}});
    co_return record;
}

asio::awaitable<AccessResult<std::vector<UserRecord>>> Access::list_users() {
    auto users = co_await runtime::await_callback<StoreResult<std::vector<UserRecord>>>(
        [&](auto done) { store_.list_users(std::move(done)); });
    if (!users) co_return unavailable(users.error());
    co_return *std::move(users);
}

}  // namespace cockpit::auth

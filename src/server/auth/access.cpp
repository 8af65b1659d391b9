#include "server/auth/access.hpp"

#include <algorithm>
#include <string_view>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/random.hpp"
#include "log/log.hpp"
#include "runtime/await_callback.hpp"
#include "server/auth/access_failures.hpp"
#include "server/auth/password_rules.hpp"

namespace cockpit::auth {
namespace asio = boost::asio;
namespace {

using Kind = AccessError::Kind;

constexpr std::string_view token_prefix = "ckp_";
constexpr std::size_t token_bytes = 32;
constexpr std::size_t token_length = 4 + 43;  // the prefix and 32 bytes in base64url

std::unexpected<AccessError> hash_failed(HashFailure failure) {
    if (failure == HashFailure::no_memory) log::error("no memory to check a password");
    return refuse(Kind::rate_limited, "too many log-ins at the same time; try again in a moment",
                  1);
}

std::string hash_of(std::string_view token) {
    return crypto::to_hex(crypto::sha256(token));
}

bool looks_like_token(std::string_view text) {
    return text.size() == token_length && text.starts_with(token_prefix) &&
           crypto::from_base64url(text.substr(token_prefix.size())).has_value();
}

Identity identity_of(const UserRecord& user, const TokenRecord& token) {
    return {.username = user.username,
            .permissions = user.permissions,
            .must_change_password = user.must_change_password,
            .token_hash = token.token_hash,
            .token_name = token.name,
            .expires_at_ms = token.expires_at_ms};
}

}  // namespace

Access::Access(AccessSettings settings, AccountStore& store, runtime::BlockingPool& pool,
               const runtime::Clock& clock)
    : settings_(settings),
      store_(store),
      clock_(clock),
      hasher_(pool, settings.hashes_at_once, settings.hashes_waiting),
      throttle_(settings.throttle) {}

asio::awaitable<AccessResult<std::optional<UserRecord>>> Access::find_user(std::string username) {
    auto found = co_await runtime::await_callback<StoreResult<std::optional<UserRecord>>>(
        [&](auto done) { store_.find_user(std::move(username), std::move(done)); });
    if (!found) co_return unavailable(found.error());
    co_return *std::move(found);
}

asio::awaitable<AccessResult<void>> Access::save_user(UserRecord user) {
    auto saved = co_await runtime::await_callback<StoreResult<bool>>(
        [&](auto done) { store_.save_user(std::move(user), std::move(done)); });
    if (!saved) co_return unavailable(saved.error());
    co_return AccessResult<void>{};
}

asio::awaitable<AccessResult<void>> Access::end_tokens_of(std::string username,
                                                          std::string keep_hash) {
    auto ended = co_await runtime::await_callback<StoreResult<std::int64_t>>([&](auto done) {
        store_.remove_tokens_of(std::move(username), std::move(keep_hash), std::move(done));
    });
    if (!ended) co_return unavailable(ended.error());
    co_return AccessResult<void>{};
}

asio::awaitable<AccessResult<std::string>> Access::hash(std::string password) {
    auto hashed = co_await hasher_.hash(std::move(password));
    if (!hashed) co_return hash_failed(hashed.error());
    co_return *std::move(hashed);
}

asio::awaitable<AccessResult<bool>> Access::verify(std::optional<UserRecord> user,
                                                   std::string password) {
    // No password can be longer, and none may cost more than the longest one.
    if (password.size() > max_password_bytes) co_return false;
    std::expected<bool, HashFailure> right = false;
    if (user) {
        right = co_await hasher_.verify(user->password_hash, std::move(password));
    } else {
        right = co_await hasher_.verify_nobody(std::move(password));
    }
    if (!right) co_return hash_failed(right.error());
    co_return *right;
}

asio::awaitable<AccessResult<std::optional<FirstAdministrator>>> Access::ensure_administrator(
    std::optional<std::string> password) {
    auto users = co_await runtime::await_callback<StoreResult<std::int64_t>>(
        [&](auto done) { store_.count_users(std::move(done)); });
    if (!users) co_return unavailable(users.error());
    if (*users > 0) co_return std::nullopt;

    FirstAdministrator administrator{.username = "admin"};
    if (password) {
        auto right = check_new_password(administrator.username, *password);
        if (!right) co_return refuse(Kind::invalid, right.error());
    } else {
        administrator.generated_password = generate_password();
    }
    auto hashed = co_await hash(password ? *password : *administrator.generated_password);
    if (!hashed) co_return std::unexpected(hashed.error());
    auto saved = co_await save_user({.username = administrator.username,
                                     .password_hash = *std::move(hashed),
                                     .permissions = {std::string(everything)},
                                     .created_at_ms = clock_.wall_ms()});
    if (!saved) co_return std::unexpected(saved.error());
    co_return administrator;
}

asio::awaitable<AccessResult<IssuedToken>> Access::issue(UserRecord user, std::string name,
                                                         std::chrono::seconds lifetime) {
    const auto now_ms = clock_.wall_ms();
    const auto lifetime_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(lifetime).count();
    IssuedToken issued{.token = std::string(token_prefix) +
                                crypto::to_base64url(crypto::random_bytes(token_bytes)),
                       .expires_at_ms = now_ms + lifetime_ms,
                       .expires_in_s = lifetime.count()};
    TokenRecord record{.token_hash = hash_of(issued.token),
                       .username = user.username,
                       .name = std::move(name),
                       .created_at_ms = now_ms,
                       .expires_at_ms = issued.expires_at_ms};
    issued.identity = identity_of(user, record);
    auto added = co_await runtime::await_callback<StoreResult<bool>>(
        [&](auto done) { store_.add_token(std::move(record), std::move(done)); });
    if (!added) co_return unavailable(added.error());
    co_return issued;
}

asio::awaitable<AccessResult<IssuedToken>> Access::login(std::string username, std::string password,
                                                         std::string peer) {
    if (const auto wait_s = throttle_.charge(username, peer, clock_.steady_ms())) {
        co_return refuse(Kind::rate_limited,
                         "too many failed log-ins; try again in " + std::to_string(*wait_s) + " s",
                         *wait_s);
    }
    auto user = co_await find_user(username);
    if (!user) {
        throttle_.give_back(username, peer);
        co_return std::unexpected(user.error());
    }
    auto right = co_await verify(*user, std::move(password));
    if (!right) {
        throttle_.give_back(username, peer);
        co_return std::unexpected(right.error());
    }
    if (!*right || (*user)->disabled) {
        log::warning("a log-in failed", {{"username", username}, {"peer", peer}});
        co_return refuse(Kind::wrong_credentials, "the user name or the password is wrong");
    }
    throttle_.succeeded(username, peer);
    co_return co_await issue(**std::move(user), "session", settings_.session_lifetime);
}

asio::awaitable<AccessResult<void>> Access::logout(Identity identity) {
    auto removed = co_await runtime::await_callback<StoreResult<bool>>(
        [&](auto done) { store_.remove_token(identity.token_hash, std::move(done)); });
    if (!removed) co_return unavailable(removed.error());
    co_return AccessResult<void>{};
}

asio::awaitable<AccessResult<std::vector<TokenRecord>>> Access::tokens(Identity by) {
    auto found = co_await runtime::await_callback<StoreResult<std::vector<TokenRecord>>>(
        [&](auto done) { store_.list_tokens_of(by.username, std::move(done)); });
    if (!found) co_return unavailable(found.error());
    std::erase_if(*found, [now = clock_.wall_ms()](const TokenRecord& token) {
        return token.expires_at_ms <= now;
    });
    co_return *std::move(found);
}

asio::awaitable<AccessResult<TokenRecord>> Access::revoke_token(Identity by, std::string id) {
    const auto own = co_await tokens(by);
    if (!own) co_return std::unexpected(own.error());
    const auto found = std::ranges::find_if(
        *own, [&](const TokenRecord& token) { return token_id(token.token_hash) == id; });
    if (found == own->end()) {
        co_return refuse(Kind::not_found, "you have no token '" + id.substr(0, 32) +
                                              "'; GET /auth/tokens lists those you have");
    }
    auto removed = co_await runtime::await_callback<StoreResult<bool>>(
        [&](auto done) { store_.remove_token(found->token_hash, std::move(done)); });
    if (!removed) co_return unavailable(removed.error());
    log::info("a token was revoked", {{"username", by.username}, {"token_name", found->name}});
    co_return *found;
}

asio::awaitable<AccessResult<void>> Access::change_password(Identity identity,
                                                            std::string current_password,
                                                            std::string new_password,
                                                            std::string peer) {
    auto allowed = check_new_password(identity.username, new_password);
    if (!allowed) co_return refuse(Kind::invalid, allowed.error());
    if (new_password == current_password) {
        co_return refuse(Kind::invalid, "the new password must differ from the current one");
    }
    if (const auto wait_s = throttle_.charge(identity.username, peer, clock_.steady_ms())) {
        co_return refuse(Kind::rate_limited,
                         "too many wrong passwords; try again in " + std::to_string(*wait_s) + " s",
                         *wait_s);
    }
    auto user = co_await find_user(identity.username);
    if (!user) {
        throttle_.give_back(identity.username, peer);
        co_return std::unexpected(user.error());
    }
    auto right = co_await verify(*user, std::move(current_password));
    if (!right) {
        throttle_.give_back(identity.username, peer);
        co_return std::unexpected(right.error());
    }
    if (!*right) co_return refuse(Kind::wrong_credentials, "the current password is wrong");
    throttle_.succeeded(identity.username, peer);

    auto hashed = co_await hash(std::move(new_password));
    if (!hashed) co_return std::unexpected(hashed.error());
    // Hashing took its time: the account may have been changed by somebody else meanwhile.
    auto now = co_await find_user(identity.username);
    if (!now) co_return std::unexpected(now.error());
    if (!*now || (*now)->password_hash != (*user)->password_hash) {
        co_return refuse(Kind::conflict, "the password was changed by somebody else just now");
    }
    (*now)->password_hash = *std::move(hashed);
    (*now)->must_change_password = false;
    auto saved = co_await save_user(**std::move(now));
    if (!saved) co_return std::unexpected(saved.error());
    co_return co_await end_tokens_of(identity.username, identity.token_hash);
}

asio::awaitable<std::expected<Identity, TokenFailure>> Access::authenticate(
    std::optional<std::string> token) {
    if (!token || token->empty()) co_return std::unexpected(TokenFailure::missing);
    if (!looks_like_token(*token)) co_return std::unexpected(TokenFailure::malformed);
    auto found = co_await runtime::await_callback<StoreResult<std::optional<TokenOwner>>>(
        [&](auto done) { store_.find_token(hash_of(*token), std::move(done)); });
    if (!found) {
        log::error("the account store failed", {{"error", found.error().message}});
        co_return std::unexpected(TokenFailure::unavailable);
    }
    if (!*found) co_return std::unexpected(TokenFailure::unknown);
    const auto& owner = **found;
    if (owner.token.expires_at_ms <= clock_.wall_ms()) {
        co_return std::unexpected(TokenFailure::expired);
    }
    if (owner.user.disabled) co_return std::unexpected(TokenFailure::disabled);
    co_return identity_of(owner.user, owner.token);
}

asio::awaitable<AccessResult<IssuedToken>> Access::create_api_token(Identity by, std::string name,
                                                                    std::chrono::seconds lifetime) {
    if (name.empty() || name.size() > 100 || name == "session") {
        co_return refuse(Kind::invalid,
                         "the name of an API token has 1 to 100 bytes and is not 'session'");
    }
    if (lifetime < std::chrono::days(1) || lifetime > std::chrono::days(366)) {
        co_return refuse(Kind::invalid, "an API token lives 1 to 366 days");
    }
    auto user = co_await find_user(by.username);
    if (!user) co_return std::unexpected(user.error());
    if (!*user) co_return refuse(Kind::not_found, "the account is gone");
    co_return co_await issue(**std::move(user), std::move(name), lifetime);
}

asio::awaitable<AccessResult<std::int64_t>> Access::sweep_expired_tokens() {
    const auto before_ms =
        clock_.wall_ms() -
        std::chrono::duration_cast<std::chrono::milliseconds>(settings_.keep_expired).count();
    auto removed = co_await runtime::await_callback<StoreResult<std::int64_t>>(
        [&](auto done) { store_.remove_expired_tokens(before_ms, std::move(done)); });
    if (!removed) co_return unavailable(removed.error());
    co_return *removed;
}

}  // namespace cockpit::auth

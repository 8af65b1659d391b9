#pragma once
// Where accounts and tokens are kept. auth owns this interface, server/store implements it.
// Callbacks come on the I/O thread, exactly once, never from inside the call; writes are committed
// and synced.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "runtime/await_callback.hpp"

namespace cockpit::auth {

struct StoreError {
    std::string message;  ///< for the log
};
template <typename T>
using StoreResult = std::expected<T, StoreError>;

/// One row of cockpit_users.
struct UserRecord {
    std::string username;
    std::string password_hash;             ///< crypto::hash_password
    std::vector<std::string> permissions;  ///< such as cockpit_agents:read; "*" is all
    bool must_change_password = false;
    bool disabled = false;
    std::int64_t created_at_ms = 0;
};

/// One row of cockpit_tokens: a session or an API token. The token itself is kept nowhere.
struct TokenRecord {
    std::string token_hash;  ///< SHA-256 of the token, hexadecimal; the primary key
    std::string username;
    std::string name;  ///< "session", or what its owner called the API token
    std::int64_t created_at_ms = 0;
    std::int64_t expires_at_ms = 0;
};

/// Names a token among those of its owner; tells nothing of the token.
inline std::string token_id(const std::string& token_hash) {
    return token_hash.substr(0, 16);
}

struct TokenOwner {
    TokenRecord token;
    UserRecord user;
};

class AccountStore {
  public:
    virtual ~AccountStore() = default;

    virtual void count_users(runtime::Callback<StoreResult<std::int64_t>> done) = 0;
    virtual void find_user(std::string username,
                           runtime::Callback<StoreResult<std::optional<UserRecord>>> done) = 0;
    virtual void list_users(runtime::Callback<StoreResult<std::vector<UserRecord>>> done) = 0;
    /// Inserts the user or replaces everything but created_at_ms.
    virtual void save_user(UserRecord user, runtime::Callback<StoreResult<bool>> done) = 0;

    virtual void add_token(TokenRecord token, runtime::Callback<StoreResult<bool>> done) = 0;
    /// The token with its user, expired or not.
    virtual void find_token(std::string token_hash,
                            runtime::Callback<StoreResult<std::optional<TokenOwner>>> done) = 0;
    /// Newest first, expired ones too.
    virtual void list_tokens_of(std::string username,
                                runtime::Callback<StoreResult<std::vector<TokenRecord>>> done) = 0;
    /// Whether there was one.
    virtual void remove_token(std::string token_hash,
                              runtime::Callback<StoreResult<bool>> done) = 0;
    /// All of the user's tokens but `keep_hash`; how many.
    virtual void remove_tokens_of(std::string username, std::string keep_hash,
                                  runtime::Callback<StoreResult<std::int64_t>> done) = 0;
    virtual void remove_expired_tokens(std::int64_t now_ms,
                                       runtime::Callback<StoreResult<std::int64_t>> done) = 0;
};

}  // namespace cockpit::auth

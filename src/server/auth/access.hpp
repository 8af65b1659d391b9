#pragma once
// Who is asking and may they: accounts, passwords, opaque bearer tokens. A token is shown once;
// what is kept is its SHA-256, so reading the database gives nobody access, and removing the row
// ends it at once.
//
// All calls on the I/O thread; argon2id runs on the blocking pool. Every call may be cancelled:
// what it has already given to the store goes on. Store, pool and clock must outlive this object,
// and this object the calls.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "runtime/blocking_pool.hpp"
#include "runtime/clock.hpp"
#include "server/auth/account_store.hpp"
#include "server/auth/identity.hpp"
#include "server/auth/login_throttle.hpp"
#include "server/auth/password_hasher.hpp"

namespace cockpit::auth {

struct AccessSettings {
    std::chrono::seconds session_lifetime{12 * 3600};
    ThrottleSettings throttle;
    std::size_t hashes_at_once = 2;
    std::size_t hashes_waiting = 64;
    /// Expired tokens are kept this long, so that their holders are told "expired" rather than
    /// "unknown".
    std::chrono::hours keep_expired{7 * 24};
};

struct AccessError {
    enum class Kind {
        wrong_credentials,  ///< name or password, never said which
        rate_limited,       ///< retry_after_s says when to come again
        invalid,            ///< a value breaks a rule; detail names it
        not_permitted,      ///< would give or touch what the asker does not hold
        not_found,
        conflict,
        unavailable,  ///< the store failed; nothing is promised about the change
    };
    Kind kind;
    std::string detail;  ///< for the person who asked
    std::int64_t retry_after_s = 0;
};
template <typename T>
using AccessResult = std::expected<T, AccessError>;

enum class TokenFailure { missing, malformed, unknown, expired, disabled, unavailable };

/// A token just made: the only moment its text is known.
struct IssuedToken {
    std::string token;  ///< "ckp_" and 32 random bytes in base64url
    std::int64_t expires_at_ms = 0;
    std::int64_t expires_in_s = 0;
    Identity identity;
};

struct FirstAdministrator {
    std::string username;
    /// To be shown once; nothing when the operator chose the password.
    std::optional<std::string> generated_password;
};

struct NewUser {
    std::string username;
    std::string password;
    std::vector<std::string> permissions;
    bool must_change_password = false;
};

/// What is absent stays as it is. A new password must be changed by its user and, like `disabled`,
/// ends all the user's sessions and API tokens.
struct UserChanges {
    std::optional<std::vector<std::string>> permissions;
    std::optional<bool> disabled;
    std::optional<std::string> password;
};

class Access {
  public:
    Access(AccessSettings settings, AccountStore& store, runtime::BlockingPool& pool,
           const runtime::Clock& clock);

    /// Makes the administrator `admin` when there is no user at all; nothing when there is one
    /// already. Without a password it generates one: long, random and told to the operator alone,
    /// so that nothing forces its change.
    boost::asio::awaitable<AccessResult<std::optional<FirstAdministrator>>> ensure_administrator(
        std::optional<std::string> password);

    /// `peer` is the address of who asks. A name that does not exist costs as much time as one that
    /// does.
    boost::asio::awaitable<AccessResult<IssuedToken>> login(std::string username,
                                                            std::string password, std::string peer);
    boost::asio::awaitable<AccessResult<void>> logout(Identity identity);
    /// Ends the user's other sessions and API tokens.
    boost::asio::awaitable<AccessResult<void>> change_password(Identity identity,
                                                               std::string current_password,
                                                               std::string new_password,
                                                               std::string peer);

    /// Who holds this token; `token` is nothing when the request brought none.
    boost::asio::awaitable<std::expected<Identity, TokenFailure>> authenticate(
        std::optional<std::string> token);

    /// A token with the asker's own permissions, for programs. Lives 1 to 366 days.
    boost::asio::awaitable<AccessResult<IssuedToken>> create_api_token(
        Identity by, std::string name, std::chrono::seconds lifetime);

    /// The asker's own sessions and API tokens that have not expired.
    boost::asio::awaitable<AccessResult<std::vector<TokenRecord>>> tokens(Identity by);
    /// Ends one of them, by the id that token_id() gives; what it was.
    boost::asio::awaitable<AccessResult<TokenRecord>> revoke_token(Identity by, std::string id);

    /// Callers check `users:write` and `users:read`; these check that nobody gives, takes or resets
    /// what they do not hold themselves, and that nobody locks themselves out.
    boost::asio::awaitable<AccessResult<UserRecord>> create_user(Identity by, NewUser user);
    boost::asio::awaitable<AccessResult<UserRecord>> change_user(Identity by, std::string username,
                                                                 UserChanges changes);
    boost::asio::awaitable<AccessResult<std::vector<UserRecord>>> list_users();

    /// Forgets tokens that expired long ago; returns how many. To be called now and then.
    boost::asio::awaitable<AccessResult<std::int64_t>> sweep_expired_tokens();

  private:
    boost::asio::awaitable<AccessResult<std::optional<UserRecord>>> find_user(std::string username);
    boost::asio::awaitable<AccessResult<void>> save_user(UserRecord user);
    boost::asio::awaitable<AccessResult<std::string>> hash(std::string password);
    boost::asio::awaitable<AccessResult<bool>> verify(std::optional<UserRecord> user,
                                                      std::string password);
    boost::asio::awaitable<AccessResult<IssuedToken>> issue(UserRecord user, std::string name,
                                                            std::chrono::seconds lifetime);
    boost::asio::awaitable<AccessResult<void>> end_tokens_of(std::string username,
                                                             std::string keep_hash);

    AccessSettings settings_;
    AccountStore& store_;
    const runtime::Clock& clock_;
    PasswordHasher hasher_;
    LoginThrottle throttle_;
};

}  // namespace cockpit::auth

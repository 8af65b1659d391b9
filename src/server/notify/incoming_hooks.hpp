#pragma once
// Takes in what git servers tell: verifies, writes down once, hands on. One thread.

#include <expected>
#include <string>
#include <vector>

#include "crypto/secret_box.hpp"
#include "runtime/clock.hpp"
#include "server/dispatch/rate_limit.hpp"
#include "server/notify/incoming_store.hpp"
#include "server/notify/push_listener.hpp"
#include "server/notify/target_book.hpp"

namespace cockpit::notify {

/// How a request was taken.
struct Reception {
    enum class Kind {
        recorded,     ///< a new push, written down and handed on
        repeated,     ///< was there before; nothing happened
        ignored,      ///< authentic, and no push of a branch
        refused,      ///< unknown name or wrong signature: the same to who asks
        malformed,    ///< authentic, and not to be understood
        limited,      ///< too many from this peer
        unavailable,  ///< the database failed; the git server may send it again
    };
    Kind kind;
    std::string detail;  ///< a sentence
    std::int64_t retry_after_ms = 0;
};

class IncomingHooks {
  public:
    using Changed = std::expected<HookRecord, TargetError>;

    /// All must outlive this object. Without a listener every push "matches no deployment".
    IncomingHooks(IncomingStore& store, const runtime::Clock& clock, const crypto::SecretBox& box,
                  PushListener* listener = nullptr);

    void receive(std::string name, std::string peer, HeaderMap headers, std::string body,
                 runtime::Callback<Reception> done);

    void create(std::string name, Provider provider, std::string secret, std::string by,
                runtime::Callback<Changed> done);
    void remove(std::string name, runtime::Callback<Changed> done);

  private:
    void take(const HookRecord& hook, const HeaderMap& headers, const std::string& body,
              runtime::Callback<Reception> done);
    void hand_on(std::int64_t id, Push push, runtime::Callback<Reception> done);

    IncomingStore& store_;
    const runtime::Clock& clock_;
    const crypto::SecretBox& box_;
    PushListener* listener_;
    dispatch::TokenBuckets permits_;  ///< by peer
};

}  // namespace cockpit::notify

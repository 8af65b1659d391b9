#pragma once
// Which hosts belong to us, and by which key each is known. A host joins by proving a join token;
// from then on its key is its identity. A different key under a known name is refused, aloud, until
// an administrator has accepted it: it is either a host set up again or somebody who pretends to be
// it.
//
// One thread. Callbacks come exactly once, and may come from inside the call. Must outlive the
// callbacks of its ports.

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "protocol/messages.hpp"
#include "runtime/clock.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/dispatch/agent_link.hpp"
#include "server/dispatch/agent_store.hpp"

namespace cockpit::dispatch {

struct AcceptKeyError {
    enum class Kind { unknown_agent, not_the_pending_key, store_unavailable };
    Kind kind;
    std::string detail;  ///< for the person who asked
};

/// A new token for `uses` hosts until `expires_at_ms`, as text "<id>.<secret>" and as the row to
/// keep.
struct IssuedToken {
    std::string text;
    JoinToken row;
};
IssuedToken issue_join_token(std::int64_t uses, std::int64_t expires_at_ms, std::string created_by,
                             std::int64_t now_ms);

class Admission {
  public:
    Admission(const runtime::Clock& clock, AgentDirectory& directory, AgentStore& store,
              AgentLink& link);

    /// Loads the hosts known from the database into the directory.
    void restore(runtime::Callback<StoreResult<bool>> done);

    /// Looks for hosts that joined, or whose key was accepted, on another server of ours.
    void refresh();

    /// A hello signed by the very key it carries (the caller verified that). `answer`: it came by
    /// the stream and wants an ack; a heartbeat from the channel does not. `settled`: see
    /// Dispatcher.
    void on_hello(const protocol::Hello& hello, bool answer, runtime::Callback<bool> settled);

    /// The administrator says that this pending key is the right one.
    void accept_key(const protocol::AgentId& id, const std::string& public_key,
                    const std::string& by,
                    runtime::Callback<std::expected<AgentView, AcceptKeyError>> done);

    /// Makes the host known without a token: for the agent that standalone mode starts itself.
    void introduce(const protocol::AgentId& id, const std::string& public_key,
                   runtime::Callback<StoreResult<bool>> done);

  private:
    void accept(const protocol::Hello& hello, bool answer);
    void refuse(const protocol::Hello& hello, bool answer, std::string why);
    void note_changed_key(const protocol::Hello& hello, bool answer,
                          runtime::Callback<bool> settled);
    void join(const protocol::Hello& hello, bool answer, runtime::Callback<bool> settled);
    AgentRecord record_of(const protocol::Hello& hello) const;

    const runtime::Clock& clock_;
    AgentDirectory& directory_;
    AgentStore& store_;
    AgentLink& link_;
    /// When a changed key was last written down for a host: a stranger must not be able to make the
    /// database busy with made-up keys.
    std::unordered_map<protocol::AgentId, std::int64_t> noted_ms_;
    std::int64_t refusal_logged_ms_ = 0;
};

}  // namespace cockpit::dispatch

#pragma once
// The heart: takes commands, keeps them until they have ended, and tells who waits. Pure rules over
// ports: the store keeps the truth, the link carries entries to hosts, the clock is asked for the
// time.
//
// One thread. Callbacks come exactly once, and may come from inside the call that takes them. The
// dispatcher must outlive the callbacks of its ports.

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/messages.hpp"
#include "protocol/original.hpp"
#include "runtime/clock.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/dispatch/agent_link.hpp"
#include "server/dispatch/command_store.hpp"

namespace cockpit::dispatch {

struct DispatchSettings {
    std::int64_t delivery_timeout_ms = 10'000;  ///< a host must have it in this time, or it expires
    bool allow_unsigned_agents = false;
};

struct Submission {
    protocol::AgentId agent;
    std::string command;
    boost::json::object params;
    std::string sent_by;
    std::optional<std::int64_t>
        timeout_ms;  ///< limit of execution; the host's own stays the maximum
};

struct SubmitError {
    enum class Kind {
        unknown_agent,      ///< no such host
        agent_offline,      ///< it is not there now, and nothing was recorded
        presence_unknown,   ///< we cannot see whether it is there; nothing was recorded
        unknown_command,    ///< the host has no such command
        invalid_params,     ///< they do not fit the command's schema
        agent_not_trusted,  ///< no accepted key, or unsigned and not allowed
        store_unavailable,  ///< nothing was recorded
    };
    Kind kind;
    std::string detail;  ///< for the person who asked
};

/// Ends the waiting when it is destroyed; the callback then never comes.
class Waiter {
  public:
    virtual ~Waiter() = default;
};

class Dispatcher {
  public:
    Dispatcher(DispatchSettings settings, const runtime::Clock& clock, AgentDirectory& directory,
               CommandStore& store, AgentLink& link,
               std::function<protocol::CommandId()> new_command_id);
    ~Dispatcher();

    /// Takes up again what an earlier life of the server left open.
    void restore(runtime::Callback<StoreResult<bool>> done);

    /// Answers when the row is committed as pending; the entry is on its way then.
    void submit(Submission submission,
                runtime::Callback<std::expected<CommandRecord, SubmitError>> done);

    /// Calls back when the command is in a final state, soon when it already is. `done` gets
    /// nothing when the command is unknown or the store fails.
    std::unique_ptr<Waiter> wait(protocol::CommandId id,
                                 runtime::Callback<std::optional<CommandRecord>> done);

    /// News from a host whose signature was verified. `settled` is called when it need not be read
    /// again: it was committed, or it changes nothing. False: not now (the store failed), keep it
    /// and try again.
    void on_received(const protocol::Received& news, runtime::Callback<bool> settled);
    void on_started(const protocol::Started& news, runtime::Callback<bool> settled);
    void on_finished(const protocol::Finished& news, runtime::Callback<bool> settled);
    void on_refused(const protocol::Refused& news, runtime::Callback<bool> settled);
    /// An answer of an agent of the original; believed only from hosts that have no key.
    void on_original_response(const protocol::AgentId& agent,
                              const protocol::original::Response& response);

    /// To be called about once a second: expires what was not delivered in time, sends again what
    /// got no receipt, retries writes that failed.
    void on_tick();

    std::size_t open_commands() const { return open_.size(); }

  private:
    /// A command in no final state that this server looks after.
    struct Open {
        CommandRecord record;
        std::int64_t last_sent_ms = 0;
        bool original_protocol = false;
        bool being_written = false;  ///< an update of ours is on its way to the store
    };
    class Waiting;
    struct Waiters;

    void send(Open& open);
    void write_news(CommandUpdate update, runtime::Callback<bool> settled);
    void acknowledge(const std::string& agent_id, const protocol::AttemptId& attempt);
    void settle_here(const CommandRecord& record);
    void close_unanswered(Open& open, std::int64_t now_ms);

    const DispatchSettings settings_;
    const runtime::Clock& clock_;
    AgentDirectory& directory_;
    CommandStore& store_;
    AgentLink& link_;
    std::function<protocol::CommandId()> new_command_id_;
    std::unordered_map<std::string, Open> open_;  ///< by command id
    std::shared_ptr<Waiters> waiters_;            ///< outlives us while a Waiter does
};

}  // namespace cockpit::dispatch

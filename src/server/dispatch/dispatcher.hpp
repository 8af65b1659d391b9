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
#include "server/dispatch/end_listener.hpp"
#include "server/dispatch/rate_limit.hpp"
#include "server/dispatch/start_guard.hpp"
#include "server/dispatch/waiters.hpp"

namespace cockpit::dispatch {

struct DispatchSettings {
    std::int64_t delivery_timeout_ms = 10'000;  ///< a host must have it in this time, or it expires
    bool allow_unsigned_agents = false;
    /// A host that has a command and stays away longer than this: the outcome is called unknown.
    std::int64_t give_up_ms = 3'600'000;
    /// Idempotent commands with an unknown outcome are tried this often in all, unasked.
    int interrupted_attempts = 3;
    RateLimit rate;  ///< of commands that are taken in for one host
    /// Makes the digests of requests that are kept beside their idempotency keys; the same for all
    /// servers of one database.
    std::string digest_key;
};

struct Submission {
    protocol::AgentId agent;
    std::string command;
    boost::json::object params;
    std::string sent_by;
    /// Limit of execution; the host's own stays the maximum.
    std::optional<std::int64_t> timeout_ms;
    /// Wait as long as this for a host that is away; nothing: a host that is away is an error.
    std::optional<std::int64_t> queue_for_ms;
    /// The asker's name for this very request, and a digest of its content.
    struct Idempotency {
        std::string key;
        std::string digest;
    };
    std::optional<Idempotency> idempotency;
    RetryPolicy retry;
    /// Goes out although the start guard forbids it.
    bool forced = false;
};

struct SubmitError {
    enum class Kind {
        unknown_agent,      ///< no such host
        agent_offline,      ///< it is not there now, and nothing was recorded
        presence_unknown,   ///< we cannot see whether it is there; nothing was recorded
        unknown_command,    ///< the host has no such command
        invalid_params,     ///< they do not fit the command's schema
        agent_not_trusted,  ///< no accepted key, or unsigned and not allowed
        key_used_before,    ///< the idempotency key named another request
        store_unavailable,  ///< nothing was recorded
        rate_limited,       ///< too many for this host; nothing was recorded
        in_maintenance,     ///< the start guard forbids it; nothing was recorded
    };
    Kind kind;
    std::string detail;               ///< for the person who asked
    std::int64_t retry_after_ms = 0;  ///< with rate_limited
};

/// Whether it may be otherwise in a moment, without anybody doing anything about this command.
bool passes(SubmitError::Kind kind);

struct CancelError {
    enum class Kind {
        unknown_command,
        already_ended,      ///< the record says how
        not_possible,       ///< the host's agent is of the original, which cannot stop anything
        store_unavailable,  ///< nothing was changed
    };
    Kind kind;
    std::string detail;  ///< for the person who asked
    std::optional<CommandRecord> record;
};

class Dispatcher {
  public:
    Dispatcher(DispatchSettings settings, const runtime::Clock& clock, AgentDirectory& directory,
               CommandStore& store, AgentLink& link,
               std::function<protocol::CommandId()> new_command_id);
    ~Dispatcher();

    /// Takes up again what an earlier life of the server left open.
    void restore(runtime::Callback<StoreResult<bool>> done);

    /// Answers when the row is committed as pending; the entry is then on its way, or waits for the
    /// host. With an idempotency key that made a row before, answers with that row.
    void submit(Submission submission,
                runtime::Callback<std::expected<CommandRecord, SubmitError>> done);

    /// Wants the command stopped. Answers when that is written down: `cancelled` at once where it
    /// was never on the wire; else the host is told until it has answered how the command ended.
    void cancel(protocol::CommandId id, std::string by,
                runtime::Callback<std::expected<CommandRecord, CancelError>> done);

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

    /// Another server of ours says that this command ended; looked up where somebody here cares.
    void on_ended_elsewhere(const protocol::CommandId& id);

    /// Who is told of each end that this server wrote, one after the other. Must outlive this
    /// object.
    void tell_ends_to(EndListener* listener) { end_listeners_.push_back(listener); }

    /// Who is asked whether something may start on a host: when a command is taken in, and again
    /// before one that had to wait is sent. Null: always. Must outlive this object.
    void guard_starts_with(const StartGuard* guard) { start_guard_ = guard; }
    /// Why nothing may start on this host now; nothing: it may.
    std::optional<std::string> forbids(const protocol::AgentId& agent) const;

    /// To be called about once a second: sends what waits for a host that is back, asks again for
    /// what got no receipt, ends what can no longer start, takes up what other servers left open.
    void on_tick();

    /// What submit() would refuse it for now; nothing is counted or changed. The limit on the rate
    /// is not asked.
    std::optional<SubmitError> obstacle(Submission submission) const;
    /// The commands in no final state that this server looks after, by host. The pointers are good
    /// until anything else is called here.
    std::map<std::string, std::vector<const CommandRecord*>> open_by_agent() const;

    std::size_t open_commands() const { return open_.size(); }

  private:
    /// A command in no final state that this server looks after.
    struct Open {
        CommandRecord record;
        std::int64_t last_sent_ms = 0;
        std::int64_t away_since_ms = 0;  ///< the host is offline since then; 0: it is not
        bool being_written = false;      ///< an update of ours is on its way to the store
    };
    using Submitted = std::expected<CommandRecord, SubmitError>;
    std::optional<SubmitError> check(Submission& submission, const AgentView& view) const;
    Submitted record_of(Submission submission, const AgentView& view);
    void take_in(CommandRecord record, runtime::Callback<Submitted> done);
    void insert(CommandRecord record, runtime::Callback<Submitted> done);
    void answer_repeated(const CommandRecord& earlier, const std::string& digest,
                         runtime::Callback<Submitted> done) const;
    void take_up(std::vector<CommandRecord> records);
    void look_for_others(std::int64_t now_ms);

    void look_after(Open& open, std::int64_t now_ms);
    void dispatch_waiting(Open& open, std::int64_t now_ms);
    void send(Open& open);
    void send_cancel(const CommandRecord& record);
    void close(Open& open, protocol::CommandState state, std::string why);
    std::int64_t start_limit_ms(const CommandRecord& record) const;

    void on_news(CommandUpdate update, runtime::Callback<bool> settled,
                 bool unknown_to_host = false);
    void write_news(CommandUpdate update, runtime::Callback<bool> settled);
    std::optional<std::int64_t> retry_at(const CommandRecord& record,
                                         protocol::CommandState outcome) const;
    void acknowledge(const std::string& agent_id, const protocol::AttemptId& attempt);
    void settle_here(const CommandRecord& record, bool announce);
    bool is_original(const std::string& agent_id) const;

    const DispatchSettings settings_;
    const runtime::Clock& clock_;
    AgentDirectory& directory_;
    CommandStore& store_;
    AgentLink& link_;
    std::function<protocol::CommandId()> new_command_id_;
    TokenBuckets permits_;                        ///< while the shared ones cannot be asked
    std::unordered_map<std::string, Open> open_;  ///< by command id
    std::int64_t looked_for_others_ms_ = 0;
    bool looking_for_others_ = false;
    std::vector<EndListener*> end_listeners_;
    const StartGuard* start_guard_ = nullptr;
    std::shared_ptr<Waiters> waiters_;  ///< shared with each Waiter
};

}  // namespace cockpit::dispatch

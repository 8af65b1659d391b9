#pragma once
// The agent's heart: takes entries from the wire, runs what is genuine, new, in time and allowed,
// and keeps each result until the server has it. What it promises:
//
//   * an attempt starts at most once on this host, whatever arrives how often (never for pure
//   commands
//     across a restart: they change nothing and carry their own expiry);
//   * nothing unsigned, altered, misaddressed or expired runs;
//   * every genuine run is answered: with its result, or with `refused` and the reason.
//
// Pure: no sockets, no Asio; driven by calls, two ports and a clock. One thread. The handlers, the
// clock and the ports must outlive it.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/executor/command_handler.hpp"
#include "agent/executor/journal.hpp"
#include "agent/executor/original_commands.hpp"
#include "agent/executor/output_sender.hpp"
#include "agent/executor/reports.hpp"
#include "agent/executor/run_queue.hpp"
#include "crypto/keys.hpp"
#include "protocol/envelope.hpp"
#include "runtime/clock.hpp"

namespace cockpit::executor {

struct Settings {
    protocol::AgentId agent;
    std::vector<crypto::PublicKey> server_keys;  ///< entries of any of these are genuine
    bool allow_unsigned = false;
    std::size_t max_running = 16;
    std::size_t max_waiting = 100;
    std::string boot_id;
    /// A longer life than this is refused, since ids are remembered as long: memory stays bounded.
    std::int64_t max_lifetime_ms = 7LL * 24 * 3600 * 1000;
    std::size_t max_remembered = 100'000;
    std::size_t max_unacknowledged = 10'000;  ///< results kept for a server that does not answer
    std::int64_t resend_first_ms = 15'000;    ///< doubles up to resend_cap_ms
    std::int64_t resend_cap_ms = 300'000;
    const crypto::SigningKey* key = nullptr;  ///< opens secrets; null: none can be opened
};

/// By which way an entry came. A publication arrives at once, so one that is late tells of clocks
/// apart.
enum class Way { stream, channel };

class Executor {
  public:
    /// `leftovers`: null where no command has a process.
    Executor(Settings settings, const CommandHandlers& handlers, const runtime::Clock& clock,
             Journal& journal, Reports& reports, Leftovers* leftovers = nullptr);

    /// Sends what commands print while they run, and answers who asks for it. Without this call
    /// only results are sent. Before restore(), once; `source` must outlive the executor.
    void stream_outputs(OutputSource& source, OutputSettings settings);

    /// What the journal held at start. Call first, once: attempts that had started in this boot are
    /// gone on with where they can be, or else ended as `interrupted`; those that had not are run
    /// if they still may; results are kept to be sent.
    void restore(JournalContents contents);

    /// `settled` is called exactly once, now or later: from then on the stream's copy is not
    /// needed.
    using Settled = std::move_only_function<void()>;
    void take(const protocol::Entry& entry, Way way, Settled settled);

    /// A message on the channel that is no entry of ours: the original's JSON, or noise.
    void take_original(std::string_view message);

    /// The way to the server is open (again): says again what was not acknowledged and what runs.
    void on_link_up();

    /// When on_time() wants to be called, in the clock's steady milliseconds; ask again after any
    /// call and after `changed`.
    std::optional<std::int64_t> next_deadline_ms() const;
    void on_time();

    /// Called when commands started or ended, or a deadline may have moved. Must not call back.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

    /// Shutting down, step by step: nothing new (waiting commands are refused); stop what runs; end
    /// what did not stop as `interrupted`.
    void stop_taking();
    void stop_running();
    void abandon_running();
    bool idle() const { return queue_.running() == 0 && queue_.waiting() == 0; }

    struct Counts {
        std::int64_t running = 0;
        std::int64_t waiting = 0;
        std::int64_t executed = 0;  ///< ran to an end since the start
        std::int64_t rejected = 0;  ///< entries that were not genuine, or not for us
        std::int64_t unacknowledged = 0;
    };
    Counts counts() const;

  private:
    using Result = std::variant<std::monostate, protocol::Finished, protocol::Refused>;
    struct Known {
        std::int64_t expires_at_ms = 0;
        std::optional<JobId> job;  ///< while it waits or runs
        bool running = false;
        bool journaled = false;
        bool recording = false;  ///< its acceptance is not on the disk yet
        std::vector<Settled> until_recorded;
        Result result;                  ///< until acknowledged
        std::int64_t resend_at_ms = 0;  ///< steady
        std::int64_t resend_pause_ms = 0;
    };

    void take_run(const protocol::Entry& entry, Way way, Settled settled);
    void take_cancel(const protocol::Entry& entry, Settled settled);
    void take_ack(const protocol::Entry& entry);
    void take_fetch(const protocol::Entry& entry);
    void output_started(const protocol::AttemptId& attempt);
    void output_ended(const protocol::Finished& finished);
    void outputs_restored();
    void repeat(const protocol::AttemptId& attempt, Known& known, Settled settled);
    SealOpener opener_for(const protocol::AttemptId& attempt) const {
        return {settings_.key, settings_.agent, attempt.command};
    }
    std::optional<std::string> obstacle(const protocol::Run& run, Way way) const;
    void accept(const protocol::Run& run, CommandHandler& handler, boost::json::object params,
                bool already_journaled, Settled settled);
    void resume(JournaledAttempt attempt);
    void ended(const protocol::AttemptId& attempt, Ending ending);
    void finish(const protocol::AttemptId& attempt, protocol::Finished finished,
                runtime::Callback<Journal::Written> written = nullptr);
    void refuse(const protocol::AttemptId& attempt, std::int64_t expires_at_ms, std::string reason,
                protocol::Refused::Cause cause = protocol::Refused::Cause::policy);
    void keep(const protocol::AttemptId& attempt, Known& known, Result result);
    void recorded(const protocol::AttemptId& attempt);
    void say(const Known& known);
    void say_progress(const protocol::AttemptId& attempt, const Known& known);
    void reject(std::string_view why, const protocol::Entry& entry);
    void forget_expired();
    void drop_oldest_result();
    static void log_failure(const Journal::Written& result);
    void append(JournalRecord record, runtime::Callback<Journal::Written> written = nullptr);
    void changed() {
        if (changed_) changed_();
    }

    Settings settings_;
    const CommandHandlers& handlers_;
    const runtime::Clock& clock_;
    Journal& journal_;
    Reports& reports_;
    Leftovers* leftovers_;
    std::function<void()> changed_;
    RunQueue queue_;
    OriginalCommands original_;
    std::unique_ptr<OutputSender> outputs_;  ///< null unless stream_outputs() was called
    std::map<protocol::AttemptId, Known> known_;
    std::set<protocol::AttemptId> unacknowledged_;
    std::int64_t forgotten_until_ms_ = 0;
    std::int64_t issued_after_ms_ = 0;
    std::int64_t next_forgetting_ms_ = 0;  ///< steady
    std::int64_t last_hello_answer_ms_ = 0;
    std::int64_t executed_ = 0;
    std::int64_t rejected_ = 0;
    bool taking_ = true;
    bool stopping_running_ = false;
    std::shared_ptr<Executor*>
        self_;  ///< the journal's late callbacks find nobody once we are gone
};

}  // namespace cockpit::executor

#pragma once
// Streams what commands print to the server, while they run and after they ended, until it is
// acknowledged; the rules are in docs/protocol.md ("Output"). In memory is only what is being read:
// what must be sent again is read again.
//
// Pure: driven by calls, two ports and a clock. One thread. Its owner calls on_time() when
// next_deadline_ms() has come, and looks at that again after any call and after `changed`.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/executor/output_source.hpp"
#include "agent/executor/reports.hpp"
#include "protocol/messages.hpp"
#include "runtime/clock.hpp"

namespace cockpit::executor {

struct OutputSettings {
    std::int64_t limit = 1 << 20;  ///< OUTPUT_LIMIT: more is sent as its first and its last half
    std::int64_t piece = protocol::max_output_bytes;
    std::int64_t probe = 4096;                 ///< a piece for a server that does not answer
    std::int64_t window = 256 * 1024;          ///< sent and not acknowledged, of one attempt
    std::int64_t window_of_all = 1024 * 1024;  ///< and of all attempts together
    std::int64_t first_after_ms = 250;     ///< most commands are over by then, and send no piece
    std::int64_t company_ms = 100;         ///< pieces of one attempt are that far apart
    std::int64_t resend_first_ms = 2'000;  ///< doubles up to resend_cap_ms
    std::int64_t resend_cap_ms = 60'000;
    std::int64_t save_pause_ms = 1'000;
    std::int64_t look_again_ms = 1'000;  ///< for an output that is not there yet
    std::int64_t discard_pause_ms = 60'000;
    std::int64_t give_up_ms = 7LL * 24 * 3600 * 1000;  ///< after the end, without a server
    std::size_t fetches_at_once = 32;
};

class OutputSender {
  public:
    /// Takes up what `source` has kept; nothing is sent of it before started(), ended() or
    /// restored(). The ports and the clock must outlive it.
    OutputSender(OutputSettings settings, protocol::AgentId agent, OutputSource& source,
                 Reports& reports, const runtime::Clock& clock);

    /// May have moved a deadline outside of any call. Must not call back.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

    /// It runs, now or again after a restart of the agent.
    void started(const protocol::AttemptId& attempt);
    /// It ended. An output that `result` holds whole is not sent.
    void ended(const protocol::Finished& result);
    /// All that ended was told: what else is kept still runs, or ended long ago.
    void restored(const std::function<bool(const protocol::AttemptId&)>& runs);

    /// The server has all before `next`, or wants no more of it.
    void acknowledged(const protocol::AttemptId& attempt, std::int64_t next);
    void on_link_up();

    /// Answers, unless there is too much to do: the server asks again.
    void fetch(const protocol::Fetch& fetch);

    std::optional<std::int64_t> next_deadline_ms() const;
    void on_time();

    /// Attempts whose output the server does not have completely.
    std::size_t unfinished() const { return streams_.size(); }

  private:
    enum class Phase { kept, running, ended };
    struct Sent {
        std::int64_t end;
        std::int64_t bytes;
    };
    struct Stream {
        Phase phase = Phase::kept;
        std::int64_t acknowledged = 0;
        std::int64_t next = 0;              ///< offset of what is sent next
        std::optional<std::int64_t> total;  ///< as last read
        bool begun = false;                 ///< some of it was sent, now or by an earlier run
        bool may_have_more = true;          ///< than is sent
        bool reading = false;
        bool grew_while_reading = false;
        bool total_is_final = false;  ///< it was read after the end
        std::uint64_t epoch = 0;      ///< a read of an earlier one is out of date
        std::deque<Sent> under_way;
        std::int64_t bytes_under_way = 0;
        bool probing = false;                    ///< the server did not answer
        std::int64_t not_before_ms = 0;          ///< steady
        std::optional<std::int64_t> sent_at_ms;  ///< steady: the last piece
        std::int64_t resend_at_ms = 0;           ///< steady, when something is under way
        std::int64_t resend_pause_ms = 0;
        std::int64_t saved = 0;        ///< what was saved of `acknowledged`
        std::int64_t save_at_ms = 0;   ///< steady
        std::int64_t ended_at_ms = 0;  ///< wall
    };
    using Streams = std::map<protocol::AttemptId, Stream>;

    Stream& stream_of(const protocol::AttemptId& attempt);
    void end(const protocol::AttemptId& attempt, Stream& stream);
    std::int64_t due_ms(const Stream& stream) const;
    bool has_room(const Stream& stream) const;
    bool wants_read(const Stream& stream) const;
    void look_at_all();
    void look_at(const protocol::AttemptId& attempt);
    void on_read(const protocol::AttemptId& attempt, std::uint64_t epoch, bool after_end,
                 OutputSource::Read read);
    void on_failed_read(Streams::iterator place, const std::string& why);
    void send(const protocol::AttemptId& attempt, Stream& stream, const OutputPart& part);
    void rewind(Stream& stream);
    void save(const protocol::AttemptId& attempt, Stream& stream);
    bool leave_if_done(const protocol::AttemptId& attempt);
    void leave(Streams::iterator place);
    void changed() {
        if (changed_) changed_();
    }

    OutputSettings settings_;
    protocol::AgentId agent_;
    OutputSource& source_;
    Reports& reports_;
    const runtime::Clock& clock_;
    std::function<void()> changed_;
    Streams streams_;
    std::int64_t bytes_under_way_ = 0;  ///< of all, and what is being read to be sent
    std::optional<protocol::AttemptId> served_last_;
    std::int64_t discard_at_ms_;  ///< steady
    std::size_t fetching_ = 0;
    std::uint64_t epochs_ = 0;
    std::shared_ptr<OutputSender*> self_;  ///< late reads find nobody once we are gone
};

}  // namespace cockpit::executor

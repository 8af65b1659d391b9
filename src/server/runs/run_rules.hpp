#pragma once
// The rules of a run: one command to an exact list of hosts, in waves. Driven by events and the
// clock only, so the same events in the same order always give the same run: who stores events
// continues a run after a restart by applying them again.
//
// Waves. The first `canary` hosts are wave 0, then each `concurrency` hosts are one wave. A wave
// starts when each host of the one before has ended and `pause_ms` have passed since.
//
// What counts as failed: error, timeout, interrupted, cancel_failed, and refused by the host.
// Expired, cancelled and skipped do not: there the command proved nothing about the host. A run
// stops (waiting hosts are skipped, those under way are left to end) once more than `max_failures`
// failed, or any canary failed. When no canary succeeded, yet none failed, the run pauses.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/command_state.hpp"

namespace cockpit::runs {

/// A number of hosts, or a share of all of them.
struct Amount {
    int value = 0;
    bool per_cent = false;
    /// "12" or "10%". The error is a sentence that says what is wrong and what would be right.
    static std::expected<Amount, std::string> parse(std::string_view text);
    std::string text() const;
    /// Of that many hosts, rounded down.
    std::size_t of(std::size_t hosts) const;
};

struct Limits {
    Amount concurrency{.value = 100, .per_cent = true};  ///< hosts in a wave; 1 at least
    Amount max_failures{};        ///< failures that are put up with; 0: the first one stops
    std::optional<int> canary{};  ///< unset: 1 of more than one host, else 0, which means none
    std::int64_t pause_ms = 0;
};

enum class RunState {
    running,
    paused,
    succeeded,               ///< success on each host
    finished_with_failures,  ///< each host had its turn, not each with success
    failed,                  ///< stopped by its failures
    cancelled,
};
std::string_view to_text(RunState state);
std::optional<RunState> parse_run_state(std::string_view text);
bool is_final(RunState state);

enum class HostState {
    waiting,
    sending,  ///< decided and to be stored before it is done; may or may not have a command yet
    sent,     ///< has a command that has not ended
    ended,
    skipped,
};

std::string_view to_text(HostState state);
std::optional<HostState> parse_host_state(std::string_view text);

struct RunHost {
    std::string agent_id;
    std::size_t wave = 0;
    HostState state = HostState::waiting;
    std::string command_id{};
    std::optional<protocol::CommandState> outcome{};  ///< set when ended
    std::string why{};                                ///< set when skipped
};

/// Where a run stands beside its hosts: what is to be kept so that it can go on elsewhere.
struct RunProgress {
    RunState state = RunState::running;
    std::optional<RunState> stopping_as{};  ///< set: no host is claimed any more
    std::string why{};                      ///< of paused, failed and cancelled
    std::size_t wave = 0;
    std::int64_t wave_from_ms = 0;  ///< the wave does not start before
    bool operator==(const RunProgress&) const = default;
};

bool counts_as_failed(protocol::CommandState outcome);

/// What is to be done now. Each may be told again until its event was applied, so each has to be
/// harmless when done twice: `submit` with an idempotency key of run and host.
struct Work {
    std::vector<std::size_t> claim;   ///< apply sending() to these, store it, then look again
    std::vector<std::size_t> submit;  ///< give these their command, then apply sent()
    std::vector<std::size_t> cancel;  ///< cancel the commands of these
    std::optional<std::int64_t> look_again_ms;  ///< wall clock; unset: the next event will do
};

class RunRules {
  public:
    RunRules(Limits limits, std::vector<std::string> agent_ids);
    /// Goes on where progress() and hosts() of another one stood.
    RunRules(Limits limits, RunProgress progress, std::vector<RunHost> hosts);

    RunState state() const { return progress_.state; }
    const std::string& why() const { return progress_.why; }
    const RunProgress& progress() const { return progress_; }
    const std::vector<RunHost>& hosts() const { return hosts_; }
    std::size_t wave() const { return progress_.wave; }
    Work work(std::int64_t now_ms) const;

    // Events. One that no longer fits (late, twice) changes nothing. `host` is an index.
    void sending(std::size_t host);
    void sent(std::size_t host, std::string command_id);
    void ended(std::size_t host, protocol::CommandState outcome, std::int64_t now_ms);
    void skipped(std::size_t host, std::string why, std::int64_t now_ms);
    void pause(std::string why);
    void resume();
    void cancel(std::string why, std::int64_t now_ms);

    /// The hosts without success, which a rerun is for; in the order of this run.
    std::vector<std::string> to_rerun() const;

    /// Hosts that became something else since the last call; one may be there more than once.
    std::vector<std::size_t> take_changed();

  private:
    void become(std::size_t host, HostState state);
    void settle(std::int64_t now_ms);
    void stop(RunState as, std::string why);
    bool wave_is_over() const;

    Limits limits_;
    std::size_t canary_ = 0;
    std::vector<RunHost> hosts_;
    RunProgress progress_;
    std::vector<std::size_t> changed_{};
};

}  // namespace cockpit::runs

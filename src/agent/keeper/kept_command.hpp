#pragma once
// One command from its start to its end, as its keeper sees it. For a process that does nothing
// else: it reaps every child there is.

#include <csignal>
#include <optional>
#include <string>

#include "agent/keeper/order.hpp"
#include "agent/keeper/process_tree.hpp"
#include "agent/spool/writer.hpp"
#include "runtime/process_launch.hpp"

namespace cockpit::keeper {

class KeptCommand {
  public:
    /// `signals`: a signalfd(2) of SIGTERM, SIGALRM, SIGQUIT and SIGCHLD, which are blocked.
    /// `agent`: a socket that ends when the agent does; -1: it does not matter.
    KeptCommand(Order order, int signals, int agent);

    /// Runs it; once all of it is gone, or cannot be ended, the status is on the disk. The error:
    /// there is no status, since it could not be written.
    std::expected<void, std::string> run();

  private:
    using Milliseconds = std::int64_t;  ///< CLOCK_BOOTTIME: also while the host sleeps
    enum class Phase { running, draining, terminating, killing, over };

    bool start();
    void follow();
    void wait(Milliseconds until);
    void read_output(int rounds);
    void read_signals();
    void stop(EndedBy by);
    void reap();
    void advance();
    bool gone();
    void end_the_tree();
    void count_usage();

    Order order_;
    int signals_;
    int agent_;
    std::optional<spool::Writer> writer_;
    std::optional<ProcessTree> tree_;
    runtime::LaunchedProcess command_;
    Status status_;
    Phase phase_ = Phase::running;
    bool command_ended_ = false;
    bool children_left_ = true;
    bool stop_asked_ = false;
    bool bytes_came_ = false;
    int drains_left_ = 10;
    Milliseconds started_at_ = 0;
    Milliseconds phase_until_ = 0;   ///< when the next look is due
    Milliseconds ending_until_ = 0;  ///< the end of the grace time, then of the killing
};

}  // namespace cockpit::keeper

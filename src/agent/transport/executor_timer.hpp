#pragma once
// Calls the executor when its next deadline has come: the executor is pure and owns no timer.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "agent/executor/executor.hpp"

namespace cockpit::agent_transport {

/// With the system's clock. The executor must outlive it.
class ExecutorTimer {
  public:
    ExecutorTimer(boost::asio::any_io_executor io, executor::Executor& executor);
    ~ExecutorTimer();
    ExecutorTimer(const ExecutorTimer&) = delete;
    ExecutorTimer& operator=(const ExecutorTimer&) = delete;

    /// Deadlines may have moved. Looks at them after the current turn, once.
    void look_again();

  private:
    struct State;
    static void arm(const std::shared_ptr<State>& state);
    std::shared_ptr<State> state_;
};

}  // namespace cockpit::agent_transport

#include "agent/transport/executor_timer.hpp"

#include <boost/asio/post.hpp>

namespace cockpit::agent_transport {
namespace asio = boost::asio;

struct ExecutorTimer::State {
    State(asio::any_io_executor io_executor, executor::Executor& driven)
        : io(std::move(io_executor)), timer(io), executor(&driven) {}
    asio::any_io_executor io;
    asio::steady_timer timer;
    executor::Executor* executor;  ///< null once the owner is gone
    bool looking = false;
};

ExecutorTimer::ExecutorTimer(asio::any_io_executor io, executor::Executor& executor)
    : state_(std::make_shared<State>(std::move(io), executor)) {
    look_again();
}

ExecutorTimer::~ExecutorTimer() {
    state_->executor = nullptr;
    state_->timer.cancel();
}

void ExecutorTimer::look_again() {
    if (state_->looking) return;
    state_->looking = true;
    asio::post(state_->io, [state = state_] {
        state->looking = false;
        arm(state);
    });
}

void ExecutorTimer::arm(const std::shared_ptr<State>& state) {
    if (state->executor == nullptr) return;
    const auto deadline = state->executor->next_deadline_ms();
    if (!deadline) {
        state->timer.cancel();
        return;
    }
    state->timer.expires_at(
        std::chrono::steady_clock::time_point(std::chrono::milliseconds(*deadline)));
    state->timer.async_wait([state](const boost::system::error_code& failed) {
        if (failed || state->executor == nullptr) return;
        state->executor->on_time();
        arm(state);
    });
}

}  // namespace cockpit::agent_transport

#pragma once
// Says that a file has grown, once per wish, so that whoever reads a growing file is woken as often
// as it reads and not as often as it is written. By inotify(7); where that cannot be had, or there
// is no such file yet, after a fixed time. One thread.

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <functional>
#include <memory>

#include "protocol/ids.hpp"

namespace cockpit::agent_app {

class GrowthWatch {
  public:
    using Grown = std::function<void(const protocol::AttemptId&)>;
    /// `use_inotify` false: as on a host that has none to give.
    GrowthWatch(boost::asio::any_io_executor io, Grown grown, bool use_inotify = true);
    ~GrowthWatch();
    GrowthWatch(const GrowthWatch&) = delete;
    GrowthWatch& operator=(const GrowthWatch&) = delete;

    /// Calls `grown` with `attempt`, later and once, when `file` is written to after this call;
    /// sometimes without need.
    void watch(const protocol::AttemptId& attempt, const std::filesystem::path& file);

    /// Says nothing any more, and keeps no loop running.
    void stop();

  private:
    struct State;
    static void await_events(const std::shared_ptr<State>& state);
    static void take_events(State& state);
    static void ask_later(const std::shared_ptr<State>& state, const protocol::AttemptId& attempt);
    std::shared_ptr<State> state_;
};

}  // namespace cockpit::agent_app

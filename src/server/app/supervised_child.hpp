#pragma once
// A child process that must be there as long as we are: started again, with growing pauses, when it
// ends.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "runtime/child_process.hpp"
#include "runtime/task_scope.hpp"

namespace cockpit::server {

class SupervisedChild {
  public:
    /// `settings` is asked before each start.
    SupervisedChild(boost::asio::any_io_executor executor, std::string name,
                    std::function<runtime::ChildSettings()> settings);

    void start();
    /// SIGTERM, and SIGKILL to the whole group after `grace`. Returns when the child is gone.
    boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

  private:
    boost::asio::awaitable<void> keep_running();

    std::string name_;
    std::function<runtime::ChildSettings()> settings_;
    std::unique_ptr<runtime::ChildProcess> child_;
    boost::asio::steady_timer pause_;
    boost::asio::steady_timer ended_;
    bool running_ = false;
    bool stopping_ = false;
    runtime::TaskScope tasks_;
};

}  // namespace cockpit::server

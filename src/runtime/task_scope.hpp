#pragma once
// Owns the coroutines of one object. Make it the object's last member, so that it dies first;
// stop() it before the object dies: a task that outlives what it refers to is a bug that the
// destructor reports.
//
// All calls on the thread of the executor.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <string>

namespace cockpit::runtime {

class TaskScope {
  public:
    explicit TaskScope(boost::asio::any_io_executor executor);
    TaskScope(const TaskScope&) = delete;
    TaskScope& operator=(const TaskScope&) = delete;
    /// Terminates the program when tasks are left: better than the use after free that would
    /// follow.
    ~TaskScope();

    /// Starts the task. An exception that leaves it is logged with `name`, except that of
    /// cancellation. After stop() was called nothing starts any more.
    void spawn(std::string name, boost::asio::awaitable<void> task);

    /// Cancels every task and waits until the last one has ended. May be called again.
    boost::asio::awaitable<void> stop();

    std::size_t running() const { return tasks_.size(); }
    bool stopping() const { return stopping_; }
    const boost::asio::any_io_executor& executor() const { return executor_; }

  private:
    boost::asio::any_io_executor executor_;
    std::list<boost::asio::cancellation_signal> tasks_;
    boost::asio::steady_timer all_ended_;
    bool stopping_ = false;
};

}  // namespace cockpit::runtime

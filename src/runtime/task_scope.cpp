#include "runtime/task_scope.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cstdlib>
#include <exception>

#include "log/log.hpp"

namespace cockpit::runtime {
namespace asio = boost::asio;

TaskScope::TaskScope(asio::any_io_executor executor)
    : executor_(std::move(executor)),
      all_ended_(executor_, asio::steady_timer::time_point::max()) {}

TaskScope::~TaskScope() {
    if (tasks_.empty()) return;
    log::error("tasks outlive their owner; stop() was not awaited", {{"tasks", tasks_.size()}});
    std::abort();
}

void TaskScope::spawn(std::string name, asio::awaitable<void> task) {
    if (stopping_) return;
    const auto entry = tasks_.emplace(tasks_.end());
    asio::co_spawn(
        executor_, std::move(task),
        asio::bind_cancellation_slot(
            entry->slot(), [this, entry, name = std::move(name)](std::exception_ptr failure) {
                tasks_.erase(entry);
                if (tasks_.empty()) all_ended_.cancel();
                if (!failure) return;
                try {
                    std::rethrow_exception(failure);
                } catch (const boost::system::system_error& error) {
                    if (error.code() == asio::error::operation_aborted && stopping_) return;
                    log::error("a task failed", {{"task", name}, {"error", error.what()}});
                } catch (const std::exception& error) {
                    log::error("a task failed", {{"task", name}, {"error", error.what()}});
                }
            }));
}

asio::awaitable<void> TaskScope::stop() {
    stopping_ = true;
    // Emitting may end a task at once and erase its entry, so the next one is looked up first.
    for (auto entry = tasks_.begin(); entry != tasks_.end();) {
        auto& signal = *entry++;
        signal.emit(asio::cancellation_type::terminal);
    }
    while (!tasks_.empty()) {
        co_await all_ended_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

}  // namespace cockpit::runtime

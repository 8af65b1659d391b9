#pragma once
// The few threads for what blocks: SQL, password hashing, file sync. Work runs there, its result
// comes back to the I/O thread.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

#include "runtime/await_callback.hpp"

namespace cockpit::runtime {

class BlockingPool {
  public:
    /// `io` is where results are delivered. The io_context must outlive the pool's work.
    BlockingPool(boost::asio::any_io_executor io, std::size_t threads);
    /// Waits for work that has begun or waits.
    ~BlockingPool();

    /// Runs `work` on a pool thread, then `done(result)` on the I/O thread. `work` must not throw:
    /// return std::expected. Called from any thread.
    template <typename Work, typename Done>
    void run(Work work, Done done) {
        boost::asio::post(
            pool_, [io = io_, work = std::move(work), done = std::move(done)]() mutable {
                boost::asio::post(io, [result = work(), done = std::move(done)]() mutable {
                    done(std::move(result));
                });
            });
    }

    /// The same for a coroutine.
    template <typename Work>
    auto run(Work work) -> boost::asio::awaitable<decltype(work())> {
        co_return co_await await_callback<decltype(work())>(
            [&](auto done) { run(std::move(work), std::move(done)); });
    }

    /// Waits for all work; nothing may be given to it afterwards.
    void join();

  private:
    boost::asio::any_io_executor io_;
    boost::asio::thread_pool pool_;
};

}  // namespace cockpit::runtime

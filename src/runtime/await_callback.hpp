#pragma once
// From a callback to a coroutine: the pure modules speak callbacks, the edges speak co_await.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <functional>
#include <memory>
#include <optional>

namespace cockpit::runtime {

/// Called exactly once, on the I/O thread.
template <typename... Results>
using Callback = std::move_only_function<void(Results...)>;

/// Calls start(callback) and waits for the callback. Cancelling the waiter throws operation_aborted
/// in it and lets the callback come later and find nobody. Callbacks come on the thread of the
/// coroutine.
template <typename Result, typename Start>
boost::asio::awaitable<Result> await_callback(Start start) {
    namespace asio = boost::asio;
    struct Shared {
        explicit Shared(const asio::any_io_executor& executor)
            : arrived(executor, asio::steady_timer::time_point::max()) {}
        asio::steady_timer arrived;
        std::optional<Result> result;
    };
    auto shared = std::make_shared<Shared>(co_await asio::this_coro::executor);
    start(Callback<Result>([shared](Result result) {
        shared->result.emplace(std::move(result));
        shared->arrived.cancel();
    }));
    if (!shared->result) {
        co_await shared->arrived.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (!shared->result) throw boost::system::system_error(asio::error::operation_aborted);
    co_return *std::move(shared->result);
}

}  // namespace cockpit::runtime

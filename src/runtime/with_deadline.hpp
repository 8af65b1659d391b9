#pragma once
// Boost 1.81 has no cancel_after; this is ours.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <optional>

namespace cockpit::runtime {

using Deadline = std::chrono::steady_clock::time_point;

/// The task's result, or nothing when the deadline passed first; the task is then cancelled and has
/// ended before this returns. The task must not return void.
template <typename Result>
boost::asio::awaitable<std::optional<Result>> with_deadline(Deadline deadline,
                                                            boost::asio::awaitable<Result> task) {
    namespace asio = boost::asio;
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
    auto first = co_await (std::move(task) || timer.async_wait(asio::use_awaitable));
    if (first.index() == 0) co_return std::get<0>(std::move(first));
    co_return std::nullopt;
}

}  // namespace cockpit::runtime

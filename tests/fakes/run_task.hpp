#pragma once
// Runs one coroutine on the test's io_context until it has ended.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

namespace cockpit::fakes {

/// The task's result; what it throws is thrown. Throws when it has not ended after 20 s. Work of
/// the blocking pool is waited for.
template <typename Result>
Result run_task(boost::asio::io_context& io, boost::asio::awaitable<Result> task) {
    std::optional<Result> result;
    std::exception_ptr failure;
    bool ended = false;
    boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, Result value) {
        failure = error;
        if (!error) result.emplace(std::move(value));
        ended = true;
    });
    const auto work = boost::asio::make_work_guard(io);
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    io.restart();
    while (!ended && io.run_one_until(limit) > 0) {
    }
    if (!ended) throw std::runtime_error("the task did not end within 20 s");
    if (failure) std::rethrow_exception(failure);
    return *std::move(result);
}

}  // namespace cockpit::fakes

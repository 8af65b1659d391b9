// TaskScope, with_deadline, await_callback and BlockingPool.

#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <thread>

#include "runtime/blocking_pool.hpp"
#include "runtime/clock.hpp"
#include "runtime/task_scope.hpp"
#include "runtime/with_deadline.hpp"

namespace cockpit::runtime {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

asio::awaitable<void> set(bool* flag) {
    *flag = true;
    co_return;
}

asio::awaitable<void> wait_for_ever(bool* cancelled) {
    asio::steady_timer timer(co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max());
    const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    *cancelled = error == asio::error::operation_aborted;
}

asio::awaitable<void> fail() {
    throw std::runtime_error("expected by this test");
    co_return;
}

asio::awaitable<void> stop(TaskScope* scope, bool* stopped) {
    co_await scope->stop();
    *stopped = true;
}

TEST(TaskScope, runs_tasks_and_forgets_them) {
    asio::io_context io;
    TaskScope scope(io.get_executor());
    bool ran = false;
    scope.spawn("one", set(&ran));
    EXPECT_EQ(scope.running(), 1U);
    io.run_for(20s);
    EXPECT_TRUE(ran);
    EXPECT_EQ(scope.running(), 0U);
}

TEST(TaskScope, task_that_throws_does_not_harm_the_others) {
    asio::io_context io;
    TaskScope scope(io.get_executor());
    bool ran = false;
    scope.spawn("failing", fail());
    scope.spawn("one", set(&ran));
    io.run_for(20s);
    EXPECT_TRUE(ran);
    EXPECT_EQ(scope.running(), 0U);
}

TEST(TaskScope, stop_cancels_every_task_and_starts_no_more) {
    asio::io_context io;
    TaskScope scope(io.get_executor());
    bool first = false;
    bool second = false;
    bool late = false;
    bool stopped = false;
    scope.spawn("first", wait_for_ever(&first));
    scope.spawn("second", wait_for_ever(&second));
    io.poll();
    asio::co_spawn(io, stop(&scope, &stopped), asio::detached);
    io.restart();
    io.run_for(20s);
    EXPECT_TRUE(first && second && stopped);
    EXPECT_TRUE(scope.stopping());
    scope.spawn("late", set(&late));
    io.restart();
    io.poll();
    EXPECT_FALSE(late);
}

TEST(TaskScopeDeathTest, task_that_outlives_its_owner_ends_the_program) {
    EXPECT_DEATH(
        {
            asio::io_context io;
            bool cancelled = false;
            TaskScope scope(io.get_executor());
            scope.spawn("forgotten", wait_for_ever(&cancelled));
        },
        "tasks outlive their owner");
}

asio::awaitable<int> answer_after(std::chrono::milliseconds delay) {
    asio::steady_timer timer(co_await asio::this_coro::executor, delay);
    co_await timer.async_wait(asio::use_awaitable);
    co_return 42;
}

template <typename Result>
Result run(asio::io_context& io, asio::awaitable<Result> task) {
    std::optional<Result> kept;
    std::exception_ptr failure;
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, Result result) {
        failure = error;
        if (!error) kept = std::move(result);
    });
    io.restart();
    io.run_for(20s);
    if (failure) std::rethrow_exception(failure);
    return kept.value();
}

TEST(WithDeadline, gives_the_result_or_nothing) {
    asio::io_context io;
    const auto now = std::chrono::steady_clock::now();
    EXPECT_EQ(run(io, with_deadline(now + 20s, answer_after(1ms))), 42);
    EXPECT_EQ(run(io, with_deadline(now + 10ms, answer_after(1h))), std::nullopt);
}

asio::awaitable<int> answer_from_callback(Callback<int>* kept, bool at_once) {
    co_return co_await await_callback<int>([kept, at_once](Callback<int> done) {
        if (at_once)
            done(7);
        else
            *kept = std::move(done);
    });
}

TEST(AwaitCallback, takes_an_answer_that_comes_at_once_or_later) {
    asio::io_context io;
    Callback<int> kept;
    EXPECT_EQ(run(io, answer_from_callback(&kept, true)), 7);

    asio::steady_timer later(io, 5ms);
    later.async_wait([&](boost::system::error_code) { kept(8); });
    EXPECT_EQ(run(io, answer_from_callback(&kept, false)), 8);
}

TEST(AwaitCallback, answer_after_cancellation_finds_nobody) {
    asio::io_context io;
    Callback<int> kept;
    const auto deadline = std::chrono::steady_clock::now() + 5ms;
    EXPECT_EQ(run(io, with_deadline(deadline, answer_from_callback(&kept, false))), std::nullopt);
    kept(9);
}

TEST(BlockingPool, works_elsewhere_and_answers_on_the_io_thread) {
    asio::io_context io;
    BlockingPool pool(io.get_executor(), 2);
    auto keep_running = asio::make_work_guard(io);
    const auto here = std::this_thread::get_id();
    std::thread::id worked{};
    std::thread::id answered{};
    pool.run([] { return std::this_thread::get_id(); },
             [&](std::thread::id thread) {
                 worked = thread;
                 answered = std::this_thread::get_id();
                 keep_running.reset();
             });
    io.run_for(20s);
    EXPECT_NE(worked, std::thread::id{});
    EXPECT_NE(worked, here);
    EXPECT_EQ(answered, here);
}

asio::awaitable<int> ask(BlockingPool* pool) {
    co_return co_await pool->run([] { return 3; });
}

TEST(BlockingPool, can_be_awaited) {
    asio::io_context io;
    BlockingPool pool(io.get_executor(), 1);
    EXPECT_EQ(run(io, ask(&pool)), 3);
}

TEST(BlockingPool, join_waits_for_all_work) {
    asio::io_context io;
    std::atomic<int> done = 0;
    BlockingPool pool(io.get_executor(), 2);
    for (int count = 0; count < 50; ++count) {
        pool.run([&] { return ++done; }, [](int) {});
    }
    pool.join();
    EXPECT_EQ(done, 50);
    io.poll();
}

TEST(SystemClock, tells_both_times) {
    const SystemClock clock;
    const auto first = clock.steady_ms();
    EXPECT_GE(clock.steady_ms(), first);
    EXPECT_GT(clock.wall_ms(), 1'600'000'000'000);
}

}  // namespace
}  // namespace cockpit::runtime

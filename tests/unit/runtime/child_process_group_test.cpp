// What happens to a child's descendants.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "child_run.hpp"
#include "runtime/process_table.hpp"

namespace cockpit::runtime {
namespace {

using namespace std::chrono_literals;

// Runs the loop until `reached`, at most 20 seconds.
void run_until(boost::asio::io_context& io, const std::function<bool()>& reached) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!reached() && std::chrono::steady_clock::now() < limit) {
        io.restart();
        io.run_for(5ms);
    }
    ASSERT_TRUE(reached());
}

struct Started {
    boost::asio::io_context io;
    std::string out;
    std::unique_ptr<ChildProcess> child;

    explicit Started(const std::string& script) {
        auto settings = shell(script);
        settings.on_stdout = [this](std::string_view bytes) { out += bytes; };
        child = ChildProcess::start(io.get_executor(), std::move(settings)).value();
    }
    std::optional<ExitStatus> wait() {
        std::optional<ExitStatus> status;
        boost::asio::co_spawn(io, wait_for(*child),
                              [&](std::exception_ptr, ExitStatus ended) { status = ended; });
        run_until(io, [&] { return status.has_value(); });
        return status;
    }
};

bool exists(pid_t pid) {
    return ::kill(pid, 0) == 0;
}

TEST(ChildGroup, descendant_that_keeps_the_pipe_open_does_not_block_the_end) {
    Started started("sleep 1000 & echo started; exit 5");
    EXPECT_EQ(started.wait()->exit_code, 5);
    EXPECT_EQ(started.out, "started\n");
    EXPECT_TRUE(started.child->group_alive());
    EXPECT_EQ(started.child->survivors().size(), 1U);

    started.child->signal_group(SIGKILL);
    run_until(started.io, [&] { return !started.child->group_alive(); });
    EXPECT_THAT(started.child->survivors(), testing::IsEmpty());
}

TEST(ChildGroup, signal_reaches_the_whole_group) {
    Started started("sleep 1000 & sleep 1000 & echo started; wait");
    run_until(started.io, [&] { return started.out == "started\n"; });
    EXPECT_EQ(started.child->survivors().size(), 3U);
    EXPECT_EQ(started.child->survivors().front(), started.child->pid());

    started.child->signal_group(SIGTERM);
    EXPECT_EQ(started.wait()->signal, SIGTERM);
    run_until(started.io, [&] { return !started.child->group_alive(); });
}

TEST(ChildGroup, process_that_left_the_group_within_the_session_is_still_reached) {
    // A shell with job control puts its jobs into groups of their own.
    Started started("exec bash -c 'set -m; sleep 1000 & echo $!; wait'");
    run_until(started.io, [&] { return started.out.ends_with('\n'); });
    const pid_t job = std::stoi(started.out);
    EXPECT_NE(::getpgid(job), started.child->pid());
    EXPECT_THAT(started.child->survivors(), testing::Contains(job));

    started.child->signal_group(SIGKILL);
    run_until(started.io, [&] { return !started.child->group_alive(); });
    EXPECT_EQ(started.wait()->signal, SIGKILL);
}

TEST(ChildGroup, signals_after_the_end_reach_nobody) {
    Started started("exit 0");
    EXPECT_TRUE(started.wait()->success());
    EXPECT_FALSE(started.child->group_alive());
    started.child->signal_group(SIGKILL);
    EXPECT_EQ(living_in_session(started.child->pid()), std::vector<pid_t>{});
}

TEST(ChildGroup, destroying_a_running_child_kills_and_reaps_it) {
    Started started("sleep 1000 & echo $!; wait");
    run_until(started.io, [&] { return started.out.ends_with('\n'); });
    const pid_t child = started.child->pid();
    const pid_t descendant = std::stoi(started.out);
    started.child.reset();
    EXPECT_FALSE(exists(child));
    EXPECT_EQ(::waitpid(child, nullptr, WNOHANG), -1);
    // Not ours to reap, so it may stay a zombie for a moment.
    run_until(started.io, [&] {
        return living_in_session(child).empty() && living_in_session(descendant).empty();
    });
}

TEST(ChildGroup, output_callback_may_destroy_the_child) {
    boost::asio::io_context io;
    std::unique_ptr<ChildProcess> child;
    int calls = 0;
    auto settings = shell("echo first; sleep 1000");
    settings.on_stdout = [&](std::string_view bytes) {
        EXPECT_EQ(bytes, "first\n");
        ++calls;
        child.reset();
    };
    child = ChildProcess::start(io.get_executor(), std::move(settings)).value();
    io.run_for(20s);
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(io.stopped()) << "something still waits";
}

boost::asio::awaitable<bool> wait_in_vain(ChildProcess& child) {
    auto status = co_await with_deadline(std::chrono::steady_clock::now() + 10ms, child.wait());
    co_return !status.has_value();
}

TEST(ChildGroup, cancelling_the_wait_leaves_the_child_running) {
    Started started("sleep 1000");
    std::optional<bool> in_vain;
    boost::asio::co_spawn(started.io, wait_in_vain(*started.child),
                          [&](std::exception_ptr, bool result) { in_vain = result; });
    run_until(started.io, [&] { return in_vain.has_value(); });
    EXPECT_TRUE(*in_vain);
    EXPECT_TRUE(started.child->group_alive());
}

TEST(ChildGroup, child_dies_with_its_parent) {
    // The middle process starts the child and is killed; the child tells its number before.
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t middle = ::fork();
    if (middle == 0) {
        boost::asio::io_context io;
        auto settings = shell("sleep 1000");
        settings.arguments = {"sleep", "1000"};
        settings.die_with_parent = true;
        auto child = ChildProcess::start(io.get_executor(), std::move(settings));
        const pid_t pid = child ? (*child)->pid() : -1;
        if (::write(ends[1], &pid, sizeof pid) < 0) ::_exit(1);
        ::pause();
        ::_exit(0);
    }
    pid_t child = -1;
    ASSERT_EQ(::read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
    ASSERT_GT(child, 0);
    EXPECT_EQ(living_in_session(child), std::vector<pid_t>{child});
    ::kill(middle, SIGKILL);
    ::waitpid(middle, nullptr, 0);
    boost::asio::io_context io;
    run_until(io, [&] { return living_in_session(child).empty(); });
    ::close(ends[0]);
    ::close(ends[1]);
}

}  // namespace
}  // namespace cockpit::runtime

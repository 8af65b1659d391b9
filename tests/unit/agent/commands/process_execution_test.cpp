#include "agent/commands/process_execution.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <csignal>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "process_world.hpp"

namespace cockpit::commands {
namespace {

using executor::StopReason;
using protocol::CommandState;
using namespace std::chrono_literals;

class ProcessExecution : public testing::Test {
  protected:
    test::TemporaryDirectory directory_;
    std::shared_ptr<Keeping> keeping_ = keeping(directory_.path());
    std::filesystem::path file(const std::string& name) const { return directory_.path() / name; }
};

TEST_F(ProcessExecution, is_judged_by_how_it_ended) {
    Running running(shell("echo a; echo b >&2; exit 3", keeping_));
    const auto outcome = running.wait();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_EQ(outcome.output, "a\nb\n");
    EXPECT_EQ(outcome.error, "exit code 3");
    running.stop(StopReason::timeout);  // too late to change anything
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_EQ(outcome.signal, std::nullopt);
    EXPECT_EQ(outcome.containment, "process_group");
    EXPECT_EQ(outcome.output_bytes, 4);
    EXPECT_EQ(outcome.output_sha256, crypto::to_hex(crypto::sha256("a\nb\n")));
}

TEST_F(ProcessExecution, does_nothing_before_it_is_let_go) {
    Running running(shell("touch " + file("ran").string(), keeping_), std::nullopt);
    const auto keeper = running.process();
    const auto info = runtime::process_info(static_cast<pid_t>(keeper.pid));
    ASSERT_TRUE(info);
    EXPECT_EQ(info->start_time, keeper.start_time);
    EXPECT_EQ(info->session, keeper.pid) << "in a session of its own";
    EXPECT_FALSE(std::filesystem::exists(file("ran")));
    running.go();
    EXPECT_EQ(running.wait().state, CommandState::success);
    EXPECT_TRUE(std::filesystem::exists(file("ran")));
}

TEST_F(ProcessExecution, one_that_is_given_up_before_never_begins) {
    Running running(shell("touch " + file("ran").string(), keeping_), std::nullopt);
    const auto keeper = static_cast<pid_t>(running.process().pid);
    running.end();
    running.turn_until([&] {
        const auto info = runtime::process_info(keeper);
        return !info || !info->lives();
    });
    EXPECT_FALSE(std::filesystem::exists(file("ran")));
    EXPECT_FALSE(running.outcome);
}

TEST_F(ProcessExecution, a_program_that_cannot_start_is_an_error) {
    Running running(program({"/nonexistent/program"}, keeping_));
    const auto outcome = running.wait();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_THAT(*outcome.error, testing::StartsWith("the script could not be started: program "
                                                    "'/nonexistent/program' cannot be started"));
}

TEST_F(ProcessExecution, a_keeper_that_cannot_start_is_an_error) {
    keeping_->keeper = {"/nonexistent/keeper"};
    Running running(shell("true", keeping_));
    const auto outcome = running.wait();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_THAT(*outcome.error, testing::HasSubstr("its keeper cannot be started"));
}

TEST_F(ProcessExecution, what_it_used_is_told) {
    Running running(
        program({"/usr/bin/perl", "-e",
                 "my $x = 'x' x 50_000_000; my $t = times; while (times - $t < 0.2) {}; "
                 "kill 9, $$"},
                keeping_));
    const auto outcome = running.wait();
    EXPECT_EQ(outcome.signal, SIGKILL);
    EXPECT_EQ(outcome.exit_code, std::nullopt);
    EXPECT_EQ(outcome.error, "signal 9 (Killed)");
    EXPECT_GE(outcome.cpu_ms.value_or(0), 150);
    EXPECT_GE(outcome.peak_memory_bytes.value_or(0), 50'000'000);
    EXPECT_GE(outcome.execution_time_ms.value_or(0), 150);
}

TEST_F(ProcessExecution, arbitrary_bytes_pass_and_a_long_output_is_cut_in_the_middle) {
    keeping_->limits = {.head = 600'000, .tail = 400'000};
    auto command = shell("printf '\\377\\000x'; head -c 2000000 /dev/zero; printf end", keeping_);
    command.output_limit = 1000;
    Running running(std::move(command));
    const auto outcome = running.wait();
    const std::string all = std::string("\xff\0x", 3) + std::string(2'000'000, '\0') + "end";
    EXPECT_EQ(outcome.output_bytes, static_cast<std::int64_t>(all.size()));
    EXPECT_EQ(outcome.output_sha256, crypto::to_hex(crypto::sha256(all)));
    EXPECT_TRUE(outcome.output.starts_with(std::string("\xff\0x", 3)));
    EXPECT_TRUE(outcome.output.ends_with("end"));
    EXPECT_THAT(outcome.output, testing::HasSubstr("bytes are missing here"));
    EXPECT_LT(outcome.output.size(), 1200u);
}

TEST_F(ProcessExecution, nothing_of_our_environment_reaches_it) {
    ::setenv("COCKPIT_TEST_SECRET", "1", 1);
    Running running(program({"/usr/bin/env"}, keeping_));
    const auto outcome = running.wait();
    ::unsetenv("COCKPIT_TEST_SECRET");
    const auto attempt = an_attempt(1);
    EXPECT_EQ(outcome.output,
              "COCKPIT_ATTEMPT=" + attempt.command.text() + ".1\nPATH=/usr/bin:/bin\n");
}

TEST_F(ProcessExecution, what_survives_is_named_instead_of_being_called_cancelled) {
    auto command =
        shell("trap '' TERM; sleep 1000 & touch " + file("ready").string() + "; wait", keeping_);
    // Nothing outlives SIGKILL in a test, so the survivors are those it was never sent to.
    command.grace = 0ms;
    command.kill_wait = 0ms;
    Running running(std::move(command));
    running.turn_until([&] { return std::filesystem::exists(file("ready")); });
    running.stop(StopReason::cancelled);
    const auto outcome = running.wait();
    EXPECT_EQ(outcome.state, CommandState::cancel_failed);
    EXPECT_THAT(*outcome.error,
                testing::MatchesRegex("the script could not be ended: these processes outlive "
                                      "SIGKILL: [0-9]+, [0-9]+"));
    const pid_t survivor = std::stoi(outcome.error->substr(outcome.error->rfind(' ')));
    EXPECT_EQ(::kill(survivor, 0), 0);
    running.end();
    running.turn_until([&] {
        const auto info = runtime::process_info(survivor);
        return !info || !info->lives();
    });
}

TEST_F(ProcessExecution, time_limit_is_told_in_its_own_unit) {
    auto command = shell("sleep 1000", keeping_);
    command.time_limit = 1500ms;
    Running running(std::move(command));
    running.stop(StopReason::timeout);
    const auto outcome = running.wait();
    EXPECT_EQ(outcome.state, CommandState::timeout);
    EXPECT_EQ(outcome.error, "the script did not end within 1500 ms and was stopped");
}

TEST_F(ProcessExecution, an_unsigned_command_leaves_no_spool_and_does_not_outlive_its_agent) {
    {
        Running running(shell("echo done", keeping_, std::nullopt));
        EXPECT_EQ(running.wait().output, "done\n");
        EXPECT_TRUE(std::filesystem::is_empty(keeping_->spool));
    }
    // An agent that dies closes its end of the socket, as this program's child does.
    const auto mark = "unsigned-" + std::to_string(::getpid());
    const pid_t agent = ::fork();
    if (agent == 0) {
        Running running(program({COCKPIT_TEST_STUBBORN, "sleep", mark}, keeping_, std::nullopt));
        ::pause();
        ::_exit(0);
    }
    boost::asio::io_context io;
    const auto wait_until = [&](const std::function<bool()>& reached) {
        const auto limit = std::chrono::steady_clock::now() + 20s;
        while (!reached() && std::chrono::steady_clock::now() < limit) {
            io.restart();
            io.run_for(5ms);
        }
        return reached();
    };
    EXPECT_TRUE(wait_until([&] { return marked(mark).size() == 1; }));
    ::kill(agent, SIGKILL);
    ::waitpid(agent, nullptr, 0);
    EXPECT_TRUE(wait_until([&] { return marked(mark).empty(); }));
}

}  // namespace
}  // namespace cockpit::commands

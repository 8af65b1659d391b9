#include "agent/commands/process_execution.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <csignal>

#include "fakes/run_program.hpp"

namespace cockpit::commands {
namespace {

using executor::Outcome;
using executor::StopReason;
using protocol::CommandState;
using namespace std::chrono_literals;

ProcessCommand shell(std::string script) {
    return {.child = {.arguments = {"/bin/sh", "-c", std::move(script)},
                      .environment = {{"PATH", "/usr/bin:/bin"}},
                      .working_directory = {},
                      .on_stdout = {},
                      .on_stderr = {}},
            .title = "the script",
            .time_limit = 1500ms,
            .judge = [](const runtime::ExitStatus& status, std::string output) {
                return Outcome{
                    .state = status.success() ? CommandState::success : CommandState::error,
                    .output = std::move(output),
                    .error = status.text(),
                    .exit_code = status.exit_code};
            }};
}

class Running {
  public:
    explicit Running(ProcessCommand command)
        : execution_(start_process(io_.get_executor(), std::move(command),
                                   [this](Outcome ended) { outcome = std::move(ended); })) {}
    ~Running() { end(); }

    void turn_until(const std::function<bool()>& reached) {
        const auto limit = std::chrono::steady_clock::now() + 30s;
        while (!reached() && std::chrono::steady_clock::now() < limit) {
            io_.restart();
            io_.run_for(5ms);
        }
        ASSERT_TRUE(reached());
    }
    void stop(StopReason reason) { execution_->stop(reason); }
    void end() { execution_.reset(); }

    std::optional<Outcome> outcome;

  private:
    boost::asio::io_context io_;
    std::unique_ptr<executor::Execution> execution_;
};

TEST(ProcessExecution, is_judged_by_how_it_ended) {
    Running running(shell("echo a; echo b >&2; exit 3"));
    running.turn_until([&] { return running.outcome.has_value(); });
    EXPECT_EQ(running.outcome->state, CommandState::error);
    EXPECT_EQ(running.outcome->output, "a\nb\n");
    EXPECT_EQ(running.outcome->error, "exit code 3");
    running.stop(StopReason::timeout);  // too late to change anything
    EXPECT_EQ(running.outcome->exit_code, 3);
}

TEST(ProcessExecution, what_survives_is_named_instead_of_being_called_cancelled) {
    const test::TemporaryDirectory directory;
    const auto ready = directory.path() / "ready";
    auto command = shell("trap '' TERM; sleep 1000 & touch " + ready.string() + "; wait");
    // Nothing outlives SIGKILL in a test, so the survivors are those it was never sent to.
    command.grace = 0ms;
    command.kill_wait = 0ms;
    Running running(std::move(command));
    running.turn_until([&] { return std::filesystem::exists(ready); });
    running.stop(StopReason::cancelled);
    running.turn_until([&] { return running.outcome.has_value(); });
    EXPECT_EQ(running.outcome->state, CommandState::cancel_failed);
    EXPECT_THAT(*running.outcome->error,
                testing::MatchesRegex("the script could not be ended: these processes outlive "
                                      "SIGKILL: [0-9]+, [0-9]+"));
    const pid_t survivor =
        std::stoi(running.outcome->error->substr(running.outcome->error->rfind(' ')));
    EXPECT_EQ(::kill(survivor, 0), 0);
}

TEST(ProcessExecution, time_limit_is_told_in_its_own_unit) {
    Running running(shell("sleep 1000"));
    running.stop(StopReason::timeout);
    running.turn_until([&] { return running.outcome.has_value(); });
    EXPECT_EQ(running.outcome->state, CommandState::timeout);
    EXPECT_EQ(running.outcome->error, "the script did not end within 1500 ms and was stopped");
}

}  // namespace
}  // namespace cockpit::commands

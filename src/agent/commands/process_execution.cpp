#include "agent/commands/process_execution.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <csignal>

#include "agent/commands/immediate_execution.hpp"
#include "agent/commands/output_buffer.hpp"

namespace cockpit::commands {
namespace asio = boost::asio;
using executor::Outcome;
using executor::StopReason;
using protocol::CommandState;
using namespace std::chrono_literals;

namespace {

constexpr auto look_again_after = 10ms;

std::string seconds(std::chrono::milliseconds time) {
    if (time % 1s == 0ms) return std::to_string(time / 1s) + " s";
    return std::to_string(time.count()) + " ms";
}

// Kept alive by its coroutines; the Execution only asks and lets go.
struct Run {
    Run(const asio::any_io_executor& loop, ProcessCommand what, executor::CommandHandler::Done then)
        : command(std::move(what)),
          done(std::move(then)),
          output(command.output_limit),
          look_again(loop) {}

    ProcessCommand command;
    executor::CommandHandler::Done done;
    OutputBuffer output;
    asio::steady_timer look_again;
    std::unique_ptr<runtime::ChildProcess> child;  // null: abandoned
    std::optional<runtime::ExitStatus> status;
    std::optional<StopReason> reason;
    std::optional<std::vector<pid_t>> survivors;  // known once stopping is over

    void tell(Outcome outcome) {
        if (auto then = std::exchange(done, nullptr)) then(std::move(outcome));
    }

    void tell_when_stopped() {
        if (!survivors) return;
        std::optional<int> exit_code;
        if (status) exit_code = status->exit_code;
        if (!survivors->empty()) {
            std::string list;
            for (const pid_t pid : *survivors) {
                list += (list.empty() ? "" : ", ") + std::to_string(pid);
            }
            return tell({.state = CommandState::cancel_failed,
                         .output = output.text(),
                         .error = command.title + " could not be ended: these processes outlive " +
                                  "SIGKILL: " + list,
                         .exit_code = exit_code});
        }
        if (!status) return;
        const bool late = reason == StopReason::timeout;
        tell({.state = late ? CommandState::timeout : CommandState::cancelled,
              .output = output.text(),
              .error = late ? command.title + " did not end within " + seconds(command.time_limit) +
                                  " and was stopped"
                            : command.title + " was cancelled",
              .exit_code = exit_code});
    }
};

asio::awaitable<void> follow(std::shared_ptr<Run> run) {
    try {
        run->status = co_await run->child->wait();
    } catch (const boost::system::system_error&) {
        co_return;  // abandoned
    }
    if (run->reason) co_return run->tell_when_stopped();
    run->tell(run->command.judge(*run->status, run->output.text()));
}

// Whether all of it is gone before the time is over.
asio::awaitable<bool> gone_within(std::shared_ptr<Run> run, std::chrono::milliseconds time) {
    const auto limit = std::chrono::steady_clock::now() + time;
    while (run->child && run->child->group_alive()) {
        if (std::chrono::steady_clock::now() >= limit) co_return false;
        run->look_again.expires_after(look_again_after);
        co_await run->look_again.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return true;
}

asio::awaitable<void> end_all(std::shared_ptr<Run> run) {
    if (run->child) run->child->signal_group(SIGTERM);
    bool gone = co_await gone_within(run, run->command.grace);
    const auto limit = std::chrono::steady_clock::now() + run->command.kill_wait;
    // Sent again and again, for a process may be born while the others are being counted.
    while (!gone && std::chrono::steady_clock::now() < limit) {
        if (run->child) run->child->signal_group(SIGKILL);
        gone = co_await gone_within(run, 100ms);
    }
    if (!run->child) co_return;
    run->survivors = gone ? std::vector<pid_t>{} : run->child->survivors();
    run->tell_when_stopped();
}

class ProcessExecution final : public executor::Execution {
  public:
    ProcessExecution(asio::any_io_executor loop, std::shared_ptr<Run> run)
        : loop_(std::move(loop)), run_(std::move(run)) {}
    ProcessExecution(const ProcessExecution&) = delete;
    ProcessExecution& operator=(const ProcessExecution&) = delete;

    ~ProcessExecution() override {
        run_->done = nullptr;
        // The child may be gone while what it started lives on.
        if (run_->child) run_->child->signal_group(SIGKILL);
        run_->child.reset();
        run_->look_again.cancel();
    }

    void stop(StopReason reason) override {
        if (run_->reason || !run_->done) return;
        run_->reason = reason;
        asio::co_spawn(loop_, end_all(run_), asio::detached);
    }

  private:
    asio::any_io_executor loop_;
    std::shared_ptr<Run> run_;
};

}  // namespace

std::unique_ptr<executor::Execution> start_process(const asio::any_io_executor& loop,
                                                   ProcessCommand command,
                                                   executor::CommandHandler::Done done) {
    auto settings = std::move(command.child);
    auto run = std::make_shared<Run>(loop, std::move(command), std::move(done));
    settings.stderr_to_stdout = true;
    // The child is owned by the run, so it must not own it in turn.
    settings.on_stdout = [kept = run.get()](std::string_view bytes) { kept->output.append(bytes); };
    auto child = runtime::ChildProcess::start(loop, std::move(settings));
    if (!child) {
        return immediate_execution(
            loop,
            {.state = CommandState::error,
             .output = {},
             .error = run->command.title + " could not be started: " + child.error(),
             .exit_code = std::nullopt},
            std::move(run->done));
    }
    run->child = std::move(*child);
    asio::co_spawn(loop, follow(run), asio::detached);
    return std::make_unique<ProcessExecution>(loop, std::move(run));
}

}  // namespace cockpit::commands

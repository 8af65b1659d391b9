#include "agent/commands/process_execution.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <thread>

#include "agent/commands/immediate_execution.hpp"
#include "agent/commands/process_order.hpp"
#include "agent/commands/process_outcome.hpp"
#include "agent/keeper/launch.hpp"
#include "agent/keeper/left_behind.hpp"
#include "agent/spool/layout.hpp"
#include "log/log.hpp"

namespace cockpit::commands {
namespace asio = boost::asio;
using executor::Outcome;
using executor::ProcessMark;
using executor::StopReason;
using protocol::CommandState;
using namespace std::chrono_literals;

namespace {

constexpr auto look_again_after = 10ms;
// A keeper needs a moment beyond the times it was given, unless somebody stopped or hung it.
constexpr auto keeper_patience = 3s;
// For ending what runs while the caller waits.
constexpr auto patience_at_once = 3s;

// Kept alive by its coroutines; the Execution only asks and lets go.
struct Run {
    Run(const asio::any_io_executor& loop, ProcessCommand what, executor::CommandHandler::Done then,
        std::filesystem::path where, std::string its_cookie)
        : command(std::move(what)),
          done(std::move(then)),
          directory(std::move(where)),
          cookie(std::move(its_cookie)),
          keeper_ended(loop),
          look_again(loop),
          patience(loop) {}
    ~Run() { close_control(); }

    ProcessCommand command;
    executor::CommandHandler::Done done;
    std::filesystem::path directory;
    std::string cookie;
    ProcessMark mark;
    asio::posix::stream_descriptor keeper_ended;  // its pidfd
    asio::steady_timer look_again;
    asio::steady_timer patience;
    int control = -1;
    bool let_go = false;    // the command may have begun
    bool all_gone = false;  // nothing of it can be left
    bool abandoned = false;
    std::optional<StopReason> asked;

    void close_control() {
        if (control >= 0) ::close(std::exchange(control, -1));
    }
    void signal_keeper(int number) {
        if (!keeper_ended.is_open()) return;
        ::syscall(SYS_pidfd_send_signal, keeper_ended.native_handle(), number, nullptr, 0);
    }
    // Until then its number is its own. A keeper of an earlier run of the agent is not our child.
    void reap() {
        if (!keeper_ended.is_open()) return;
        ::waitid(P_PIDFD, static_cast<id_t>(keeper_ended.native_handle()), nullptr,
                 WEXITED | WNOHANG);
        boost::system::error_code ignored;
        keeper_ended.close(ignored);
        command.keeping->keepers.erase(static_cast<pid_t>(mark.pid));
    }
    keeper::LeftBehind left_behind() const {
        return keeper::LeftBehind(directory, cookie, command.keeping->keepers);
    }
    void tell(Outcome outcome) {
        if (!command.attempt) {
            std::error_code ignored;
            std::filesystem::remove_all(directory, ignored);
        }
        if (auto then = std::exchange(done, nullptr)) then(std::move(outcome));
    }
};

asio::awaitable<void> pause(std::shared_ptr<Run> run) {
    run->look_again.expires_after(look_again_after);
    co_await run->look_again.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> tell_without_status(std::shared_ptr<Run> run) {
    const auto limit = std::chrono::steady_clock::now() + run->command.kill_wait;
    std::vector<pid_t> survivors;
    for (;;) {
        const auto left_behind = run->left_behind();
        survivors.clear();
        for (const auto& process : left_behind.find())
            survivors.push_back(process.pid);
        if (survivors.empty()) left_behind.clean_up();
        if (survivors.empty() || std::chrono::steady_clock::now() >= limit) break;
        left_behind.kill();
        co_await pause(run);
        if (run->abandoned) co_return;
    }
    run->all_gone = survivors.empty();
    run->tell(outcome_without_status(run->command, run->directory, run->asked, survivors));
}

asio::awaitable<void> follow(std::shared_ptr<Run> run) {
    // Never told from inside the call that began it.
    co_await asio::post(run->look_again.get_executor(), asio::use_awaitable);
    if (run->keeper_ended.is_open()) {
        co_await run->keeper_ended.async_wait(asio::posix::stream_descriptor::wait_read,
                                              asio::as_tuple(asio::use_awaitable));
    }
    run->reap();
    run->patience.cancel();
    if (run->abandoned) co_return;
    // One that was not let go has nothing to tell; it ended because somebody killed it.
    const auto status = keeper::read_status(run->directory);
    if (!status) {
        if (run->let_go) co_return co_await tell_without_status(run);
        co_return;
    }
    run->all_gone = status->survivors.empty();
    run->tell(outcome_of(run->command, run->directory, *status));
}

asio::awaitable<void> insist(std::shared_ptr<Run> run) {
    run->patience.expires_after(run->command.grace + run->command.kill_wait + keeper_patience);
    const auto [interrupted] =
        co_await run->patience.async_wait(asio::as_tuple(asio::use_awaitable));
    if (interrupted || run->abandoned || !run->keeper_ended.is_open()) co_return;
    log::warning("a keeper does not end its command and is killed",
                 {{"pid", run->mark.pid}, {"command", run->command.title}});
    run->signal_keeper(SIGKILL);
}

class ProcessExecution final : public executor::Execution {
  public:
    ProcessExecution(asio::any_io_executor loop, std::shared_ptr<Run> run)
        : loop_(std::move(loop)), run_(std::move(run)) {
        asio::co_spawn(loop_, follow(run_), asio::detached);
    }
    ProcessExecution(const ProcessExecution&) = delete;
    ProcessExecution& operator=(const ProcessExecution&) = delete;

    ~ProcessExecution() override {
        run_->done = nullptr;
        run_->abandoned = true;
        run_->patience.cancel();
        run_->look_again.cancel();
        // A keeper that was not let go ends by itself now, and is reaped then.
        run_->close_control();
        if (run_->let_go && !run_->all_gone) end_at_once();
    }

    std::optional<ProcessMark> process() const override { return run_->mark; }

    void go() override {
        run_->let_go = true;
        keeper::go(run_->control);
        if (run_->command.attempt) run_->close_control();
        // It may have been killed before.
        if (!run_->keeper_ended.is_open()) asio::co_spawn(loop_, follow(run_), asio::detached);
    }

    void stop(StopReason reason) override {
        if (run_->asked || !run_->done) return;
        run_->asked = reason;
        run_->signal_keeper(reason == StopReason::timeout ? SIGALRM : SIGTERM);
        run_->signal_keeper(SIGCONT);
        asio::co_spawn(loop_, insist(run_), asio::detached);
    }

  private:
    void end_at_once() {
        const auto limit = std::chrono::steady_clock::now() + patience_at_once;
        if (run_->keeper_ended.is_open()) {
            run_->signal_keeper(SIGQUIT);
            run_->signal_keeper(SIGCONT);
            pollfd ended{.fd = run_->keeper_ended.native_handle(), .events = POLLIN, .revents = 0};
            const bool in_time = ::poll(&ended, 1, static_cast<int>(patience_at_once / 1ms)) > 0;
            if (in_time) {
                run_->reap();
                const auto status = keeper::read_status(run_->directory);
                if (status && status->survivors.empty()) return;
            } else {
                run_->signal_keeper(SIGKILL);
            }
        }
        const auto left_behind = run_->left_behind();
        do {
            left_behind.kill();
            if (left_behind.find().empty()) return left_behind.clean_up();
            std::this_thread::sleep_for(1ms);
        } while (std::chrono::steady_clock::now() < limit);
    }

    asio::any_io_executor loop_;
    std::shared_ptr<Run> run_;
};

}  // namespace

std::unique_ptr<executor::Execution> start_process(const asio::any_io_executor& loop,
                                                   ProcessCommand command,
                                                   executor::CommandHandler::Done done) {
    const auto failed = [&](const std::string& why) {
        return immediate_execution(loop,
                                   {.state = CommandState::error,
                                    .output = {},
                                    .error = command.title + " could not be started: " + why},
                                   std::move(done));
    };
    const auto directory = make_directory(command);
    if (!directory) return failed(directory.error());
    const auto cookie = cookie_of(command, *directory);
    const auto order = order_for(command, *directory, cookie);
    const auto launched = keeper::launch(command.keeping->keeper, *directory, order);
    if (!launched) return failed(launched.error());
    auto run = std::make_shared<Run>(loop, std::move(command), std::move(done), *directory, cookie);
    run->mark = {launched->process.pid, launched->process.start_time};
    run->keeper_ended.assign(launched->pidfd);
    run->control = launched->control;
    run->command.keeping->keepers.insert(launched->process.pid);
    return std::make_unique<ProcessExecution>(loop, std::move(run));
}

std::unique_ptr<executor::Execution> resume_process(const asio::any_io_executor& loop,
                                                    ProcessCommand command, const ProcessMark& mark,
                                                    executor::CommandHandler::Done done) {
    const auto directory = spool::directory_of(command.keeping->spool, *command.attempt);
    const auto cookie = cookie_of(command, directory);
    auto run = std::make_shared<Run>(loop, std::move(command), std::move(done), directory, cookie);
    run->mark = mark;
    run->let_go = true;
    // Held first and looked at then, so that it is this one and not the next with its number.
    const auto pid = static_cast<pid_t>(mark.pid);
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (pidfd >= 0) {
        const auto info = runtime::process_info(pid);
        if (info && info->start_time == mark.start_time) {
            run->keeper_ended.assign(pidfd);
            run->command.keeping->keepers.insert(pid);
        } else {
            ::close(pidfd);
        }
    }
    return std::make_unique<ProcessExecution>(loop, std::move(run));
}

}  // namespace cockpit::commands

#include "runtime/child_process.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "log/log.hpp"
#include "runtime/process_launch.hpp"
#include "runtime/process_table.hpp"

namespace cockpit::runtime {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// How long output that a descendant may still write is waited for once the child itself has ended,
// and how often that is granted again while bytes keep coming.
constexpr auto drain_time = 200ms;
constexpr int drain_rounds = 10;

struct OutputPipe {
    OutputPipe(const asio::any_io_executor& executor, int descriptor,
               std::function<void(std::string_view)> to)
        : end(executor, descriptor), receiver(std::move(to)) {}
    asio::posix::stream_descriptor end;
    std::function<void(std::string_view)> receiver;
    std::array<char, 65536> buffer;
};

// Shared with the pending handlers, which may outlive the ChildProcess.
class Running : public std::enable_shared_from_this<Running> {
  public:
    Running(const asio::any_io_executor& executor, LaunchedProcess launched,
            ChildSettings& settings)
        : pid_(launched.pid),
          pidfd_(executor, launched.pidfd),
          drain_(executor),
          ended_(executor, asio::steady_timer::time_point::max()) {
        if (launched.output >= 0) {
            out_.emplace(executor, launched.output, std::move(settings.on_stdout));
        }
        if (launched.error >= 0) {
            err_.emplace(executor, launched.error, std::move(settings.on_stderr));
        }
    }

    void begin() {
        pidfd_.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                              if (!error) self->child_ended();
                          });
        if (out_) read(*out_);
        if (err_) read(*err_);
    }

    void abandon() {
        abandoned_ = true;
        if (!status_)
            kill_and_reap();
        else
            reap();
        close_pipes();
        boost::system::error_code ignored;
        pidfd_.close(ignored);
        drain_.cancel();
        ended_.cancel();
    }

    asio::awaitable<ExitStatus> wait() {
        const auto self = shared_from_this();
        if (!finished_) co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (!finished_) throw boost::system::system_error(asio::error::operation_aborted);
        co_return *status_;
    }

    pid_t pid() const { return pid_; }

  private:
    void read(OutputPipe& pipe) {
        pipe.end.async_read_some(
            asio::buffer(pipe.buffer),
            [self = shared_from_this(), &pipe](boost::system::error_code error, std::size_t size) {
                if (self->abandoned_) return;
                if (error) {
                    boost::system::error_code ignored;
                    pipe.end.close(ignored);
                    self->finish_when_all_read();
                    return;
                }
                self->bytes_came_ = true;
                pipe.receiver({pipe.buffer.data(), size});
                if (!self->abandoned_ && pipe.end.is_open()) self->read(pipe);
            });
    }

    // Without reaping it: see the header.
    bool take_status() {
        siginfo_t info{};
        int result = 0;
        do {
            result = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
        } while (result < 0 && errno == EINTR);
        if (result < 0) {
            // Somebody else reaped our child: a defect of the program, but it must not wait for
            // ever.
            log::error("the status of a child process was lost",
                       {{"pid", pid_}, {"error", std::strerror(errno)}});
            status_ = ExitStatus{.exit_code = 255, .signal = std::nullopt};
            return true;
        }
        if (info.si_pid == 0) return false;
        status_ = info.si_code == CLD_EXITED
                      ? ExitStatus{.exit_code = info.si_status, .signal = std::nullopt}
                      : ExitStatus{.exit_code = std::nullopt, .signal = info.si_status};
        return true;
    }

    void child_ended() {
        if (abandoned_ || !take_status()) return;
        finish_when_all_read();
        if (!finished_) drain(drain_rounds);
    }

    void drain(int rounds) {
        bytes_came_ = false;
        drain_.expires_after(drain_time);
        drain_.async_wait([self = shared_from_this(), rounds](boost::system::error_code error) {
            if (error || self->abandoned_ || self->finished_) return;
            if (self->bytes_came_ && rounds > 1) return self->drain(rounds - 1);
            self->close_pipes();
            self->finish_when_all_read();
        });
    }

    void close_pipes() {
        boost::system::error_code ignored;
        if (out_) out_->end.close(ignored);
        if (err_) err_->end.close(ignored);
    }

    void finish_when_all_read() {
        if (!status_ || (out_ && out_->end.is_open()) || (err_ && err_->end.is_open())) return;
        finished_ = true;
        drain_.cancel();
        ended_.cancel();
    }

    void kill_and_reap() {
        signal_session(pid_, SIGKILL);
        // A killed child is gone within milliseconds, unless the kernel holds it (a dead network
        // disk).
        pollfd ready{.fd = pidfd_.native_handle(), .events = POLLIN, .revents = 0};
        if (::poll(&ready, 1, 1000) <= 0) {
            log::warning("a killed child process does not end", {{"pid", pid_}});
        }
        reap();
    }

    void reap() { ::waitid(P_PID, static_cast<id_t>(pid_), nullptr, WEXITED | WNOHANG); }

    pid_t pid_;
    asio::posix::stream_descriptor pidfd_;
    std::optional<OutputPipe> out_;
    std::optional<OutputPipe> err_;
    asio::steady_timer drain_;
    asio::steady_timer ended_;
    std::optional<ExitStatus> status_;
    bool bytes_came_ = false;
    bool finished_ = false;
    bool abandoned_ = false;
};

class OwnedChild final : public ChildProcess {
  public:
    explicit OwnedChild(std::shared_ptr<Running> running) : running_(std::move(running)) {}
    OwnedChild(const OwnedChild&) = delete;
    OwnedChild& operator=(const OwnedChild&) = delete;
    ~OwnedChild() override { running_->abandon(); }

    pid_t pid() const override { return running_->pid(); }
    asio::awaitable<ExitStatus> wait() override { return running_->wait(); }
    void signal_group(int signal) override { signal_session(pid(), signal); }
    bool group_alive() const override { return !survivors().empty(); }
    std::vector<pid_t> survivors() const override { return living_in_session(pid()); }

  private:
    std::shared_ptr<Running> running_;
};

}  // namespace

std::string ExitStatus::text() const {
    if (exit_code) return "exit code " + std::to_string(*exit_code);
    const int number = signal.value_or(0);
    const char* name = ::sigdescr_np(number);
    return "signal " + std::to_string(number) + " (" + (name ? name : "unknown") + ")";
}

std::expected<std::unique_ptr<ChildProcess>, std::string> ChildProcess::start(
    const asio::any_io_executor& executor, ChildSettings settings) {
    auto launched = launch(settings);
    if (!launched) return std::unexpected(std::move(launched.error()));
    auto running = std::make_shared<Running>(executor, *launched, settings);
    running->begin();
    return std::make_unique<OwnedChild>(std::move(running));
}

}  // namespace cockpit::runtime

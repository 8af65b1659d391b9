#include "server/app/supervised_child.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "log/log.hpp"

namespace cockpit::server {
namespace asio = boost::asio;
using std::chrono::milliseconds;
namespace {

constexpr milliseconds first_pause(200);
constexpr milliseconds longest_pause(10'000);
// A child that ran this long was well; its next end starts the pauses anew.
constexpr std::chrono::seconds well_after(30);

}  // namespace

SupervisedChild::SupervisedChild(asio::any_io_executor executor, std::string name,
                                 std::function<runtime::ChildSettings()> settings)
    : name_(std::move(name)),
      settings_(std::move(settings)),
      pause_(executor),
      ended_(executor),
      tasks_(executor) {}

void SupervisedChild::start() {
    running_ = true;
    tasks_.spawn(name_, keep_running());
}

asio::awaitable<void> SupervisedChild::keep_running() {
    auto pause = first_pause;
    while (!stopping_) {
        const auto begun = std::chrono::steady_clock::now();
        auto child = runtime::ChildProcess::start(ended_.get_executor(), settings_());
        if (child) {
            child_ = *std::move(child);
            log::info("child started", {{"child", name_}, {"pid", child_->pid()}});
            const auto status = co_await child_->wait();
            child_.reset();
            if (stopping_) break;
            log::error("child ended and is started again",
                       {{"child", name_}, {"how", status.text()}});
        } else {
            log::error("child cannot be started", {{"child", name_}, {"reason", child.error()}});
        }
        if (std::chrono::steady_clock::now() - begun > well_after) pause = first_pause;
        pause_.expires_after(pause);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
        pause = std::min(pause * 2, longest_pause);
    }
    running_ = false;
    ended_.cancel();
}

asio::awaitable<void> SupervisedChild::stop(milliseconds grace) {
    stopping_ = true;
    pause_.cancel();
    if (child_) child_->signal_group(SIGTERM);
    ended_.expires_after(grace);
    if (running_) co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (running_ && child_) {
        log::warning("child does not end and is killed", {{"child", name_}});
        child_->signal_group(SIGKILL);
        ended_.expires_after(grace);
        co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_await tasks_.stop();
}

}  // namespace cockpit::server

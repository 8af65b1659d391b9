#include "agent/app/growth_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>

#include "log/log.hpp"

namespace cockpit::agent_app {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::milliseconds without_inotify{200};

}  // namespace

struct GrowthWatch::State {
    State(asio::any_io_executor io, Grown callback)
        : grown(std::move(callback)), inotify(io), later(io) {}
    Grown grown;  ///< empty once the owner is gone
    asio::posix::stream_descriptor inotify;
    std::map<int, protocol::AttemptId> watched;  ///< by watch descriptor
    asio::steady_timer later;
    std::set<protocol::AttemptId> asked_later;
};

GrowthWatch::GrowthWatch(asio::any_io_executor io, Grown grown, bool use_inotify)
    : state_(std::make_shared<State>(std::move(io), std::move(grown))) {
    if (!use_inotify) return;
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0) {
        log::warning("this host gives no inotify instance; output is looked for by time",
                     {{"error", std::strerror(errno)}});
        return;
    }
    state_->inotify.assign(descriptor);
    await_events(state_);
}

GrowthWatch::~GrowthWatch() {
    stop();
}

void GrowthWatch::stop() {
    state_->grown = nullptr;
    boost::system::error_code ignored;
    state_->inotify.close(ignored);
    state_->later.cancel();
}

void GrowthWatch::watch(const protocol::AttemptId& attempt, const std::filesystem::path& file) {
    if (!state_->grown) return;
    if (state_->inotify.is_open()) {
        // One event and no more: a command that writes a million lines must not wake us each time.
        const int watch = ::inotify_add_watch(state_->inotify.native_handle(), file.c_str(),
                                              IN_MODIFY | IN_ONESHOT);
        if (watch >= 0) {
            state_->watched.insert_or_assign(watch, attempt);
            return;
        }
        // A file that is not there yet may be there when it is read, and grow unseen.
    }
    ask_later(state_, attempt);
}

void GrowthWatch::ask_later(const std::shared_ptr<State>& state,
                            const protocol::AttemptId& attempt) {
    if (!state->asked_later.insert(attempt).second || state->asked_later.size() > 1) return;
    state->later.expires_after(without_inotify);
    state->later.async_wait([state](const boost::system::error_code& failed) {
        if (failed) return;
        for (const auto& each : std::exchange(state->asked_later, {})) {
            if (state->grown) state->grown(each);
        }
    });
}

void GrowthWatch::await_events(const std::shared_ptr<State>& state) {
    state->inotify.async_wait(asio::posix::stream_descriptor::wait_read,
                              [state](const boost::system::error_code& failed) {
                                  if (failed || !state->grown) return;
                                  take_events(*state);
                                  if (state->grown) await_events(state);
                              });
}

void GrowthWatch::take_events(State& state) {
    alignas(inotify_event) char buffer[4096];
    std::set<protocol::AttemptId> grown;
    for (;;) {
        const auto count = ::read(state.inotify.native_handle(), buffer, sizeof buffer);
        if (count <= 0) break;
        for (auto at = buffer; at < buffer + count;) {
            inotify_event event;
            std::memcpy(&event, at, sizeof event);
            at += sizeof event + event.len;
            if (event.mask & IN_Q_OVERFLOW) {
                for (auto& [watch, attempt] : std::exchange(state.watched, {}))
                    grown.insert(attempt);
                continue;
            }
            // A single-shot watch says IN_MODIFY and then that it is gone, by the same number.
            const auto watched = state.watched.find(event.wd);
            if (watched == state.watched.end()) continue;
            if (event.mask & IN_MODIFY) grown.insert(watched->second);
            if (event.mask & IN_IGNORED) state.watched.erase(watched);
        }
    }
    for (const auto& attempt : grown) {
        if (state.grown) state.grown(attempt);
    }
}

}  // namespace cockpit::agent_app

#include "redis/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "log/log.hpp"

namespace cockpit::redis {
namespace asio = boost::asio;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_size = 16 * 1024;
/// A buffer that a burst made larger than this is given back.
constexpr std::size_t kept_capacity = 256 * 1024;

void clear(std::string& buffer) {
    if (buffer.capacity() > kept_capacity) {
        std::string().swap(buffer);
    } else {
        buffer.clear();
    }
}

}  // namespace

Connection::Connection(asio::any_io_executor executor, Settings settings, Owner& owner)
    : settings_(std::move(settings)),
      owner_(owner),
      state_(settings_),
      keepalive_(settings_.keepalive),
      random_(std::random_device{}()),
      something_to_write_(executor, asio::steady_timer::time_point::max()),
      scope_(executor) {}

void Connection::start() {
    scope_.spawn("redis connection", run());
}

asio::awaitable<void> Connection::stop() {
    up_ = false;
    state_.stop();
    co_await scope_.stop();
}

std::int64_t Connection::now() const {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

void Connection::send(const Command& command) {
    if (!up_) return;
    // The writer wakes after the handlers that are ready now: what they send leaves in the same
    // write.
    if (gathered_.empty()) something_to_write_.cancel();
    encode(command, gathered_);
}

asio::awaitable<void> Connection::run() {
    // Nothing is told from inside start().
    co_await asio::post(scope_.executor(), asio::use_awaitable);
    while (!scope_.stopping()) {
        state_.connect();
        std::string why;
        try {
            why = co_await session();
        } catch (const std::exception& error) {
            why = lost_because(error.what());
        }
        if (scope_.stopping()) co_return;
        const double random = std::uniform_real_distribution<>(0.0, 1.0)(random_);
        const auto pause = state_.lost(std::move(why), now(), random);
        const bool was_up = std::exchange(up_, false);
        gathered_.clear();
        tell_news();
        if (was_up) owner_.on_down();
        asio::steady_timer timer(scope_.executor(), pause);
        co_await timer.async_wait(as_result);
    }
}

asio::awaitable<std::string> Connection::session() {
    using namespace asio::experimental::awaitable_operators;
    Stream stream(scope_.executor());
    decoder_.emplace();
    given_up_.reset();
    gathered_.clear();
    leaving_.clear();
    read_buffer_.resize(read_size);

    const auto deadline = std::chrono::steady_clock::now() + settings_.connect_timeout;
    const auto trouble = co_await runtime::with_deadline(deadline, set_up(stream, deadline));
    if (!trouble) {
        co_return "cannot connect to " + describe(settings_) + ": no answer within " +
            std::to_string(settings_.connect_timeout.count()) + " ms" +
            (settings_.tls ? "; if it does not speak TLS there, unset REDIS_TLS" : "");
    }
    if (*trouble) co_return **trouble;
    if (scope_.stopping()) co_return std::string();

    up_ = true;
    keepalive_.begin(now());
    tell_news();
    owner_.on_up();
    auto ended = co_await (read_on(stream) || write_on(stream) || keep_alive());
    co_return std::visit([](std::string& why) { return std::move(why); }, ended);
}

asio::awaitable<std::optional<std::string>> Connection::set_up(Stream& stream,
                                                               runtime::Deadline deadline) {
    if (auto trouble = co_await stream.open(settings_, deadline)) co_return trouble;
    std::string hello;
    for (const Command& command : state_.connected())
        encode(command, hello);
    const auto broken = [this](const std::string& why) {
        return describe(settings_) + " broke off the log-in: " + why + log_in_hint(why);
    };
    // Who refuses us may say why and close before he has read anything: his words are worth more
    // than the failure to write.
    const auto unsent = co_await stream.write(hello);
    for (;;) {
        const auto size = co_await stream.read(read_buffer_);
        if (!size) co_return broken(size.error());
        if (*size == 0 && unsent) co_return broken(*unsent);
        decoder_->feed(std::string_view(read_buffer_).substr(0, *size));
        for (;;) {
            const auto value = decoder_->next();
            if (!value) co_return broken(value.error());
            if (!*value) break;
            const auto done = state_.handshake_answer(**value, now());
            if (!done) co_return done.error();
            if (*done) co_return std::nullopt;
        }
    }
}

// The three below run beside each other and end together when one of them ends. They return rather
// than throw: an exception would end only its own.

asio::awaitable<std::string> Connection::read_on(Stream& stream) {
    try {
        for (;;) {
            const auto size = co_await stream.read(read_buffer_);
            if (!size) co_return lost_because(size.error());
            if (stream.wants_write()) something_to_write_.cancel();
            if (*size == 0) continue;
            keepalive_.received(now());
            decoder_->feed(std::string_view(read_buffer_).substr(0, *size));
            if (auto why = deliver()) co_return *why;
        }
    } catch (const std::exception& error) {
        co_return lost_because(error.what());
    }
}

std::optional<std::string> Connection::deliver() {
    for (;;) {
        auto value = decoder_->next();
        if (!value) return lost_because(value.error());
        if (!*value) return std::nullopt;
        owner_.on_value(std::move(**value));
        if (given_up_) return given_up_;
        if (!up_) return lost_because("stopped");
    }
}

asio::awaitable<std::string> Connection::write_on(Stream& stream) {
    try {
        for (;;) {
            while (gathered_.empty() && !stream.wants_write()) {
                co_await something_to_write_.async_wait(as_result);
            }
            leaving_.swap(gathered_);
            const auto trouble = co_await stream.write(leaving_);
            if (trouble) co_return lost_because(*trouble);
            clear(leaving_);
        }
    } catch (const std::exception& error) {
        co_return lost_because(error.what());
    }
}

asio::awaitable<std::string> Connection::keep_alive() {
    try {
        asio::steady_timer timer(scope_.executor());
        for (;;) {
            const std::int64_t at = now();
            switch (keepalive_.check(at)) {
                case Keepalive::Verdict::nothing:
                    break;
                case Keepalive::Verdict::ping:
                    owner_.on_idle();
                    break;
                case Keepalive::Verdict::lost:
                    co_return lost_because("it answers nothing any more");
            }
            timer.expires_after(std::chrono::milliseconds(keepalive_.next_check(at) - at));
            co_await timer.async_wait(as_result);
        }
    } catch (const std::exception& error) {
        co_return lost_because(error.what());
    }
}

std::string Connection::log_in_hint(const std::string& why) const {
    if (!settings_.tls) return "; if it speaks TLS there, set REDIS_TLS=true";
    if (settings_.tls->cert_file || why.find("REDIS_TLS_") != std::string::npos) return "";
    return "; if it demands a client certificate, set REDIS_TLS_CERT and REDIS_TLS_KEY";
}

void Connection::tell_news() {
    if (auto news = state_.take_news()) owner_.on_news(std::move(*news));
}

std::string Connection::lost_because(const std::string& why) const {
    return "lost the connection to " + describe(settings_) + ": " + why;
}

}  // namespace cockpit::redis

#include "redis/stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "runtime/await_callback.hpp"

namespace cockpit::redis {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t cipher_buffer = 16 * 1024;

using Endpoints = std::vector<asio::generic::stream_protocol::endpoint>;

/// A look-up cannot be cancelled once the resolver's thread has begun it; so it is left behind when
/// its waiter is cancelled, and what it needs is its own.
asio::awaitable<std::expected<Endpoints, error_code>> resolve(std::string host, std::string port) {
    using Result = std::expected<Endpoints, error_code>;
    auto resolver = std::make_shared<asio::ip::tcp::resolver>(co_await asio::this_coro::executor);
    co_return co_await runtime::await_callback<Result>(
        [resolver, host = std::move(host), port = std::move(port)](auto done) {
            resolver->async_resolve(
                host, port,
                [resolver, done = std::move(done)](
                    error_code error, asio::ip::tcp::resolver::results_type found) mutable {
                    if (error) return done(std::unexpected(error));
                    Endpoints endpoints;
                    for (const auto& entry : found)
                        endpoints.emplace_back(entry.endpoint());
                    done(std::move(endpoints));
                });
        });
}

/// Eof has a text of its own for people.
std::string reason(const error_code& error) {
    if (error == asio::error::eof) return "it closed the connection";
    return error.message();
}

}  // namespace

Stream::Stream(asio::any_io_executor executor) : socket_(std::move(executor)) {}

asio::awaitable<std::optional<std::string>> Stream::open(const Settings& settings,
                                                         runtime::Deadline deadline) {
    if (settings.unix_socket && settings.tls) {
        co_return "REDIS_TLS is for tcp and REDIS_SOCKET names a unix socket; unset one of them";
    }
    if (settings.tls) {
        const auto& name = settings.tls->server_name;
        auto engine = TlsEngine::create(*settings.tls, name.empty() ? settings.host : name);
        if (!engine) co_return std::move(engine.error());
        tls_ = std::move(*engine);
    }
    std::optional<std::string> trouble;
    if (settings.unix_socket) {
        trouble = co_await connect_unix(*settings.unix_socket);
    } else {
        trouble = co_await connect_tcp(settings, deadline);
    }
    if (trouble) {
        co_return "cannot connect to " + describe(settings) + ": " + *trouble + "; check " +
            (settings.unix_socket ? "REDIS_SOCKET" : "REDIS_HOST and REDIS_PORT") +
            " and that Redis runs";
    }
    if (!tls_) co_return std::nullopt;
    trouble = co_await shake_hands();
    if (trouble) co_return "no TLS with " + describe(settings) + ": " + *trouble;
    co_return std::nullopt;
}

asio::awaitable<std::optional<std::string>> Stream::connect_unix(const std::string& path) {
    // Longer ones do not fit sockaddr_un, and Asio throws.
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        co_return "the path is longer than a unix socket's may be (107 bytes)";
    }
    const asio::local::stream_protocol::endpoint endpoint(path);
    const auto [error] = co_await socket_.async_connect(Endpoint(endpoint), as_result);
    if (error) co_return error.message();
    co_return std::nullopt;
}

asio::awaitable<std::optional<std::string>> Stream::connect_tcp(const Settings& settings,
                                                                runtime::Deadline deadline) {
    Endpoints endpoints;
    error_code not_literal;
    const auto address = asio::ip::make_address(settings.host, not_literal);
    if (!not_literal) {
        endpoints.emplace_back(asio::ip::tcp::endpoint(address, settings.port));
    } else {
        auto found = co_await resolve(settings.host, std::to_string(settings.port));
        if (!found) co_return "the name cannot be resolved (" + found.error().message() + ")";
        endpoints = std::move(*found);
    }
    // Each address gets its part of the time, so that one that swallows packets does not hide the
    // next.
    std::string trouble = "the name has no address";
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const auto now = std::chrono::steady_clock::now();
        const auto share = (deadline - now) / static_cast<int>(endpoints.size() - i);
        error_code ignored;
        socket_.close(ignored);
        auto done = co_await runtime::with_deadline(now + share,
                                                    socket_.async_connect(endpoints[i], as_result));
        if (!done) {
            trouble = "no answer in time";
        } else if (std::get<0>(*done)) {
            trouble = std::get<0>(*done).message();
        } else {
            tune_tcp(settings.keepalive);
            co_return std::nullopt;
        }
    }
    co_return trouble;
}

void Stream::tune_tcp(std::chrono::milliseconds keepalive) {
    const auto set = [this](int level, int name, int value) {
        // Best effort: a kernel without one of these still has a working connection.
        (void)::setsockopt(socket_.native_handle(), level, name, &value, sizeof value);
    };
    const int seconds = std::max(1, static_cast<int>(keepalive.count() / 1000));
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, seconds);
    set(IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, seconds / 3));
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
    // Sent and never acknowledged counts as silence too.
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, 2000 * seconds);
}

asio::awaitable<std::optional<std::string>> Stream::shake_hands() {
    incoming_.resize(cipher_buffer);
    for (;;) {
        const auto done = tls_->handshake();
        const auto trouble = co_await write({});
        if (!done) co_return done.error();
        if (trouble) co_return trouble;
        if (*done) co_return std::nullopt;
        const auto [error, size] =
            co_await socket_.async_read_some(asio::buffer(incoming_), as_result);
        if (error) co_return reason(error);
        tls_->feed(std::string_view(incoming_).substr(0, size));
    }
}

asio::awaitable<std::expected<std::size_t, std::string>> Stream::read(std::span<char> into) {
    if (tls_) {
        auto ready = tls_->read(into);
        if (!ready || *ready > 0) co_return ready;
    }
    const auto buffer = tls_ ? asio::buffer(incoming_) : asio::buffer(into.data(), into.size());
    const auto [error, size] = co_await socket_.async_read_some(buffer, as_result);
    if (error) co_return std::unexpected(reason(error));
    if (!tls_) co_return size;
    tls_->feed(std::string_view(incoming_).substr(0, size));
    co_return tls_->read(into);
}

asio::awaitable<std::optional<std::string>> Stream::write(std::string_view plain) {
    if (tls_) {
        if (auto trouble = tls_->write(plain)) co_return trouble;
        outgoing_.clear();
        tls_->take_output(outgoing_);
        plain = outgoing_;
    }
    if (plain.empty()) co_return std::nullopt;
    const auto [error, size] =
        co_await asio::async_write(socket_, asio::buffer(plain.data(), plain.size()), as_result);
    if (error) co_return reason(error);
    co_return std::nullopt;
}

}  // namespace cockpit::redis

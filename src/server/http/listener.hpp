#pragma once
// The HTTP/1.1 server (Beast): accepts, reads within limits, calls the handler, writes. One
// coroutine per connection, all on the I/O thread. A slow or silent client costs one socket for a
// bounded time and never holds another.
//
// The requests of one connection are handled one after the other. A client that leaves while its
// request is handled changes nothing for the handler: what it began it ends (its command is
// committed), and only the answer is dropped. What is wrong with a request before it reaches the
// handler is answered here, as a problem document: 400 malformed, 408 too slow, 413 body and 431
// header too large, 417, 501, 503 too many connections, 505.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "server/http/message.hpp"

namespace cockpit::http {

struct ListenerSettings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8000;  ///< 0: the system chooses
    std::size_t max_header_bytes = 16 * 1024;
    std::size_t max_body_bytes = 1 << 20;
    int max_connections = 4096;  ///< one more is answered 503 and closed
    /// From accept, or from the first byte of a later request, to the end of the header. Then 408,
    /// or just the end where not one byte came.
    std::chrono::milliseconds header_timeout{10'000};
    std::chrono::milliseconds body_timeout{30'000};  ///< for the whole body; then 408
    /// For a whole answer, and more for a long one, at the rate below; then the connection ends.
    std::chrono::milliseconds write_timeout{30'000};
    std::size_t slowest_write_bytes_per_second = 64 * 1024;
    std::chrono::milliseconds idle_timeout{75'000};  ///< between requests of one connection
    /// How long what a client still sends is read and dropped after the last answer of a
    /// connection. Closed at once, its system might throw the answer away (RFC 9112, section 9.6).
    std::chrono::milliseconds linger_timeout{2'000};
};

class Listener {
  public:
    /// Binds and listens. The error is a sentence with address and port.
    static std::expected<std::unique_ptr<Listener>, std::string> create(
        boost::asio::any_io_executor executor, ListenerSettings settings, Handler handler);
    /// stop() must have been awaited if start() was called.
    virtual ~Listener() = default;

    virtual void start() = 0;
    /// Stops accepting, ends idle connections, lets requests under way end within `grace`, then
    /// cancels what is left, handlers included, and waits for it. Called again while it waits: the
    /// new grace counts for both.
    virtual boost::asio::awaitable<void> stop(std::chrono::milliseconds grace) = 0;
    /// The port in use, the chosen one when settings said 0.
    virtual std::uint16_t port() const = 0;
};

}  // namespace cockpit::http

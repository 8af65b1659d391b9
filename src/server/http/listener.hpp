#pragma once
// The HTTP/1.1 server (Beast): accepts, reads within limits, calls the handler, writes. One
// coroutine per connection, all on the I/O thread. A slow or silent client costs one socket for a
// bounded time and never holds another.

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
    std::chrono::milliseconds header_timeout{
        10'000};  ///< from accept, or from the first byte of the next
    std::chrono::milliseconds body_timeout{30'000};
    std::chrono::milliseconds write_timeout{30'000};
    std::chrono::milliseconds idle_timeout{75'000};  ///< between requests of one connection
};

class Listener {
  public:
    /// Binds and listens. The error is a sentence with address and port.
    static std::expected<std::unique_ptr<Listener>, std::string> create(
        boost::asio::any_io_executor executor, ListenerSettings settings, Handler handler);
    virtual ~Listener() = default;

    virtual void start() = 0;
    /// Stops accepting, lets requests under way end within `grace`, then closes all.
    virtual boost::asio::awaitable<void> stop(std::chrono::milliseconds grace) = 0;
    /// The port in use, the chosen one when settings said 0.
    virtual std::uint16_t port() const = 0;
};

}  // namespace cockpit::http

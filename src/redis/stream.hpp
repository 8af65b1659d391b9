#pragma once
// A stream of plain bytes to Redis, over tcp or a unix socket, through TLS where the settings say
// so. Used by Connection only.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "redis/settings.hpp"
#include "redis/tls_engine.hpp"
#include "runtime/with_deadline.hpp"

namespace cockpit::redis {

/// One read and one write may be under way at a time. All operations are cancellable; after a
/// cancelled one the stream is of no use but to be destroyed. Failures are parts of a sentence,
/// after "Redis at …: ".
class Stream {
  public:
    explicit Stream(boost::asio::any_io_executor executor);

    /// Connects, and does the TLS handshake. Nothing, or a whole sentence.
    boost::asio::awaitable<std::optional<std::string>> open(const Settings& settings,
                                                            runtime::Deadline deadline);
    /// Some plain bytes. None: the bytes that came held none for us, read on (and see wants_write).
    boost::asio::awaitable<std::expected<std::size_t, std::string>> read(std::span<char> into);
    /// Sends all of it. Empty text sends what TLS itself has to say.
    boost::asio::awaitable<std::optional<std::string>> write(std::string_view plain);
    /// Whether TLS has something to say that nobody wrote.
    bool wants_write() const { return tls_ && tls_->has_output(); }

  private:
    using Endpoint = boost::asio::generic::stream_protocol::endpoint;
    boost::asio::awaitable<std::optional<std::string>> connect_unix(const std::string& path);
    boost::asio::awaitable<std::optional<std::string>> connect_tcp(const Settings& settings,
                                                                   runtime::Deadline deadline);
    boost::asio::awaitable<std::optional<std::string>> shake_hands();
    void tune_tcp(std::chrono::milliseconds keepalive);

    boost::asio::generic::stream_protocol::socket socket_;
    std::unique_ptr<TlsEngine> tls_;
    std::string incoming_;  ///< enciphered
    std::string outgoing_;  ///< enciphered
};

}  // namespace cockpit::redis

#pragma once
// One connection: its socket, its buffers and its coroutine. Known to the listener only.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "server/http/listener.hpp"
#include "server/http/response_head.hpp"

namespace cockpit::http {

/// What all sessions of one listener share; owned by the listener, which outlives them.
struct SessionContext {
    ListenerSettings settings;
    Handler handler;
    DateText date;
    std::string request_id_prefix;  ///< so that two runs of the server make up different ids
    std::uint64_t requests_named = 0;
    bool stopping = false;  ///< every answer from now on is the last one of its connection
};

class Session {
  public:
    static std::shared_ptr<Session> create(boost::asio::ip::tcp::socket socket,
                                           SessionContext& context);
    virtual ~Session() = default;

    /// Answers requests until the connection ends; throws only operation_aborted, when cancelled.
    virtual boost::asio::awaitable<void> serve() = 0;
    /// Answers 503 without reading a request, and ends.
    virtual boost::asio::awaitable<void> turn_away() = 0;

    /// Ends the connection if no byte of a request has come since the last answer, or if it sends a
    /// stream, which may have no end.
    virtual void close_if_idle() = 0;
    virtual void close() = 0;
};

}  // namespace cockpit::http

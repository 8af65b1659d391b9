#pragma once
// Connections to Redis that mend themselves. A Client sends commands, pipelined: everything asked
// for in one turn of the loop leaves in one write, and many commands may be under way. A Subscriber
// listens to channels and renews its subscriptions after each reconnect.
//
// After a connection is lost both connect again by themselves, with growing, jittered pauses
// (Backoff). A command that was under way then ends with Error::disconnected: it may or may not
// have taken effect. A command given while there is no connection ends so at once; nothing is
// queued for later, since only the caller knows whether it would still be right then.
//
// Whether the other end lives: an idle connection sends PING every Settings::keepalive, and a
// command under way is its own PING: when nothing at all arrives for that long, the connection is
// lost. A command that blocks at Redis (XREADGROUP BLOCK, BLPOP, …) may take its own BLOCK time
// more, and for ever with BLOCK 0; then only the kernel's TCP keepalive tells. A blocking command
// holds up all that was sent after it, so it belongs on a Client of its own. SUBSCRIBE and MONITOR
// do not belong on a Client at all.
//
// One thread. Callbacks come on the executor's thread, never from inside the call that takes them.
// Await stop() before destroying what was started. When stop() returns, every callback has been
// called.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "redis/settings.hpp"
#include "redis/value.hpp"
#include "runtime/await_callback.hpp"

namespace cockpit::redis {

enum class Error {
    disconnected,  ///< no connection, or lost before the answer came
    stopped,       ///< stop() was called
};
std::string_view to_text(Error error);

/// The answer, an ErrorReply among them; an Error when there was none.
using Answer = std::expected<Value, Error>;
using Answers = std::expected<std::vector<Value>, Error>;

/// What a connection tells of itself: nothing when it is up (authenticated, database selected), or
/// why it is not, as a sentence for the operator (never with the password).
using ConnectionListener = std::function<void(std::optional<std::string> down_because)>;

class Client {
  public:
    static std::unique_ptr<Client> create(boost::asio::any_io_executor executor, Settings settings);
    virtual ~Client() = default;

    /// Begins to connect. `listener` hears of each change.
    virtual void start(ConnectionListener listener) = 0;
    /// Ends every command under way with Error::stopped and waits for the tasks.
    virtual boost::asio::awaitable<void> stop() = 0;
    virtual bool connected() const = 0;

    /// `answer` may be empty: fire and forget.
    virtual void send(Command command, runtime::Callback<Answer> answer) = 0;
    /// The commands leave together, in order, with nothing of ours between them. `answers` has one
    /// value for each command, in order, and may be empty.
    virtual void send_all(std::vector<Command> commands, runtime::Callback<Answers> answers) = 0;

    boost::asio::awaitable<Answer> execute(Command command);
    boost::asio::awaitable<Answers> execute_all(std::vector<Command> commands);
};

class Subscriber {
  public:
    static std::unique_ptr<Subscriber> create(boost::asio::any_io_executor executor,
                                              Settings settings);
    virtual ~Subscriber() = default;

    using MessageListener = std::function<void(std::string_view channel, std::string_view payload)>;

    /// `listener` hears "up" (nothing) when every subscription asked for so far is confirmed by
    /// Redis: again for each one added later. A subscription that Redis refuses is told as down and
    /// tried again.
    virtual void start(ConnectionListener listener, MessageListener on_message) = 0;
    virtual boost::asio::awaitable<void> stop() = 0;

    /// At any time, also before start(). What was asked for before is not asked for again.
    virtual void subscribe(std::string channel) = 0;
    virtual void subscribe_pattern(std::string pattern) = 0;
};

}  // namespace cockpit::redis

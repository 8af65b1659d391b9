#pragma once
// Connections to Redis that mend themselves. A Client sends commands, pipelined: everything asked for in
// one turn of the loop leaves in one write, and many commands may be under way. A Subscriber listens to
// channels and renews its subscriptions after each reconnect.
//
// After a connection is lost both connect again by themselves, with growing, jittered pauses (Backoff). A
// command that was under way then ends with Error::disconnected: it may or may not have taken effect. A
// command given while there is no connection ends so at once; nothing is queued for later, since only the
// caller knows whether it would still be right then.
//
// One thread. Callbacks come on the executor's thread, never from inside the call that takes them.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "redis/value.hpp"
#include "runtime/await_callback.hpp"

namespace cockpit::redis {

/// Where and as whom. Plain data; the composition root fills it from the configuration.
struct Settings {
    std::string host = "localhost";
    std::uint16_t port = 6379;
    std::optional<std::string> unix_socket;  ///< instead of host and port
    std::optional<std::string> username;
    std::optional<std::string> password;
    int database = 0;
    std::string client_name;  ///< CLIENT SETNAME, for the operator's CLIENT LIST
    struct Tls {
        std::optional<std::string> ca_file;  ///< pinned; the system's store when absent
        std::optional<std::string> cert_file;
        std::optional<std::string> key_file;
        std::string server_name;
    };
    std::optional<Tls> tls;
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds keepalive{10'000};  ///< PING when idle; no answer in this time: lost
    std::chrono::milliseconds backoff_first{50};
    std::chrono::milliseconds backoff_cap{5000};
};

enum class Error {
    disconnected,  ///< no connection, or lost before the answer came
    stopped,       ///< stop() was called
};
std::string_view to_text(Error error);

using Command = std::vector<std::string>;
/// The answer, an ErrorReply among them; an Error when there was none.
using Answer = std::expected<Value, Error>;
using Answers = std::expected<std::vector<Value>, Error>;

/// What a connection tells of itself: nothing when it is up (authenticated, database selected), or why it
/// is not, as a sentence for the operator (never with the password).
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
    /// The commands leave together, in order, with nothing of ours between them.
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

    /// `up` with nothing is called when every subscription asked for so far is confirmed by Redis.
    virtual void start(ConnectionListener listener, MessageListener on_message) = 0;
    virtual boost::asio::awaitable<void> stop() = 0;

    virtual void subscribe(std::string channel) = 0;
    virtual void subscribe_pattern(std::string pattern) = 0;
};

}  // namespace cockpit::redis

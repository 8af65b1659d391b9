#pragma once
// What Client and Subscriber share: the one task that connects, shakes hands, reads, writes, keeps
// alive and begins again. It drives ConnectionState and Keepalive and does the I/O they ask for.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "redis/codec.hpp"
#include "redis/connection_state.hpp"
#include "redis/keepalive.hpp"
#include "redis/stream.hpp"
#include "redis/value.hpp"
#include "runtime/task_scope.hpp"

namespace cockpit::redis {

class Connection {
  public:
    /// All calls come from the connection's task.
    class Owner {
      public:
        virtual ~Owner() = default;
        /// Commands may be sent from here on.
        virtual void on_up() = 0;
        /// One answer, in order.
        virtual void on_value(Value value) = 0;
        /// Idle for long: send a PING.
        virtual void on_idle() = 0;
        /// After on_up(): nothing that was sent and not answered will be answered. Not called by
        /// stop().
        virtual void on_down() = 0;
        /// News for the listener.
        virtual void on_news(std::optional<std::string> down_because) = 0;
    };

    /// `owner` must outlive it.
    Connection(boost::asio::any_io_executor executor, Settings settings, Owner& owner);

    void start();
    boost::asio::awaitable<void> stop();

    bool up() const { return up_; }
    const Settings& settings() const { return settings_; }
    const boost::asio::any_io_executor& executor() const { return scope_.executor(); }
    Keepalive& keepalive() { return keepalive_; }
    std::int64_t now() const;

    /// Adds the command to what leaves at the end of this turn of the loop. Only while up.
    void send(const Command& command);
    /// Called from on_value: this connection is of no use; the sentence says why.
    void give_up(std::string why) { given_up_ = std::move(why); }

  private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<std::string> session();
    boost::asio::awaitable<std::optional<std::string>> set_up(Stream& stream,
                                                              runtime::Deadline deadline);
    boost::asio::awaitable<std::string> read_on(Stream& stream);
    boost::asio::awaitable<std::string> write_on(Stream& stream);
    boost::asio::awaitable<std::string> keep_alive();
    std::optional<std::string> deliver();
    void tell_news();
    std::string log_in_hint(const std::string& why) const;
    std::string lost_because(const std::string& why) const;

    Settings settings_;
    Owner& owner_;
    ConnectionState state_;
    Keepalive keepalive_;
    std::minstd_rand random_;
    std::optional<Decoder> decoder_;
    std::string read_buffer_;
    std::string gathered_;  ///< what leaves with the next write
    std::string leaving_;   ///< what is being written
    boost::asio::steady_timer something_to_write_;
    bool up_ = false;
    std::optional<std::string> given_up_;
    runtime::TaskScope scope_;
};

}  // namespace cockpit::redis

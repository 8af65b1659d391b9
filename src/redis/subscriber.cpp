#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "log/log.hpp"
#include "redis/client.hpp"
#include "redis/connection.hpp"

namespace cockpit::redis {
namespace asio = boost::asio;

namespace {

class ConnectedSubscriber final : public Subscriber, private Connection::Owner {
  public:
    ConnectedSubscriber(asio::any_io_executor executor, Settings settings)
        : connection_(std::move(executor), std::move(settings), *this) {}

    void start(ConnectionListener listener, MessageListener on_message) override {
        listener_ = std::move(listener);
        on_message_ = std::move(on_message);
        connection_.start();
    }

    asio::awaitable<void> stop() override {
        stopped_ = true;
        co_await connection_.stop();
    }

    void subscribe(std::string channel) override { add("SUBSCRIBE", channels_, channel); }
    void subscribe_pattern(std::string pattern) override { add("PSUBSCRIBE", patterns_, pattern); }

  private:
    void add(const char* command, std::set<std::string>& known, const std::string& name) {
        if (!known.insert(name).second || !connection_.up()) return;
        ++unconfirmed_;
        connection_.send({command, name});
        connection_.keepalive().waiting(connection_.now(), std::chrono::milliseconds(0));
    }

    void ask_for_all(const char* command, const std::set<std::string>& names) {
        if (names.empty()) return;
        Command all{command};
        all.insert(all.end(), names.begin(), names.end());
        unconfirmed_ += names.size();
        connection_.send(all);
        connection_.keepalive().waiting(connection_.now(), std::chrono::milliseconds(0));
    }

    void on_up() override {
        unconfirmed_ = 0;
        ask_for_all("SUBSCRIBE", channels_);
        ask_for_all("PSUBSCRIBE", patterns_);
        if (unconfirmed_ == 0) tell(std::nullopt);
    }

    void on_value(Value value) override {
        connection_.keepalive().idle();
        if (const ErrorReply* error = value.if_error()) {
            // The answer to a PING of a user who may not PING is a sign of life as good as any.
            if (unconfirmed_ == 0 && error->message.starts_with("NOPERM")) return;
            return connection_.give_up(describe(connection_.settings()) +
                                       " refused a subscription: " + error->message +
                                       "; check the channels that the user may use (ACL)");
        }
        const Array* words = value.if_array();
        if (words == nullptr || words->size() < 3) return;  // the answer to PING
        const std::string* kind = (*words)[0].if_text();
        if (kind == nullptr) return;
        if (*kind == "message") return deliver((*words)[1], (*words)[2]);
        if (*kind == "pmessage" && words->size() == 4) return deliver((*words)[2], (*words)[3]);
        if ((*kind == "subscribe" || *kind == "psubscribe") && unconfirmed_ > 0) {
            if (--unconfirmed_ == 0) tell(std::nullopt);
        }
    }

    void deliver(const Value& channel, const Value& payload) {
        if (channel.if_text() == nullptr || payload.if_text() == nullptr || stopped_) return;
        guarded([&] { on_message_(*channel.if_text(), *payload.if_text()); });
    }

    void on_idle() override {
        connection_.send({"PING"});
        connection_.keepalive().waiting(connection_.now(), std::chrono::milliseconds(0));
    }

    void on_down() override {}

    void on_news(std::optional<std::string> down_because) override {
        // Up is told when the subscriptions are confirmed.
        if (down_because) tell(std::move(down_because));
    }

    void tell(std::optional<std::string> down_because) {
        // A refusal that repeats with every try is told once.
        if (down_because && down_because == told_) return;
        told_ = down_because;
        if (listener_ && !stopped_) guarded([&] { listener_(std::move(down_because)); });
    }

    template <typename Call>
    static void guarded(Call call) {
        try {
            call();
        } catch (const std::exception& error) {
            log::error("a listener of a Redis subscription threw", {{"error", error.what()}});
        }
    }

    ConnectionListener listener_;
    MessageListener on_message_;
    std::set<std::string> channels_;
    std::set<std::string> patterns_;
    std::size_t unconfirmed_ = 0;
    std::optional<std::string> told_;
    bool stopped_ = false;
    Connection connection_;
};

}  // namespace

std::unique_ptr<Subscriber> Subscriber::create(asio::any_io_executor executor, Settings settings) {
    return std::make_unique<ConnectedSubscriber>(std::move(executor), std::move(settings));
}

}  // namespace cockpit::redis

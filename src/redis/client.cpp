#include "redis/client.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <stdexcept>
#include <variant>

#include "log/log.hpp"
#include "redis/connection.hpp"

namespace cockpit::redis {
namespace asio = boost::asio;

std::string_view to_text(Error error) {
    switch (error) {
        case Error::disconnected:
            return "there is no connection to Redis";
        case Error::stopped:
            return "the connection to Redis was stopped";
    }
    return "unknown";
}

namespace {

/// What waits for an answer. The answers come in the order of these.
struct Single {
    runtime::Callback<Answer> answer;
};
struct Batch {
    runtime::Callback<Answers> answers;
    std::size_t expected = 0;
    std::vector<Value> values;
};
struct Pending {
    std::variant<Single, Batch> what;
    std::optional<std::chrono::milliseconds> block;
};

void refuse(Pending& pending, Error error) {
    if (auto* single = std::get_if<Single>(&pending.what)) {
        if (single->answer) single->answer(std::unexpected(error));
    } else if (auto& batch = std::get<Batch>(pending.what); batch.answers) {
        batch.answers(std::unexpected(error));
    }
}

class ConnectedClient final : public Client, private Connection::Owner {
  public:
    ConnectedClient(asio::any_io_executor executor, Settings settings)
        : connection_(std::move(executor), std::move(settings), *this) {}

    void start(ConnectionListener listener) override {
        listener_ = std::move(listener);
        connection_.start();
    }

    asio::awaitable<void> stop() override {
        stopped_ = true;
        co_await connection_.stop();
        refuse_all(Error::stopped);
        // Refusals that send() posted before now come before this goes on.
        co_await asio::post(connection_.executor(), asio::use_awaitable);
    }

    bool connected() const override { return connection_.up(); }

    void send(Command command, runtime::Callback<Answer> answer) override {
        check(command);
        Pending pending{Single{std::move(answer)}, block_time(command)};
        if (!connection_.up()) return refuse_later(std::move(pending));
        connection_.send(command);
        enqueue(std::move(pending));
    }

    void send_all(std::vector<Command> commands, runtime::Callback<Answers> answers) override {
        Batch batch{std::move(answers), commands.size(), {}};
        std::optional<std::chrono::milliseconds> block(0);
        for (const Command& command : commands) {
            check(command);
            const auto more = block_time(command);
            block = block && more ? std::optional(*block + *more) : std::nullopt;
        }
        Pending pending{std::move(batch), block};
        if (!connection_.up()) return refuse_later(std::move(pending));
        if (commands.empty()) return answer_empty(std::move(pending));
        std::get<Batch>(pending.what).values.reserve(commands.size());
        for (const Command& command : commands)
            connection_.send(command);
        enqueue(std::move(pending));
    }

  private:
    static void check(const Command& command) {
        if (command.empty()) throw std::invalid_argument("a Redis command needs at least a name");
    }

    void enqueue(Pending pending) {
        if (pending_.empty()) connection_.keepalive().waiting(connection_.now(), pending.block);
        pending_.push_back(std::move(pending));
    }

    void refuse_later(Pending pending) {
        const Error error = stopped_ ? Error::stopped : Error::disconnected;
        asio::post(connection_.executor(),
                   [pending = std::move(pending), error]() mutable { refuse(pending, error); });
    }

    void answer_empty(Pending pending) {
        asio::post(connection_.executor(), [pending = std::move(pending)]() mutable {
            auto& batch = std::get<Batch>(pending.what);
            if (batch.answers) batch.answers(std::vector<Value>());
        });
    }

    void refuse_all(Error error) {
        auto refused = std::exchange(pending_, {});
        for (Pending& pending : refused)
            guarded([&] { refuse(pending, error); });
    }

    /// A callback that throws is its owner's bug; it must not take the connection and the others
    /// with it.
    template <typename Call>
    static void guarded(Call call) {
        try {
            call();
        } catch (const std::exception& error) {
            log::error("a callback of a Redis command threw", {{"error", error.what()}});
        }
    }

    void on_up() override {}

    void on_value(Value value) override {
        if (pending_.empty()) {
            const std::string* word = value.if_error() ? &value.if_error()->message : nullptr;
            return connection_.give_up(describe(connection_.settings()) +
                                       (word ? " ended the connection: " + *word
                                             : " sent an answer that nobody asked for"));
        }
        Pending& oldest = pending_.front();
        if (auto* batch = std::get_if<Batch>(&oldest.what)) {
            batch->values.push_back(std::move(value));
            if (batch->values.size() < batch->expected) return;
        }
        Pending answered = std::move(oldest);
        pending_.pop_front();
        if (pending_.empty()) {
            connection_.keepalive().idle();
        } else {
            connection_.keepalive().next(pending_.front().block);
        }
        if (auto* batch = std::get_if<Batch>(&answered.what)) {
            if (batch->answers) guarded([&] { batch->answers(std::move(batch->values)); });
        } else if (auto& single = std::get<Single>(answered.what); single.answer) {
            guarded([&] { single.answer(std::move(value)); });
        }
    }

    void on_idle() override { send({"PING"}, {}); }

    void on_down() override { refuse_all(stopped_ ? Error::stopped : Error::disconnected); }

    void on_news(std::optional<std::string> down_because) override {
        if (!listener_ || stopped_) return;
        guarded([&] { listener_(std::move(down_because)); });
    }

    ConnectionListener listener_;
    std::deque<Pending> pending_;
    bool stopped_ = false;
    Connection connection_;
};

}  // namespace

std::unique_ptr<Client> Client::create(asio::any_io_executor executor, Settings settings) {
    return std::make_unique<ConnectedClient>(std::move(executor), std::move(settings));
}

asio::awaitable<Answer> Client::execute(Command command) {
    return runtime::await_callback<Answer>([this, command = std::move(command)](auto done) mutable {
        send(std::move(command), std::move(done));
    });
}

asio::awaitable<Answers> Client::execute_all(std::vector<Command> commands) {
    return runtime::await_callback<Answers>(
        [this, commands = std::move(commands)](auto done) mutable {
            send_all(std::move(commands), std::move(done));
        });
}

}  // namespace cockpit::redis

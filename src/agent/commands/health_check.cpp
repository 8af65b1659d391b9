#include "agent/commands/health_check.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "agent/commands/docker_rules.hpp"
#include "agent/commands/health_rules.hpp"

namespace cockpit::commands {
namespace asio = boost::asio;
using asio::ip::tcp;
using executor::Outcome;
using executor::StopReason;
using protocol::CommandState;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t largest_reply = 1024 * 1024;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// Kept alive by its coroutine; the Execution only asks and lets go.
struct Check : std::enable_shared_from_this<Check> {
    Check(const asio::any_io_executor& loop, const HealthCheckSettings& with, HealthOrder what,
          executor::CommandHandler::Done then)
        : settings(with),
          order(std::move(what)),
          resolver(loop),
          socket(loop),
          limit(loop),
          pause(loop),
          engine(create_docker_engine(loop, settings.docker_socket)),
          deadline(Clock::now() + order.deadline),
          done(std::move(then)) {}

    HealthCheckSettings settings;
    HealthOrder order;
    tcp::resolver resolver;
    tcp::socket socket;
    asio::steady_timer limit;  ///< of one try
    asio::steady_timer pause;  ///< between two
    std::unique_ptr<DockerEngine> engine;
    Clock::time_point deadline;
    executor::CommandHandler::Done done;
    std::optional<StopReason> reason;
    bool given_up = false;
    bool too_slow = false;  ///< this try

    void end_try() {
        resolver.cancel();
        boost::system::error_code ignored;
        socket.close(ignored);
    }
    void give_up() {
        given_up = true;
        end_try();
        engine->abort();
        limit.cancel();
        pause.cancel();
    }
};
using CheckPtr = std::shared_ptr<Check>;

HealthVerdict sick(std::string said) {
    return {false, std::move(said)};
}

asio::awaitable<boost::system::error_code> connect(CheckPtr check) {
    const auto port = std::to_string(check->order.port);
    const auto [unknown, found] =
        co_await check->resolver.async_resolve(check->order.host, port, as_result);
    if (unknown) co_return unknown;
    const auto [failed, there] = co_await asio::async_connect(check->socket, found, as_result);
    co_return failed;
}

asio::awaitable<HealthVerdict> ask_http(CheckPtr check) {
    const auto request =
        "GET " + check->order.target + " HTTP/1.1\r\nHost: " + check->order.authority +
        "\r\nUser-Agent: cockpit-agent\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    const auto [not_written, written] =
        co_await asio::async_write(check->socket, asio::buffer(request), as_result);
    if (not_written) co_return sick("the question could not be sent: " + not_written.message());
    std::string bytes;
    std::array<char, 8192> buffer;
    while (true) {
        const auto [error, size] =
            co_await check->socket.async_read_some(asio::buffer(buffer), as_result);
        const bool ended = error == asio::error::eof;
        if (error && !ended) co_return sick("the answer broke off: " + error.message());
        bytes.append(buffer.data(), size);
        const auto reply = parse_reply(bytes, ended);
        if (!reply) co_return sick("the answer is unreadable: " + reply.error());
        if (*reply) co_return judge(check->order, **reply);
        if (bytes.size() > largest_reply) co_return sick("the answer is longer than 1 MiB");
    }
}

asio::awaitable<HealthVerdict> ask(CheckPtr check) {
    using Kind = HealthOrder::Kind;
    if (check->order.kind == Kind::container) {
        const auto state = co_await check->engine->inspect(check->order.container);
        co_return state ? judge(*state) : sick(state.error());
    }
    const auto failed = co_await connect(check);
    const auto where = check->order.host + " port " + std::to_string(check->order.port);
    if (failed) co_return sick(where + ": " + failed.message());
    if (check->order.kind == Kind::tcp) co_return HealthVerdict{true, where + " takes connections"};
    co_return co_await ask_http(check);
}

asio::awaitable<HealthVerdict> try_once(CheckPtr check) {
    const auto now = Clock::now();
    const auto longest = std::min<Clock::duration>(check->settings.one_try, check->deadline - now);
    check->too_slow = false;
    check->limit.expires_after(longest);
    check->limit.async_wait([weak = std::weak_ptr(check)](boost::system::error_code cancelled) {
        const auto late = weak.lock();
        if (cancelled || !late) return;
        late->too_slow = true;
        late->end_try();
        late->engine->abort();
    });
    auto verdict = co_await ask(check);
    check->limit.cancel();
    check->end_try();
    if (check->too_slow) {
        const auto seconds = std::chrono::duration_cast<std::chrono::milliseconds>(longest).count();
        verdict = sick("no answer within " + std::to_string(seconds) + " ms");
        // One that was aborted answers nothing any more.
        check->engine =
            create_docker_engine(check->limit.get_executor(), check->settings.docker_socket);
    }
    co_return verdict;
}

asio::awaitable<Outcome> check_until_well(CheckPtr check) {
    std::string output;
    for (int number = 1;; ++number) {
        const auto verdict = co_await try_once(check);
        output += "try " + std::to_string(number) + ": " + verdict.said + "\n";
        const bool last = number > check->order.retries ||
                          Clock::now() + check->order.interval >= check->deadline;
        if (check->given_up || verdict.healthy || last) {
            Outcome outcome{.state = verdict.healthy ? CommandState::success : CommandState::error,
                            .output = std::move(output),
                            .error = std::nullopt,
                            .exit_code = std::nullopt};
            if (!verdict.healthy) {
                outcome.error = "not healthy after " + std::to_string(number) +
                                (number == 1 ? " try" : " tries") + ": " + verdict.said;
            }
            co_return outcome;
        }
        check->pause.expires_after(check->order.interval);
        co_await check->pause.async_wait(as_result);
        if (check->given_up) {
            co_return Outcome{.state = CommandState::error,
                              .output = std::move(output),
                              .error = "given up",
                              .exit_code = std::nullopt};
        }
    }
}

asio::awaitable<void> follow(CheckPtr check) {
    auto outcome = co_await check_until_well(check);
    if (check->reason) {
        const bool late = check->reason == StopReason::timeout;
        outcome.state = late ? CommandState::timeout : CommandState::cancelled;
        outcome.error = late ? "the health check did not end within its time limit"
                             : "the health check was cancelled";
    }
    if (auto done = std::exchange(check->done, nullptr)) done(std::move(outcome));
}

class HealthCheckExecution final : public executor::Execution {
  public:
    HealthCheckExecution(asio::any_io_executor loop, CheckPtr check)
        : loop_(std::move(loop)), check_(std::move(check)) {}
    HealthCheckExecution(const HealthCheckExecution&) = delete;
    HealthCheckExecution& operator=(const HealthCheckExecution&) = delete;
    ~HealthCheckExecution() override {
        check_->done = nullptr;
        check_->give_up();
    }
    void go() override {
        check_->deadline = Clock::now() + check_->order.deadline;
        asio::co_spawn(loop_, follow(check_), asio::detached);
    }
    void stop(StopReason reason) override {
        if (check_->reason || !check_->done) return;
        check_->reason = reason;
        check_->give_up();
    }

  private:
    asio::any_io_executor loop_;
    CheckPtr check_;
};

class HealthCheck final : public executor::CommandHandler {
  public:
    HealthCheck(asio::any_io_executor loop, protocol::CommandSchema schema,
                HealthCheckSettings settings)
        : loop_(std::move(loop)), schema_(std::move(schema)), settings_(std::move(settings)) {}

    const protocol::CommandSchema& schema() const override { return schema_; }

    std::expected<void, std::string> allows(const boost::json::object& params) const override {
        const auto order = health_order_of(params);
        if (!order) return std::unexpected(order.error());
        if (order->kind == HealthOrder::Kind::container) {
            return check_container("container", order->container, settings_.containers);
        }
        return check_health_hosts(*order, settings_.hosts);
    }

    // It changes nothing, so any number of them may run.
    std::optional<std::string> resource(const boost::json::object&) const override {
        return std::nullopt;
    }

    std::unique_ptr<executor::Execution> start(const executor::Task& task, Done done) override {
        // It was asked for permission with the same parameters.
        return std::make_unique<HealthCheckExecution>(
            loop_, std::make_shared<Check>(loop_, settings_, *health_order_of(task.params),
                                           std::move(done)));
    }

  private:
    asio::any_io_executor loop_;
    protocol::CommandSchema schema_;
    HealthCheckSettings settings_;
};

}  // namespace

std::unique_ptr<executor::CommandHandler> create_health_check(asio::any_io_executor loop,
                                                              protocol::CommandSchema schema,
                                                              HealthCheckSettings settings) {
    return std::make_unique<HealthCheck>(std::move(loop), std::move(schema), std::move(settings));
}

}  // namespace cockpit::commands

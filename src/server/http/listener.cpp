#include "server/http/listener.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>
#include <set>

#include "log/log.hpp"
#include "runtime/task_scope.hpp"
#include "server/http/session.hpp"

namespace cockpit::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// How many connections over the limit are told so at a time; more are closed without a word.
constexpr int max_turned_away = 64;
constexpr std::chrono::milliseconds pause_without_descriptors{100};
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

std::string random_prefix() {
    static constexpr char digits[] = "0123456789abcdef";
    std::random_device random;
    std::string prefix;
    for (int i = 0; i < 8; ++i)
        prefix += digits[random() & 15];
    return prefix + "-";
}

std::string with_port(const ListenerSettings& settings) {
    const bool v6 = settings.address.contains(':');
    return (v6 ? "[" + settings.address + "]" : settings.address) + ":" +
           std::to_string(settings.port);
}

class TcpListener final : public Listener {
  public:
    TcpListener(tcp::acceptor acceptor, ListenerSettings settings, Handler handler)
        : context_{.settings = std::move(settings),
                   .handler = std::move(handler),
                   .request_id_prefix = random_prefix()},
          acceptor_(std::move(acceptor)),
          port_(acceptor_.local_endpoint().port()),
          grace_(acceptor_.get_executor()),
          tasks_(acceptor_.get_executor()) {}

    void start() override { tasks_.spawn("http accept", accept_all()); }
    std::uint16_t port() const override { return port_; }
    asio::awaitable<void> stop(std::chrono::milliseconds grace) override;

  private:
    asio::awaitable<void> accept_all();
    void take(tcp::socket socket);
    asio::awaitable<void> run(std::shared_ptr<Session> session, int* counter, bool turn_away);

    SessionContext context_;
    tcp::acceptor acceptor_;
    std::uint16_t port_;
    std::set<Session*> sessions_;
    int serving_ = 0;
    int turning_away_ = 0;
    asio::steady_timer grace_;  // cancelled when the last session has ended
    runtime::TaskScope tasks_;
};

asio::awaitable<void> TcpListener::accept_all() {
    while (acceptor_.is_open()) {
        auto [failed, socket] = co_await acceptor_.async_accept(no_throw);
        if (!failed) {
            take(std::move(socket));
            continue;
        }
        if (failed == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
        // A client that left before it was accepted is its own affair; without descriptors, trying
        // again at once would only spin.
        if (failed == asio::error::connection_aborted) continue;
        log::warning("cannot accept a connection", {{"error", failed.message()}});
        asio::steady_timer pause(acceptor_.get_executor(), pause_without_descriptors);
        co_await pause.async_wait(no_throw);
    }
}

void TcpListener::take(tcp::socket socket) {
    const bool turn_away = serving_ >= context_.settings.max_connections;
    if (turn_away && turning_away_ >= max_turned_away) return;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto session = Session::create(std::move(socket), context_);
    sessions_.insert(session.get());
    int* counter = turn_away ? &turning_away_ : &serving_;
    ++*counter;
    tasks_.spawn("http connection", run(std::move(session), counter, turn_away));
}

asio::awaitable<void> TcpListener::run(std::shared_ptr<Session> session, int* counter,
                                       bool turn_away) {
    std::exception_ptr failure;
    try {
        if (turn_away) {
            co_await session->turn_away();
        } else {
            co_await session->serve();
        }
    } catch (...) {
        failure = std::current_exception();
    }
    session->close();
    sessions_.erase(session.get());
    --*counter;
    if (sessions_.empty() && context_.stopping) grace_.cancel();
    if (failure) std::rethrow_exception(failure);
}

asio::awaitable<void> TcpListener::stop(std::chrono::milliseconds grace) {
    context_.stopping = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (Session* session : sessions_)
        session->close_if_idle();
    if (!sessions_.empty()) {
        grace_.expires_after(grace);
        co_await grace_.async_wait(no_throw);
    }
    if (!sessions_.empty()) {
        log::warning("requests did not end in time and are cancelled",
                     {{"connections", sessions_.size()}});
    }
    // Closing comes first: a handler that ends because of the cancellation then finds nobody to
    // answer.
    for (Session* session : sessions_)
        session->close();
    co_await tasks_.stop();
}

}  // namespace

std::expected<std::unique_ptr<Listener>, std::string> Listener::create(
    asio::any_io_executor executor, ListenerSettings settings, Handler handler) {
    const auto refuse = [&](std::string_view why) {
        return std::unexpected("cannot listen on " + with_port(settings) + ": " + std::string(why));
    };
    error_code failed;
    const auto address = asio::ip::make_address(settings.address, failed);
    if (failed) return refuse("the address must be an IPv4 or IPv6 address, such as 127.0.0.1");
    const tcp::endpoint endpoint(address, settings.port);
    tcp::acceptor acceptor(executor);
    acceptor.open(endpoint.protocol(), failed);
    if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed) acceptor.bind(endpoint, failed);
    if (!failed) acceptor.listen(tcp::acceptor::max_listen_connections, failed);
    if (failed) return refuse(failed.message());
    return std::make_unique<TcpListener>(std::move(acceptor), std::move(settings),
                                         std::move(handler));
}

}  // namespace cockpit::http

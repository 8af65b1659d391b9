#include "test_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>
#include <boost/system/system_error.hpp>
#include <cctype>
#include <stdexcept>

namespace cockpit::http::test {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds patience{30};

}  // namespace

asio::awaitable<void> Gate::pass() {
    count(waiting_);
    if (!is_open_) co_await opened_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (is_open_) {
        count(passed_);
        co_return;
    }
    count(cancelled_);
    throw boost::system::system_error(asio::error::operation_aborted);
}

void Gate::open() {
    asio::post(io_, [this] {
        is_open_ = true;
        opened_.cancel();
    });
}

void Gate::count(int& counter) {
    const std::lock_guard lock(mutex_);
    ++counter;
    changed_.notify_all();
}

void Gate::await(const int& counter, int wanted) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return counter >= wanted; })) {
        throw std::runtime_error("the gate saw too few requests");
    }
}

void Gate::await_waiting(int wanted) {
    await(waiting_, wanted);
}
void Gate::await_passed(int wanted) {
    await(passed_, wanted);
}
void Gate::await_cancelled(int wanted) {
    await(cancelled_, wanted);
}

ListenerSettings patient_settings() {
    ListenerSettings settings;
    settings.port = 0;
    settings.header_timeout = settings.body_timeout = settings.write_timeout =
        settings.idle_timeout = std::chrono::minutes(5);
    return settings;
}

TestServer::TestServer(ListenerSettings settings) : work_(asio::make_work_guard(io_)), gate_(io_) {
    auto created = Listener::create(io_.get_executor(), std::move(settings),
                                    [this](const Request& request) { return answer(request); });
    if (!created) throw std::runtime_error(created.error());
    listener_ = *std::move(created);
    listener_->start();
    thread_ = std::thread([this] { io_.run(); });
}

TestServer::~TestServer() {
    stop(std::chrono::milliseconds(0)).get();
    work_.reset();
    thread_.join();
}

std::future<void> TestServer::stop(std::chrono::milliseconds grace) {
    return asio::co_spawn(io_, listener_->stop(grace), asio::use_future);
}

namespace {

class ThreePieces final : public BodyStream {
  public:
    explicit ThreePieces(Gate& gate) : gate_(gate) {}
    boost::asio::awaitable<std::optional<std::string>> next() override {
        switch (++asked_) {
            case 1:
                co_return "one";
            case 2:
                co_await gate_.pass();
                co_return "two";
            case 3:
                co_return "three";
            default:
                co_return std::nullopt;
        }
    }

  private:
    Gate& gate_;
    int asked_ = 0;
};

class Endless final : public BodyStream {
  public:
    explicit Endless(std::atomic<int>* pieces) : pieces_(pieces) {}
    boost::asio::awaitable<std::optional<std::string>> next() override {
        if (++*pieces_ >= 1000) throw std::runtime_error("enough");
        co_return std::string(64 * 1024, 'x');
    }

  private:
    std::atomic<int>* pieces_;
};

}  // namespace

asio::awaitable<Response> TestServer::answer(const Request& request) {
    ++handled_;
    if (request.path == "/throw") throw std::runtime_error("password=hunter2");
    if (request.path == "/throw-number") throw 42;
    if (request.path == "/bad-header") {
        co_return Response{.headers = {{"Location", "/x\r\nSet-Cookie: evil=1"}}};
    }
    if (request.path == "/none") co_return Response{.status = 204};
    if (request.path == "/wait") co_await gate_.pass();
    if (request.path == "/stream") {
        co_return Response{.content_type = "text/plain",
                           .stream = std::make_shared<ThreePieces>(gate_)};
    }
    if (request.path == "/endless") {
        co_return Response{.stream = std::make_shared<Endless>(&endless_pieces_)};
    }
    if (request.path == "/big") co_return Response{.body = std::string(64 << 20, 'x')};
    if (request.path == "/echo") co_return Response{.body = request.body};
    std::string text = request.method + " " + request.path;
    for (const auto& [name, value] : request.query)
        text += " " + name + "=" + value;
    for (const std::string_view name : {"authorization", "cookie", "x-twice"}) {
        if (const auto value = request.header(name)) text += " " + std::string(*value);
    }
    text += " from " + request.peer_address + " id " + request.id;
    co_return Response{.content_type = "text/plain", .body = text};
}

std::string Answer::detail() const {
    const auto document = boost::json::parse(body).as_object();
    if (document.at("status").as_int64() != status) return "status in body differs";
    if (headers.at("content-type") != "application/problem+json") return "not a problem document";
    return std::string(document.at("detail").as_string());
}

Client::Client(const TestServer& server) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        close();
        throw std::runtime_error("cannot connect");
    }
}

Client::~Client() {
    close();
}

void Client::close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
}

bool Client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void Client::finish_sending() {
    ::shutdown(socket_, SHUT_WR);
}

bool Client::fill() {
    char bytes[65536];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        throw std::runtime_error("nothing came from the server in time");
    }
    if (count > 0) received_.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
}

Answer Client::receive(bool without_body) {
    const auto must_fill = [&] {
        if (!fill()) throw std::runtime_error("the connection ended within: " + received_);
    };
    while (!received_.contains("\r\n\r\n"))
        must_fill();
    const auto head_end = received_.find("\r\n\r\n") + 4;
    std::string_view head(received_.data(), head_end - 2);
    Answer answer;
    answer.status = std::stoi(std::string(head.substr(9, 3)));
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.empty()) {
        const auto line = head.substr(0, head.find("\r\n"));
        head.remove_prefix(line.size() + 2);
        const auto colon = line.find(": ");
        std::string name(line.substr(0, colon));
        for (char& c : name)
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        answer.headers[name] = line.substr(colon + 2);
    }
    received_.erase(0, head_end);
    if (answer.headers.contains("transfer-encoding")) {
        // As it came: what the chunks look like is what its tests are about.
        static constexpr std::string_view last = "0\r\n\r\n";
        while (!received_.contains(last))
            must_fill();
        const auto end = received_.find(last) + last.size();
        answer.body = received_.substr(0, end);
        received_.erase(0, end);
        return answer;
    }
    if (without_body || !answer.headers.contains("content-length")) return answer;
    const auto length = std::stoull(answer.headers["content-length"]);
    while (received_.size() < length)
        must_fill();
    answer.body = received_.substr(0, length);
    received_.erase(0, length);
    return answer;
}

Answer Client::exchange(std::string_view bytes) {
    send(bytes);
    return receive();
}

std::string Client::receive_rest() {
    while (fill()) {
    }
    return std::exchange(received_, {});
}

bool Client::is_readable_within(std::chrono::milliseconds time) {
    pollfd watched{.fd = socket_, .events = POLLIN};
    return ::poll(&watched, 1, static_cast<int>(time.count())) > 0;
}

std::string get(std::string_view path, std::string_view fields) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(fields) +
           "\r\n";
}

std::string post(std::string_view path, std::string_view body) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

}  // namespace cockpit::http::test

#pragma once
// A real listener on a port of the system's choice, run by a thread of its own, with a handler that
// tests steer, and a client that speaks raw bytes. Every wait has a bound, after which it throws.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "server/http/listener.hpp"

namespace cockpit::http::test {

/// Where requests to /wait stand until the test opens it.
class Gate {
  public:
    explicit Gate(boost::asio::io_context& io)
        : io_(io), opened_(io, boost::asio::steady_timer::time_point::max()) {}

    boost::asio::awaitable<void> pass();
    void open();
    void await_waiting(int count);
    void await_passed(int count);
    void await_cancelled(int count);

  private:
    void await(const int& counter, int count);
    void count(int& counter);

    boost::asio::io_context& io_;
    boost::asio::steady_timer opened_;
    bool is_open_ = false;  // I/O thread
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    int passed_ = 0;
    int cancelled_ = 0;
};

/// Short timeouts are what a test asks for; these never pass during one.
ListenerSettings patient_settings();

/// Answers: /stream with "one", and after the gate "two" and "three"; /endless with pieces of 64
/// KiB without end, the 1000th of which throws; /echo with the body; /wait after the gate; /throw
/// and /bad-header with mistakes of a handler; /big with 64 MiB; anything else with "METHOD path"
/// and what query and headers it saw.
class TestServer {
  public:
    explicit TestServer(ListenerSettings settings = patient_settings());
    ~TestServer();

    std::uint16_t port() const { return listener_->port(); }
    Gate& gate() { return gate_; }
    int handled() const { return handled_; }
    int endless_pieces() const { return endless_pieces_; }
    std::future<void> stop(std::chrono::milliseconds grace);

  private:
    boost::asio::awaitable<Response> answer(const Request& request);

    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    Gate gate_;
    std::atomic<int> handled_ = 0;
    std::atomic<int> endless_pieces_ = 0;
    std::unique_ptr<Listener> listener_;
    std::thread thread_;
};

struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
    std::string detail() const;  ///< of a problem document
};

class Client {
  public:
    explicit Client(const TestServer& server);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// False when the server has closed the connection.
    bool send(std::string_view bytes);
    void finish_sending();
    /// The next answer. Throws when the connection ends before it is whole.
    Answer receive(bool without_body = false);
    Answer exchange(std::string_view bytes);
    /// What still comes until the server ends the connection.
    std::string receive_rest();
    /// Whether something (bytes or the end) can be read within the time.
    bool is_readable_within(std::chrono::milliseconds time);
    void close();

  private:
    bool fill();
    int socket_;
    std::string received_;
};

/// "GET path HTTP/1.1" with a Host and `fields`, each with its line end.
std::string get(std::string_view path, std::string_view fields = "");
std::string post(std::string_view path, std::string_view body);

}  // namespace cockpit::http::test

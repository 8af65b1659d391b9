// One request after the other over one kept connection, with a blocking socket, so that what is
// measured is the server. The request comes from standard input as it goes to the wire; each answer
// must be a 200 and, with
// --expect=TEXT, contain TEXT.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <iostream>
#include <iterator>

#include "bench/samples.hpp"

namespace {

class Connection {
  public:
    explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
        }
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { ::close(socket_); }

    /// The whole answer, head and body; valid until the next call.
    const std::string& ask(const std::string& request) {
        for (std::size_t sent = 0; sent < request.size();) {
            const auto n =
                ::send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) throw std::runtime_error("the server closed the connection");
            sent += static_cast<std::size_t>(n);
        }
        answer_.clear();
        std::size_t wanted = std::string::npos;
        while (answer_.size() < wanted) {
            char block[16 * 1024];
            const auto n = ::recv(socket_, block, sizeof block, 0);
            if (n <= 0) throw std::runtime_error("the server closed the connection");
            answer_.append(block, static_cast<std::size_t>(n));
            if (wanted == std::string::npos) wanted = whole_size();
        }
        return answer_;
    }

  private:
    std::size_t whole_size() const {
        const auto end = answer_.find("\r\n\r\n");
        if (end == std::string::npos) return std::string::npos;
        constexpr std::string_view key = "\r\nContent-Length: ";
        const auto at = answer_.find(key);
        std::size_t length = 0;
        if (at >= end ||
            std::from_chars(answer_.data() + at + key.size(), answer_.data() + end, length).ec !=
                std::errc()) {
            throw std::runtime_error("an answer without Content-Length: " + answer_.substr(0, end));
        }
        return end + 4 + length;
    }

    int socket_;
    std::string answer_;
};

}  // namespace

int main(int count, char** words) {
    using namespace cockpit;
    return bench::run("http_round_trips", [&] {
        const std::string request{std::istreambuf_iterator<char>(std::cin), {}};
        const auto expected = bench::argument(count, words, "expect");
        Connection connection(bench::number(count, words, "port"));
        bench::measure(count, words, [&] {
            const auto& answer = connection.ask(request);
            if (!answer.starts_with("HTTP/1.1 200") || answer.find(expected) == std::string::npos) {
                throw std::runtime_error("an unexpected answer: " + answer);
            }
        });
    });
}

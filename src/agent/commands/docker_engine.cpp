#include "agent/commands/docker_engine.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <optional>

#include "agent/commands/http_reply.hpp"

namespace cockpit::commands {
namespace asio = boost::asio;
namespace json = boost::json;
using asio::local::stream_protocol;

namespace {

constexpr std::size_t largest_reply = 4 * 1024 * 1024;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

template <typename Value>
Value field(const json::object& object, std::string_view name, Value otherwise) {
    const auto* value = object.if_contains(name);
    if (value == nullptr) return otherwise;
    auto read = json::try_value_to<Value>(*value);
    return read ? *read : otherwise;
}

std::optional<json::object> json_object(std::string_view text) {
    boost::system::error_code error;
    auto value = json::parse(text, error);
    if (error || !value.is_object()) return std::nullopt;
    return value.as_object();
}

// "none" is told of containers whose image has a check that was switched off.
std::string health_of(const json::object& state) {
    const auto* health = state.if_contains("Health");
    if (health == nullptr || !health->is_object()) return {};
    auto status = field(health->get_object(), "Status", std::string());
    return status == "none" ? std::string() : status;
}

bool is_version(std::string_view text) {
    return !text.empty() && text.size() < 16 && text.find('.') != std::string_view::npos &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

class EngineOnSocket final : public DockerEngine {
  public:
    EngineOnSocket(asio::any_io_executor loop, std::filesystem::path path)
        : path_(std::move(path)), socket_(std::move(loop)) {}

    asio::awaitable<std::expected<ContainerState, std::string>> inspect(std::string name) override {
        const std::string target = "/containers/" + percent_encode(name) + "/json";
        const auto reply = co_await ask("GET", target);
        if (!reply) co_return std::unexpected(reply.error());
        if (reply->status != 200) co_return std::unexpected(refusal(*reply, name));
        const auto container = json_object(reply->body);
        const auto* state = container ? container->if_contains("State") : nullptr;
        if (state == nullptr || !state->is_object()) {
            co_return std::unexpected("the Docker engine's answer about container '" + name +
                                      "' has no state");
        }
        const auto& object = state->get_object();
        co_return ContainerState{.running = field(object, "Running", false),
                                 .restarting = field(object, "Restarting", false),
                                 .exit_code = field(object, "ExitCode", 0),
                                 .restart_count = field(*container, "RestartCount", 0),
                                 .started_at = field(object, "StartedAt", std::string()),
                                 .error = field(object, "Error", std::string()),
                                 .health = health_of(object)};
    }

    asio::awaitable<std::expected<void, std::string>> restart(std::string name,
                                                              int stop_seconds) override {
        const std::string target =
            "/containers/" + percent_encode(name) + "/restart?t=" + std::to_string(stop_seconds);
        const auto reply = co_await ask("POST", target);
        if (!reply) co_return std::unexpected(reply.error());
        if (reply->status != 204) co_return std::unexpected(refusal(*reply, name));
        co_return std::expected<void, std::string>();
    }

    void abort() override {
        aborted_ = true;
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

  private:
    using Reply = std::expected<HttpReply, std::string>;

    asio::awaitable<Reply> ask(std::string method, std::string target) {
        if (!version_) {
            auto ping = co_await exchange("GET", "/_ping");
            if (!ping) co_return ping;
            const auto header = ping->headers.find("api-version");
            const bool known = header != ping->headers.end() && is_version(header->second);
            version_ = known ? "/v" + header->second : std::string();
        }
        std::string full_target = *version_ + target;
        co_return co_await exchange(std::move(method), std::move(full_target));
    }

    asio::awaitable<Reply> exchange(std::string method, std::string target) {
        auto reply = co_await exchange_on_socket(std::move(method), std::move(target));
        boost::system::error_code ignored;
        socket_.close(ignored);
        if (aborted_) co_return std::unexpected("the question to the Docker engine was given up");
        co_return reply;
    }

    asio::awaitable<Reply> exchange_on_socket(std::string method, std::string target) {
        // A sockaddr_un holds 107 characters; Asio would throw.
        if (aborted_ || path_.native().size() > 107) {
            co_return std::unexpected("the Docker engine's socket path '" + path_.string() +
                                      "' is longer than the 107 characters a socket may have: set "
                                      "DOCKER_SOCKET to a shorter one");
        }
        const stream_protocol::endpoint endpoint(path_.string());
        const auto [no_connection] = co_await socket_.async_connect(endpoint, as_result);
        if (no_connection) co_return std::unexpected(connect_error(no_connection));
        if (aborted_) co_return std::unexpected("aborted");

        const std::string request = method + " " + target +
                                    " HTTP/1.1\r\nHost: docker\r\nUser-Agent: cockpit-agent\r\n"
                                    "Connection: close\r\nContent-Length: 0\r\n\r\n";
        const auto [not_written, written] =
            co_await asio::async_write(socket_, asio::buffer(request), as_result);
        if (not_written) co_return std::unexpected(lost(not_written));

        std::string bytes;
        std::array<char, 16384> buffer;
        while (true) {
            const auto [error, size] =
                co_await socket_.async_read_some(asio::buffer(buffer), as_result);
            const bool ended = error == asio::error::eof;
            if (error && !ended) co_return std::unexpected(lost(error));
            bytes.append(buffer.data(), size);
            if (bytes.size() > largest_reply) {
                co_return std::unexpected("the Docker engine's answer is longer than 4 MiB");
            }
            auto reply = parse_reply(bytes, ended);
            if (!reply) {
                co_return std::unexpected("the Docker engine's answer at '" + path_.string() +
                                          "' is unreadable: " + reply.error());
            }
            if (*reply) co_return std::move(**reply);
        }
    }

    std::string connect_error(boost::system::error_code error) const {
        const std::string socket = "the Docker engine's socket '" + path_.string() + "'";
        if (error == boost::system::errc::no_such_file_or_directory) {
            return socket + " does not exist: start the engine, or set DOCKER_SOCKET to its socket";
        }
        if (error == boost::system::errc::permission_denied) {
            return "this agent's user may not use " + socket +
                   ": add the user to the group 'docker', or set DOCKER_SOCKET to a socket it may "
                   "use";
        }
        if (error == boost::system::errc::connection_refused) {
            return "nobody listens at " + socket +
                   ": start the engine, or set DOCKER_SOCKET to its socket";
        }
        return socket + " cannot be used: " + error.message();
    }

    std::string lost(boost::system::error_code error) const {
        return "the connection to the Docker engine at '" + path_.string() +
               "' was lost before it answered: " + error.message();
    }

    static std::string refusal(const HttpReply& reply, const std::string& name) {
        if (reply.status == 404) return "the Docker engine has no container '" + name + "'";
        const auto object = json_object(reply.body);
        const auto message = object ? field(*object, "message", std::string()) : std::string();
        return "the Docker engine refused (status " + std::to_string(reply.status) + ")" +
               (message.empty() ? "" : ": " + message);
    }

    std::filesystem::path path_;
    stream_protocol::socket socket_;
    std::optional<std::string> version_;  // "/v1.41"; empty where the engine does not say
    bool aborted_ = false;
};

}  // namespace

std::unique_ptr<DockerEngine> create_docker_engine(asio::any_io_executor loop,
                                                   std::filesystem::path socket) {
    return std::make_unique<EngineOnSocket>(std::move(loop), std::move(socket));
}

}  // namespace cockpit::commands

#include "server/http/session.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <optional>

#include "log/log.hpp"
#include "server/http/request_intake.hpp"

namespace cockpit::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Parser = beast::http::request_parser<beast::http::string_body>;

constexpr std::size_t read_chunk_bytes = 16 * 1024;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

// What ends the reading of a request: an answer, or nobody left to answer.
struct Refusal {
    std::optional<Response> answer;
};

Refusal refuse(int status, std::string_view detail) {
    return {problem(status, detail)};
}

struct Produced {
    std::optional<std::string> piece;
    std::exception_ptr failure;
};

// What it throws is caught here, for the operator || would go on waiting for the other side.
asio::awaitable<Produced> produce(BodyStream& stream) {
    Produced produced;
    try {
        produced.piece = co_await stream.next();
    } catch (...) {
        produced.failure = std::current_exception();
    }
    co_return produced;
}

class BeastSession final : public Session, public std::enable_shared_from_this<BeastSession> {
  public:
    BeastSession(asio::ip::tcp::socket socket, SessionContext& context)
        : context_(context), socket_(std::move(socket)), watchdog_(socket_.get_executor()) {
        const auto& s = context.settings;
        watch_interval_ = std::min(
            {s.header_timeout, s.body_timeout, s.write_timeout, s.idle_timeout, s.linger_timeout});
        error_code ignored;
        request_.peer_address = socket_.remote_endpoint(ignored).address().to_string();
    }

    asio::awaitable<void> serve() override;
    asio::awaitable<void> turn_away() override;

    void close_if_idle() override {
        if (idle_ || streaming_) close();
    }
    void close() override {
        error_code ignored;
        socket_.close(ignored);
        watchdog_.cancel();
    }

  private:
    void set_deadline(std::chrono::milliseconds from_now) {
        deadline_ = Clock::now() + from_now;
        timed_out_ = false;
        if (!watching_) watch();
    }
    void clear_deadline() { deadline_ = Clock::time_point::max(); }
    void watch();

    asio::awaitable<std::optional<Refusal>> read_request();
    asio::awaitable<std::optional<Refusal>> read_until_header();
    asio::awaitable<std::optional<Refusal>> read_until_body();
    asio::awaitable<std::optional<Refusal>> read_some(std::string_view late);
    std::optional<Refusal> parse_some();
    std::optional<Refusal> take_header();

    asio::awaitable<Response> handle();
    asio::awaitable<bool> write(const Response& response, bool keep_alive);
    asio::awaitable<bool> write_stream(BodyStream& stream, Framing framing);
    asio::awaitable<bool> write_piece(std::string_view bytes, Framing framing);
    asio::awaitable<std::optional<std::string>> next_piece(BodyStream& stream);
    asio::awaitable<void> client_leaves();
    asio::awaitable<void> linger();
    void name_request(std::string_view offered);

    SessionContext& context_;
    asio::ip::tcp::socket socket_;
    beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    Request request_;
    std::string head_;

    // One timer per connection that wakes at least as often as the shortest timeout, so that moving
    // the deadline, which every request does several times, is an assignment.
    asio::steady_timer watchdog_;
    std::chrono::milliseconds watch_interval_{};
    Clock::time_point deadline_ = Clock::time_point::max();
    bool watching_ = false;
    bool timed_out_ = false;
    bool idle_ = false;
    bool streaming_ = false;
    bool client_left_ = false;
};

void BeastSession::watch() {
    watching_ = true;
    watchdog_.expires_at(std::min(deadline_, Clock::now() + watch_interval_));
    watchdog_.async_wait([weak = weak_from_this()](const error_code& cancelled) {
        const auto self = weak.lock();
        if (!self) return;
        self->watching_ = false;
        if (cancelled || !self->socket_.is_open()) return;
        if (Clock::now() >= self->deadline_) {
            self->timed_out_ = true;
            self->clear_deadline();
            error_code ignored;
            self->socket_.cancel(ignored);
        }
        self->watch();
    });
}

asio::awaitable<void> BeastSession::serve() {
    bool keep_alive = true;
    for (bool first = true; keep_alive && !context_.stopping; first = false) {
        request_.id.clear();
        request_.method.clear();
        if (buffer_.size() == 0) {
            set_deadline(first ? context_.settings.header_timeout : context_.settings.idle_timeout);
            idle_ = true;
            auto ended = co_await read_some("");
            idle_ = false;
            if (ended) break;
        }
        // The first request's time runs from accept, so its deadline stays.
        if (!first) set_deadline(context_.settings.header_timeout);
        if (auto refusal = co_await read_request()) {
            if (request_.id.empty()) name_request("");
            if (!refusal->answer) break;
            if (co_await write(*refusal->answer, false)) co_await linger();
            break;
        }
        clear_deadline();
        keep_alive = parser_->keep_alive();
        const auto response = co_await handle();
        keep_alive = keep_alive && !context_.stopping;
        if (response.stream && parser_->get().version() < 11) keep_alive = false;
        if (!co_await write(response, keep_alive)) break;
        if (!keep_alive) co_await linger();
    }
    close();
}

asio::awaitable<void> BeastSession::turn_away() {
    name_request("");
    auto response = problem(503, "the server has as many connections as it takes (" +
                                     std::to_string(context_.settings.max_connections) +
                                     "): try again in a moment");
    response.headers.emplace_back("Retry-After", "1");
    if (co_await write(response, false)) co_await linger();
    close();
}

asio::awaitable<std::optional<Refusal>> BeastSession::read_request() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(context_.settings.max_header_bytes));
    parser_->body_limit(context_.settings.max_body_bytes);
    if (auto refusal = co_await read_until_header()) co_return refusal;
    if (auto refusal = take_header()) co_return refusal;
    if (auto refusal = co_await read_until_body()) co_return refusal;
    request_.body = std::move(parser_->get().body());
    co_return std::nullopt;
}

asio::awaitable<std::optional<Refusal>> BeastSession::read_until_header() {
    static constexpr std::string_view late = "the header of the request did not come in time";
    for (;;) {
        if (auto refusal = parse_some()) co_return refusal;
        if (parser_->is_header_done()) co_return std::nullopt;
        if (auto refusal = co_await read_some(late)) co_return refusal;
    }
}

asio::awaitable<std::optional<Refusal>> BeastSession::read_until_body() {
    static constexpr std::string_view late = "the body of the request did not come in time";
    if (parser_->is_done()) co_return std::nullopt;
    set_deadline(context_.settings.body_timeout);
    const auto& message = parser_->get();
    if (const auto expect = message[beast::http::field::expect];
        message.version() >= 11 && !expect.empty()) {
        if (!beast::iequals(expect, "100-continue")) {
            co_return refuse(417, "the only expectation this server meets is 100-continue");
        }
        if (buffer_.size() == 0) {
            static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            const auto [failed, sent] =
                co_await asio::async_write(socket_, asio::buffer(go_on), no_throw);
            if (failed) co_return Refusal{};
        }
    }
    parser_->eager(true);
    while (!parser_->is_done()) {
        if (auto refusal = parse_some()) co_return refusal;
        if (parser_->is_done()) break;
        if (auto refusal = co_await read_some(late)) co_return refusal;
    }
    co_return std::nullopt;
}

// `late` is the sentence for a client that was too slow; empty: nobody is told.
asio::awaitable<std::optional<Refusal>> BeastSession::read_some(std::string_view late) {
    const auto [failed, count] =
        co_await socket_.async_read_some(buffer_.prepare(read_chunk_bytes), no_throw);
    buffer_.commit(count);
    if (!failed) co_return std::nullopt;
    if (timed_out_ && !late.empty()) co_return refuse(408, late);
    if (failed == asio::error::eof && !late.empty()) {
        // A client may have closed its sending side only, and still listen.
        co_return refuse(400, "the request ended in the middle");
    }
    co_return Refusal{};
}

std::optional<Refusal> BeastSession::parse_some() {
    while (buffer_.size() != 0 && !parser_->is_done()) {
        const bool header_was_done = parser_->is_header_done();
        error_code failed;
        const auto used = parser_->put(buffer_.cdata(), failed);
        buffer_.consume(used);
        if (failed == beast::http::error::need_more) break;
        if (failed) return Refusal{malformed(failed, context_.settings)};
        if (!header_was_done && parser_->is_header_done()) return std::nullopt;
    }
    // Only the header and the size line of a chunk wait in the buffer until they are whole.
    if (!parser_->is_done() &&
        buffer_.size() > context_.settings.max_header_bytes + read_chunk_bytes) {
        return refuse(431, "a line of the request is too long");
    }
    return std::nullopt;
}

// Copies what the endpoints see. Done before the body is read, so that trailers, which come after
// it and are in nobody's limits of trust, never pass for header fields.
std::optional<Refusal> BeastSession::take_header() {
    const auto& message = parser_->get();
    request_.headers.clear();
    request_.body.clear();
    for (const auto& entry : message) {
        add_header(request_, std::string_view(entry.name_string()),
                   std::string_view(entry.value()));
    }
    name_request(request_.header("x-request-id").value_or(""));
    auto answer = take_request_line(request_,
                                    {.method = std::string_view(message.method_string()),
                                     .target = std::string_view(message.target()),
                                     .version = message.version()},
                                    message.count(beast::http::field::host));
    if (answer) return Refusal{std::move(answer)};
    return std::nullopt;
}

void BeastSession::name_request(std::string_view offered) {
    if (is_sane_request_id(offered)) {
        request_.id = offered;
    } else {
        request_.id = context_.request_id_prefix + std::to_string(++context_.requests_named);
    }
}

asio::awaitable<Response> BeastSession::handle() {
    std::string reason;
    try {
        auto response = co_await context_.handler(request_);
        if (is_well_formed(response)) co_return response;
        reason = "the answer has an impossible status or a header that cannot be written";
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted && !socket_.is_open()) throw;
        reason = error.what();
    } catch (const std::exception& error) {
        reason = error.what();
    } catch (...) {
        reason = "an exception of unknown type";
    }
    log::error("a request failed", {{"request_id", request_.id},
                                    {"method", request_.method},
                                    {"path", request_.path},
                                    {"error", reason}});
    co_return problem(
        500, "the server failed to answer this request; its log says why, under request id " +
                 request_.id);
}

// Whether all of the answer was given to the system.
asio::awaitable<bool> BeastSession::write(const Response& response, bool keep_alive) {
    auto connection = keep_alive ? ConnectionHeader::none : ConnectionHeader::close;
    if (keep_alive && parser_->get().version() < 11) connection = ConnectionHeader::keep_alive;
    auto framing = Framing::length;
    if (response.stream) framing = keep_alive ? Framing::chunked : Framing::until_close;
    if (framing == Framing::until_close && parser_->get().version() >= 11) {
        framing = Framing::chunked;  // so that the client can tell an end from a cut
    }
    head_.clear();
    append_head(head_, response, request_.id, context_.date.now(), connection, framing);
    const bool bare = request_.method == "HEAD" || !has_body(response.status);
    const std::array<asio::const_buffer, 2> parts{
        asio::buffer(head_), bare ? asio::const_buffer() : asio::buffer(response.body)};
    set_deadline(context_.settings.write_timeout +
                 std::chrono::seconds(response.body.size() /
                                      context_.settings.slowest_write_bytes_per_second));
    const auto [failed, sent] = co_await asio::async_write(socket_, parts, no_throw);
    clear_deadline();
    if (failed || bare || !response.stream) co_return !failed;
    co_return co_await write_stream(*response.stream, framing);
}

asio::awaitable<bool> BeastSession::write_stream(BodyStream& stream, Framing framing) {
    bool whole = false;
    streaming_ = true;
    try {
        while (socket_.is_open() && !context_.stopping) {
            auto piece = co_await next_piece(stream);
            whole = !piece && !client_left_;
            if (!piece || !co_await write_piece(*piece, framing)) break;
        }
    } catch (const std::exception& error) {
        // The head is gone, so the only way to tell is to cut the connection.
        if (socket_.is_open()) {
            log::error(
                "a streamed answer failed",
                {{"request_id", request_.id}, {"path", request_.path}, {"error", error.what()}});
        }
    }
    streaming_ = false;
    if (!whole) co_return false;
    co_return framing != Framing::chunked || co_await write_piece("", framing);
}

// An empty piece is the last one.
asio::awaitable<bool> BeastSession::write_piece(std::string_view bytes, Framing framing) {
    static constexpr std::string_view line_end = "\r\n";
    std::string size;
    if (framing == Framing::chunked) append_chunk_size(size, bytes.size());
    const std::array<asio::const_buffer, 3> parts{
        asio::buffer(size), asio::buffer(bytes),
        asio::buffer(framing == Framing::chunked ? line_end : std::string_view())};
    set_deadline(
        context_.settings.write_timeout +
        std::chrono::seconds(bytes.size() / context_.settings.slowest_write_bytes_per_second));
    const auto [failed, sent] = co_await asio::async_write(socket_, parts, no_throw);
    clear_deadline();
    co_return !failed;
}

// Nothing at the end of the stream, and when the client has left.
asio::awaitable<std::optional<std::string>> BeastSession::next_piece(BodyStream& stream) {
    using namespace asio::experimental::awaitable_operators;
    auto first = co_await (produce(stream) || client_leaves());
    client_left_ = first.index() == 1;
    if (client_left_) co_return std::nullopt;
    auto produced = std::get<0>(std::move(first));
    if (produced.failure) std::rethrow_exception(produced.failure);
    co_return std::move(produced.piece);
}

// What a client sends while it listens is kept for later, as far as there is room.
asio::awaitable<void> BeastSession::client_leaves() {
    for (;;) {
        const auto room = buffer_.size() < read_chunk_bytes;
        if (!room) {
            asio::steady_timer for_ever(socket_.get_executor(),
                                        asio::steady_timer::time_point::max());
            co_await for_ever.async_wait(no_throw);
            co_return;
        }
        const auto [failed, count] =
            co_await socket_.async_read_some(buffer_.prepare(read_chunk_bytes), no_throw);
        buffer_.commit(count);
        if (failed) co_return;
    }
}

// Reads and drops what a client still sends, for a short time: closing a socket with unread bytes
// in it makes the system reset the connection, and the client loses the answer.
asio::awaitable<void> BeastSession::linger() {
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    if (context_.stopping) co_return;
    set_deadline(context_.settings.linger_timeout);
    buffer_.clear();
    for (;;) {
        const auto [failed, count] =
            co_await socket_.async_read_some(buffer_.prepare(read_chunk_bytes), no_throw);
        // A client that never pauses gives the timer's cancellation nothing to cancel.
        if (failed || Clock::now() >= deadline_ || timed_out_) co_return;
    }
}

}  // namespace

std::shared_ptr<Session> Session::create(asio::ip::tcp::socket socket, SessionContext& context) {
    return std::make_shared<BeastSession>(std::move(socket), context);
}

}  // namespace cockpit::http

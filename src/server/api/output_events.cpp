#include "server/api/output_events.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <charconv>
#include <stdexcept>

#include "crypto/encoding.hpp"

namespace cockpit::api {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

using namespace std::chrono_literals;

constexpr int pieces_at_once = 2;
// Announcements may get lost; looking is cheap.
constexpr auto look_again = 1s;
constexpr auto keep_alive = 15s;
// How long after the end bytes that the host still sends are waited for.
constexpr std::int64_t wait_for_rest_ms = 60'000;
// Of the row's text, so that an event stays of the size of a piece.
constexpr std::size_t text_per_event = 64 * 1024;

template <typename Number>
bool read_number(std::string_view text, Number& number) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc() && end == text.data() + text.size() && number >= 0;
}

class OutputEvents final : public http::BodyStream {
  public:
    OutputEvents(const asio::any_io_executor& io, const OutputPorts& ports, protocol::CommandId id,
                 OutputPosition from, bool attempt_was_given, std::shared_ptr<void> occupied)
        : ports_(ports),
          id_(std::move(id)),
          at_(from),
          one_attempt_(attempt_was_given),
          occupied_(std::move(occupied)),
          woken_(io),
          watch_(ports.log.watch(id_, [this] {
              news_ = true;
              woken_.cancel();
          })) {}

    asio::awaitable<std::optional<std::string>> next() override {
        std::string events;
        if (std::exchange(first_, false)) events = "retry: 1000\n\n";
        while (!over_) {
            news_ = false;
            co_await look(events);
            if (!events.empty()) {
                quiet_since_ = std::chrono::steady_clock::now();
                co_return events;
            }
            co_await wait();
            if (std::chrono::steady_clock::now() - quiet_since_ >= keep_alive) {
                events = ": keep-alive\n\n";
            }
        }
        co_return std::nullopt;
    }

  private:
    asio::awaitable<void> wait() {
        if (news_) co_return;
        woken_.expires_after(look_again);
        co_await woken_.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
    }

    asio::awaitable<void> look(std::string& events) {
        auto current = co_await find_output(ports_, id_, std::nullopt);
        if (!current) throw std::runtime_error(current.error().message);
        if (!*current) {
            over_ = true;
            co_return;
        }
        auto facts = **current;
        if (facts.attempt.attempt != at_.attempt) {
            auto earlier = co_await find_output(ports_, id_, at_.attempt);
            if (!earlier) throw std::runtime_error(earlier.error().message);
            if (!*earlier) {
                over_ = true;
                co_return;
            }
            facts = **earlier;
        }
        tell_state(facts, events);
        const auto before = at_.offset;
        co_await tell_output(facts, events);
        if (at_.offset != before) co_return;
        if (at_.attempt != (*current)->attempt.attempt && !one_attempt_) {
            // Whatever is still to come of the earlier one is there to be read by its number.
            at_ = {(*current)->attempt.attempt, 0};
            told_state_.reset();
            append(events, "attempt", {{"attempt", at_.attempt}});
        } else if (facts.ended()) {
            tell_end(facts, events);
        }
    }

    void tell_state(const OutputFacts& facts, std::string& events) {
        if (told_state_ == facts.state) return;
        told_state_ = facts.state;
        append(events, "state", {{"status", protocol::to_text(facts.state)}});
    }

    asio::awaitable<void> tell_output(const OutputFacts& facts, std::string& events) {
        if (facts.text_is_proven())
            co_return tell_text(facts.text ? std::string_view(*facts.text) : "", events);
        auto read = co_await read_output(ports_, facts.attempt, at_.offset, pieces_at_once);
        if (!read) throw std::runtime_error(read.error().message);
        came_in_pieces_ = read->end > 0;
        for (const auto& piece : read->pieces) {
            if (piece.offset > at_.offset) tell_hole(piece.offset, events);
            tell_bytes(std::string_view(piece.bytes)
                           .substr(static_cast<std::size_t>(at_.offset - piece.offset)),
                       events);
        }
        if (read->end == 0 && facts.text_is_whole()) {
            tell_text(facts.text ? std::string_view(*facts.text) : "", events);
        }
    }

    void tell_text(std::string_view text, std::string& events) {
        while (at_.offset < static_cast<std::int64_t>(text.size())) {
            tell_bytes(text.substr(static_cast<std::size_t>(at_.offset), text_per_event), events);
        }
    }

    void tell_bytes(std::string_view bytes, std::string& events) {
        if (bytes.empty()) return;
        const auto offset = at_.offset;
        at_.offset += static_cast<std::int64_t>(bytes.size());
        append(events, "output", {{"offset", offset}, {"data", crypto::to_base64(bytes)}});
    }

    void tell_hole(std::int64_t end, std::string& events) {
        const auto offset = at_.offset;
        at_.offset = end;
        append(events, "hole", {{"offset", offset}, {"bytes", end - offset}});
    }

    void tell_end(const OutputFacts& facts, std::string& events) {
        const auto ended_ms = facts.completed_ms.value_or(0);
        // Of one whose end nobody saw the total is not known: there may be more than has come.
        const bool whole =
            facts.total ? at_.offset >= *facts.total : facts.text_is_whole() && !came_in_pieces_;
        if (!whole && ports_.clock.wall_ms() - ended_ms < wait_for_rest_ms) return;
        if (!whole && facts.total) tell_hole(*facts.total, events);
        append(events, "end",
               {{"status", protocol::to_text(facts.state)},
                {"attempt", at_.attempt},
                {"output_bytes", json::value_from(facts.total)},
                {"output_sha256", json::value_from(facts.sha256)},
                {"complete", whole}});
        over_ = true;
    }

    void append(std::string& events, std::string_view name, const json::object& data) {
        events += "event: ";
        events += name;
        events += "\nid: " + event_id(at_) + "\ndata: " + json::serialize(data) + "\n\n";
    }

    OutputPorts ports_;
    protocol::CommandId id_;
    OutputPosition at_;
    bool one_attempt_;
    std::shared_ptr<void> occupied_;
    asio::steady_timer woken_;
    bool first_ = true;
    bool over_ = false;
    bool news_ = false;
    bool came_in_pieces_ = false;
    std::optional<protocol::CommandState> told_state_;
    std::chrono::steady_clock::time_point quiet_since_ = std::chrono::steady_clock::now();
    std::unique_ptr<dispatch::OutputWatch> watch_;
};

}  // namespace

std::expected<OutputPosition, std::string> parse_event_id(std::string_view id) {
    OutputPosition position;
    const auto colon = id.find(':');
    const bool good = colon == std::string_view::npos
                          ? read_number(id, position.offset)
                          : read_number(id.substr(0, colon), position.attempt) &&
                                read_number(id.substr(colon + 1), position.offset);
    if (good && position.attempt >= 1) return position;
    return std::unexpected("'" + std::string(id.substr(0, 100)) +
                           "' is no place in the output: it must be a byte offset, or "
                           "attempt:offset, as the ids of the events are");
}

std::string event_id(const OutputPosition& position) {
    const auto offset = std::to_string(position.offset);
    return position.attempt == 1 ? offset : std::to_string(position.attempt) + ":" + offset;
}

std::shared_ptr<http::BodyStream> output_events(const asio::any_io_executor& io,
                                                const OutputPorts& ports, protocol::CommandId id,
                                                OutputPosition from, bool attempt_was_given,
                                                std::shared_ptr<void> occupied) {
    return std::make_shared<OutputEvents>(io, ports, std::move(id), from, attempt_was_given,
                                          std::move(occupied));
}

}  // namespace cockpit::api

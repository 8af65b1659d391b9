#include "server/api/agent_events.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "server/api/target_views.hpp"

namespace cockpit::api {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

using namespace std::chrono_literals;
constexpr auto look_again = 250ms;
constexpr auto keep_alive = 15s;
// Hosts of one event, so that thousands of them do not become one text.
constexpr std::size_t at_once = 500;

class AgentEvents final : public http::BodyStream {
  public:
    AgentEvents(const asio::any_io_executor& io, AgentFeed& feed, OpenCounts& open,
                const targets::Targeting& targeting, std::shared_ptr<void> occupied)
        : feed_(feed),
          open_(open),
          targeting_(targeting),
          occupied_(std::move(occupied)),
          timer_(io) {}

    asio::awaitable<std::optional<std::string>> next() override {
        for (;;) {
            if (waiting_.empty()) waiting_ = feed_.changes(seen_);
            if (!waiting_.empty() || first_) {
                told_at_ = std::chrono::steady_clock::now();
                co_return event();
            }
            if (auto counts = co_await open_.now(); counts != told_counts_) {
                const bool other = !told_counts_ || *counts != *told_counts_;
                told_counts_ = std::move(counts);
                if (other) {
                    co_return "event: open\ndata: " + json::serialize(*told_counts_) + "\n\n";
                }
            }
            if (std::chrono::steady_clock::now() - told_at_ >= keep_alive) {
                told_at_ = std::chrono::steady_clock::now();
                co_return ": keep-alive\n\n";
            }
            timer_.expires_after(look_again);
            co_await timer_.async_wait(asio::use_awaitable);
        }
    }

  private:
    std::string event() {
        const auto count = std::min(at_once, waiting_.size());
        const auto page = std::span(waiting_).first(count);
        const auto standing = targeting_.standing(page);
        json::array list;
        for (std::size_t i = 0; i < count; ++i)
            list.push_back(to_json(page[i], standing[i]));
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
        const json::object told{{"agents", std::move(list)}, {"all", std::exchange(first_, false)}};
        return "event: agents\ndata: " + json::serialize(told) + "\n\n";
    }

    AgentFeed& feed_;
    OpenCounts& open_;
    const targets::Targeting& targeting_;
    std::shared_ptr<void> occupied_;
    asio::steady_timer timer_;
    AgentFeed::Seen seen_;
    std::vector<dispatch::AgentView> waiting_;
    std::shared_ptr<const json::object> told_counts_;
    bool first_ = true;
    std::chrono::steady_clock::time_point told_at_ = std::chrono::steady_clock::now();
};

}  // namespace

std::shared_ptr<http::BodyStream> agent_events(const asio::any_io_executor& io, AgentFeed& feed,
                                               OpenCounts& open,
                                               const targets::Targeting& targeting,
                                               std::shared_ptr<void> occupied) {
    return std::make_shared<AgentEvents>(io, feed, open, targeting, std::move(occupied));
}

}  // namespace cockpit::api

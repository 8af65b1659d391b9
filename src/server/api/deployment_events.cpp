#include "server/api/deployment_events.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include "runtime/await_callback.hpp"
#include "server/api/deployment_views.hpp"

namespace cockpit::api {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;
constexpr auto look_again = 500ms;
constexpr auto keep_alive = 15s;

class DeploymentEvents final : public http::BodyStream {
  public:
    DeploymentEvents(const asio::any_io_executor& io, deployments::DeploymentStore& store,
                     std::string id, std::shared_ptr<void> occupied)
        : store_(store), id_(std::move(id)), occupied_(std::move(occupied)), timer_(io) {}

    asio::awaitable<std::optional<std::string>> next() override {
        while (!over_) {
            auto events = co_await look();
            if (events.empty() && std::chrono::steady_clock::now() - told_at_ >= keep_alive) {
                events = ": keep-alive\n\n";
            }
            if (!events.empty()) {
                told_at_ = std::chrono::steady_clock::now();
                co_return events;
            }
            timer_.expires_after(look_again);
            co_await timer_.async_wait(asio::use_awaitable);
        }
        co_return std::nullopt;
    }

  private:
    asio::awaitable<std::string> look() {
        using Found = deployments::StoreResult<std::optional<deployments::Deployment>>;
        auto found = co_await runtime::await_callback<Found>(
            [&](auto done) { store_.find_deployment(id_, std::move(done)); });
        // The client comes again, and reads all of it anew.
        if (!found) throw std::runtime_error(found.error().message);
        if (!*found) {
            over_ = true;
            co_return std::string();
        }
        auto text = boost::json::serialize(to_json(**found));
        std::string events;
        if (text != told_) events = "event: deployment\ndata: " + text + "\n\n";
        if ((*found)->record.ended_at_ms) {
            events += "event: end\ndata: {\"status\":\"" +
                      std::string(deployments::to_text((*found)->record.state)) + "\"}\n\n";
            over_ = true;
        }
        told_ = std::move(text);
        co_return events;
    }

    deployments::DeploymentStore& store_;
    std::string id_;
    std::shared_ptr<void> occupied_;
    asio::steady_timer timer_;
    std::string told_;
    bool over_ = false;
    std::chrono::steady_clock::time_point told_at_ = std::chrono::steady_clock::now();
};

}  // namespace

std::shared_ptr<http::BodyStream> deployment_events(const asio::any_io_executor& io,
                                                    deployments::DeploymentStore& store,
                                                    std::string deployment_id,
                                                    std::shared_ptr<void> occupied) {
    return std::make_shared<DeploymentEvents>(io, store, std::move(deployment_id),
                                              std::move(occupied));
}

}  // namespace cockpit::api

#include "server/api/open_counts.hpp"

#include "protocol/command_state.hpp"
#include "runtime/await_callback.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

constexpr std::int64_t ask_again_ms = 1'000;

}  // namespace

boost::asio::awaitable<std::shared_ptr<const json::object>> OpenCounts::now() {
    const auto now = clock_.steady_ms();
    if (now - asked_ms_ < ask_again_ms) co_return counts_;
    asked_ms_ = now;
    using Answer = dispatch::StoreResult<std::vector<statistics::OpenCount>>;
    auto found = co_await runtime::await_callback<Answer>(
        [this](auto done) { store_.open_counts(std::move(done)); });
    if (!found) co_return counts_;
    json::object by_host;
    for (const auto& one : *found) {
        auto& host = by_host[one.agent_id];
        if (!host.is_object()) host = json::object();
        host.get_object()[protocol::to_text(one.state)] = one.total;
    }
    counts_ = std::make_shared<const json::object>(std::move(by_host));
    co_return counts_;
}

json::object totals_of(const json::object& by_host) {
    json::object totals{{"pending", 0}, {"delivered", 0}, {"running", 0}};
    for (const auto& [host, states] : by_host) {
        for (const auto& [state, total] : states.as_object())
            totals[state] = totals[state].as_int64() + total.as_int64();
    }
    return totals;
}

}  // namespace cockpit::api

#include "server/api/health_endpoints.hpp"

#include "log/log.hpp"
#include "runtime/await_callback.hpp"
#include "runtime/with_deadline.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace asio = boost::asio;
namespace {

asio::awaitable<Health> ask_database(dispatch::CommandStore* store) {
    auto answer = co_await runtime::await_callback<dispatch::StoreResult<bool>>(
        [store](auto done) { store->ping(std::move(done)); });
    if (answer) co_return Health{.ok = true, .detail = "the database answers"};
    log::error("the command store failed", {{"error", answer.error().message}});
    co_return Health{.ok = false, .detail = "the database does not answer; the log says why"};
}

}  // namespace

HealthCheck database_check(dispatch::CommandStore& store) {
    return {.name = "database", .run = [store = &store] { return ask_database(store); }};
}

void HealthEndpoints::add_to(Api& api) {
    api.add({.method = "GET",
             .pattern = "/healthz",
             .summary = "Whether the process lives",
             .guard = Endpoint::Guard::open,
             .responses = {{200, "it does"}},
             .handle = [this](Call call) { return alive(std::move(call)); },
             .answer = "Alive"});
    api.add({.method = "GET",
             .pattern = "/readyz",
             .summary = "Whether the server can take commands, check by check",
             .guard = Endpoint::Guard::open,
             .responses = {{200, "it can"}, {503, "it cannot, and why"}},
             .handle = [this](Call call) { return ready(std::move(call)); },
             .answer = "Readiness"});
}

HealthEndpoints::Answer HealthEndpoints::alive(Call) {
    co_return json_response(json::object{{"status", "ok"}});
}

HealthEndpoints::Answer HealthEndpoints::ready(Call) {
    bool all = true;
    json::object checks;
    for (const auto& check : checks_) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
        auto answered = co_await runtime::with_deadline(deadline, check.run());
        const auto health =
            answered.value_or(Health{.ok = false, .detail = "no answer within 2 s"});
        all = all && health.ok;
        checks[check.name] = json::object{{"ok", health.ok}, {"detail", health.detail}};
    }
    co_return json_response(
        json::object{{"status", all ? "ready" : "not ready"}, {"checks", std::move(checks)}},
        all ? 200 : 503);
}

}  // namespace cockpit::api

#include "server/api/rest_api.hpp"

#include "server/api/open_api.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace asio = boost::asio;
namespace {

std::vector<HealthCheck> with_database(std::vector<HealthCheck> checks,
                                       dispatch::CommandStore& store) {
    checks.push_back(database_check(store));
    return checks;
}

}  // namespace

RestApi::RestApi(Ports ports, std::vector<HealthCheck> checks)
    : counted_(ports.metrics.counted),
      clock_(ports.clock),
      auth_(ports.access),
      commands_(ports.dispatcher, ports.commands, ports.directory, ports.clock),
      slots_(ports.max_output_streams),
      open_(ports.statistics, ports.clock),
      agents_(ports.directory, ports.admission, ports.clock, ports.targeting, open_, slots_),
      history_(ports.commands, ports.directory, ports.clock),
      overview_(ports.statistics, ports.directory, open_, ports.clock),
      metrics_(ports.metrics, ports.statistics, ports.dispatcher, ports.directory, open_,
               ports.clock),
      output_({.commands = ports.commands,
               .store = ports.output_store,
               .log = ports.output_log,
               .directory = ports.directory,
               .clock = ports.clock},
              slots_),
      notifications_(ports.notifications, ports.clock),
      webhooks_(ports.notifications),
      health_(with_database(std::move(checks), ports.commands)),
      groups_(ports.targeting, ports.directory, ports.clock),
      runs_(ports.runs, ports.commands, ports.directory, ports.clock),
      schedules_(ports.schedules, ports.clock),
      windows_(ports.schedules.windows),
      services_(ports.deployments.book, ports.deployments.services),
      deployments_(ports.deployments, slots_),
      api_(ports.access) {
    auth_.add_to(api_);
    commands_.add_to(api_);
    agents_.add_to(api_);
    history_.add_to(api_);
    overview_.add_to(api_);
    metrics_.add_to(api_);
    output_.add_to(api_);
    notifications_.add_to(api_);
    webhooks_.add_to(api_);
    health_.add_to(api_);
    groups_.add_to(api_);
    runs_.add_to(api_);
    schedules_.add_to(api_);
    windows_.add_to(api_);
    services_.add_to(api_);
    deployments_.add_to(api_);
    api_.add({.method = "GET",
              .pattern = "/openapi.json",
              .summary = "This document",
              .guard = Endpoint::Guard::open,
              .responses = {{200, "OpenAPI 3.1"}},
              .handle = [this](Call) { return document(); }});
}

asio::awaitable<http::Response> RestApi::document() {
    co_return json_response(open_api_document(api_.endpoints(), COCKPIT_VERSION));
}

asio::awaitable<http::Response> RestApi::answer(const http::Request& request) {
    const auto began = clock_.steady_ms();
    auto response = co_await api_.answer(request);
    counted_.on_request(response.status, static_cast<double>(clock_.steady_ms() - began) / 1000);
    co_return response;
}

http::Handler RestApi::handler(http::Handler otherwise) {
    return [this, otherwise = std::move(otherwise)](const http::Request& request) {
        const bool ours = request.raw_path.starts_with("/api/") ||
                          request.raw_path.starts_with("/auth/") || api_.knows_path(request);
        if (!ours && otherwise) return otherwise(request);
        return answer(request);
    };
}

}  // namespace cockpit::api

#pragma once
// The whole REST API over its ports: every endpoint family, built and wired.

#include "server/api/agent_endpoints.hpp"
#include "server/api/api.hpp"
#include "server/api/auth_endpoints.hpp"
#include "server/api/command_endpoints.hpp"
#include "server/api/deployment_endpoints.hpp"
#include "server/api/group_endpoints.hpp"
#include "server/api/health_endpoints.hpp"
#include "server/api/history_endpoints.hpp"
#include "server/api/metrics_endpoint.hpp"
#include "server/api/notification_endpoints.hpp"
#include "server/api/output_endpoints.hpp"
#include "server/api/overview_endpoint.hpp"
#include "server/api/run_endpoints.hpp"
#include "server/api/schedule_endpoints.hpp"
#include "server/api/service_endpoints.hpp"
#include "server/api/webhook_endpoints.hpp"
#include "server/api/window_endpoints.hpp"

namespace cockpit::api {

/// All must outlive the API.
struct Ports {
    auth::Access& access;
    dispatch::Dispatcher& dispatcher;
    dispatch::CommandStore& commands;
    dispatch::OutputStore& output_store;
    dispatch::OutputLog& output_log;
    int max_output_streams;
    const dispatch::AgentDirectory& directory;
    dispatch::Admission& admission;
    const runtime::Clock& clock;
    targets::Targeting& targeting;
    NotificationPorts notifications;
    RunPorts runs;
    SchedulePorts schedules;
    DeploymentPorts deployments;
    statistics::StatisticsStore& statistics;
    MetricsPorts metrics;
};

class RestApi {
  public:
    /// The database is checked for readiness in any case; `checks` are those of everything else.
    RestApi(Ports ports, std::vector<HealthCheck> checks);
    RestApi(const RestApi&) = delete;
    RestApi& operator=(const RestApi&) = delete;

    /// Answers every request; this object must outlive the handler. Paths that no endpoint has are
    /// given to `otherwise` (the web page), and are 404 without one. /api and /auth are never given
    /// away.
    http::Handler handler(http::Handler otherwise = {});
    const std::vector<Endpoint>& endpoints() const { return api_.endpoints(); }

  private:
    boost::asio::awaitable<http::Response> document();
    /// Counts the answer.
    boost::asio::awaitable<http::Response> answer(const http::Request& request);

    metrics::Metrics& counted_;
    const runtime::Clock& clock_;

    AuthEndpoints auth_;
    CommandEndpoints commands_;
    StreamSlots slots_;
    OpenCounts open_;
    AgentEndpoints agents_;
    HistoryEndpoints history_;
    OverviewEndpoint overview_;
    MetricsEndpoint metrics_;
    OutputEndpoints output_;
    NotificationEndpoints notifications_;
    WebhookEndpoints webhooks_;
    HealthEndpoints health_;
    GroupEndpoints groups_;
    RunEndpoints runs_;
    ScheduleEndpoints schedules_;
    WindowEndpoints windows_;
    ServiceEndpoints services_;
    DeploymentEndpoints deployments_;
    Api api_;
};

}  // namespace cockpit::api

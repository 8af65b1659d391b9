#include "server/schedules/deployment_launcher.hpp"

#include "server/schedules/request_fields.hpp"

namespace cockpit::schedules {
namespace json = boost::json;
namespace {

std::expected<deployments::StartDeployment, std::string> start_of(const json::object& request) {
    if (auto unknown =
            unknown_field(request, {"service", "files", "message", "force", "targets"})) {
        return std::unexpected(*std::move(unknown));
    }
    const auto* service = request.if_contains("service");
    if (service == nullptr || !service->is_string() || service->get_string().empty()) {
        return std::unexpected("'service' must be the name of a service");
    }
    auto wanted = deployments::deployment_request_of(request);
    if (!wanted) return std::unexpected(wanted.error());
    return deployments::StartDeployment{.service = std::string(service->get_string()),
                                        .request = *std::move(wanted),
                                        .by = {},
                                        .idempotency_key = std::nullopt};
}

}  // namespace

std::optional<std::string> DeploymentLauncher::objection(const json::object& request) const {
    const auto wanted = start_of(request);
    if (wanted) return std::nullopt;
    return wanted.error();
}

void DeploymentLauncher::launch(Kind, json::object request, std::string by, std::string key,
                                runtime::Callback<std::expected<std::string, std::string>> done) {
    auto wanted = start_of(request);
    if (!wanted) return done(std::unexpected(wanted.error()));
    wanted->by = std::move(by);
    wanted->idempotency_key = std::move(key);
    engine_.start(*std::move(wanted), [done = std::move(done)](auto started) mutable {
        if (!started) return done(std::unexpected(started.error().detail));
        done(started->deployment_id);
    });
}

void DeploymentLauncher::still_runs(Kind, std::string id,
                                    runtime::Callback<std::expected<bool, std::string>> done) {
    store_.find_deployment(std::move(id), [done = std::move(done)](auto found) mutable {
        if (!found) return done(std::unexpected(found.error().message));
        done(*found && !deployments::is_final((*found)->record.state));
    });
}

}  // namespace cockpit::schedules

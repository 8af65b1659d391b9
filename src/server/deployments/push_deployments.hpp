#pragma once
// A push that a git server told of deploys the services that come from that repository and branch
// and want it so (deploy_on_push).
//
// It is written down at the service and deployed by whichever server sees it first; while the
// service is being deployed it waits, and the newest push is the one that counts. Our own pushes
// are told of, too: a commit that the latest deployment made or found is not deployed again.
//
// One thread. Must outlive the callbacks of its store and of the engine.

#include "server/deployments/deployment_engine.hpp"
#include "server/notify/push_listener.hpp"

namespace cockpit::deployments {

class PushDeployments final : public notify::PushListener {
  public:
    PushDeployments(ServiceStore& services, DeploymentStore& deployments, DeploymentEngine& engine,
                    const runtime::Clock& clock)
        : services_(services), deployments_(deployments), engine_(engine), clock_(clock) {}

    void on_push(notify::Push push, runtime::Callback<std::string> done) override;
    /// About twice a second.
    void on_tick();

  private:
    void look_after(const ServiceRecord& service);
    void start(const ServiceRecord& service);

    ServiceStore& services_;
    DeploymentStore& deployments_;
    DeploymentEngine& engine_;
    const runtime::Clock& clock_;
    std::int64_t look_at_ms_ = 0;
};

/// Whether a push is one of what this service comes from.
bool concerns(const notify::Push& push, const Service& service);

}  // namespace cockpit::deployments

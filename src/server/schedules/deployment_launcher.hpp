#pragma once
// Schedules of the kind "deployment": the request has `service`, and what the body of POST
// …/services/{name}/deployments may have.

#include "server/deployments/deployment_engine.hpp"
#include "server/schedules/launcher.hpp"

namespace cockpit::schedules {

class DeploymentLauncher final : public Launcher {
  public:
    DeploymentLauncher(deployments::DeploymentEngine& engine, deployments::DeploymentStore& store)
        : engine_(engine), store_(store) {}

    std::optional<std::string> objection(const boost::json::object& request) const override;
    void launch(Kind kind, boost::json::object request, std::string by, std::string key,
                runtime::Callback<std::expected<std::string, std::string>> done) override;
    void still_runs(Kind kind, std::string id,
                    runtime::Callback<std::expected<bool, std::string>> done) override;

  private:
    deployments::DeploymentEngine& engine_;
    deployments::DeploymentStore& store_;
};

}  // namespace cockpit::schedules

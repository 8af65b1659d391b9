#pragma once
// Schedules of the kind "run": the request is the body of POST …/plans and that of POST …/runs in
// one object; who is meant is asked each time anew.

#include "server/runs/run_engine.hpp"
#include "server/schedules/launcher.hpp"

namespace cockpit::schedules {

class RunLauncher final : public Launcher {
  public:
    RunLauncher(runs::RunEngine& engine, runs::RunStore& store) : engine_(engine), store_(store) {}

    std::optional<std::string> objection(const boost::json::object& request) const override;
    void launch(Kind kind, boost::json::object request, std::string by, std::string key,
                runtime::Callback<std::expected<std::string, std::string>> done) override;
    void still_runs(Kind kind, std::string id,
                    runtime::Callback<std::expected<bool, std::string>> done) override;

  private:
    runs::RunEngine& engine_;
    runs::RunStore& store_;
};

}  // namespace cockpit::schedules

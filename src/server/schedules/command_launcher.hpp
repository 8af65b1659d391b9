#pragma once
// Schedules of the kind "command": one command to one host. The request is as the body of POST
// …/command: agent_id, command, params?, execution_timeout?, queue_if_offline?, expires_in?,
// force?.

#include "server/dispatch/dispatcher.hpp"
#include "server/schedules/launcher.hpp"

namespace cockpit::schedules {

class CommandLauncher final : public Launcher {
  public:
    CommandLauncher(dispatch::Dispatcher& dispatcher, dispatch::CommandStore& store)
        : dispatcher_(dispatcher), store_(store) {}

    std::optional<std::string> objection(const boost::json::object& request) const override;
    void launch(Kind kind, boost::json::object request, std::string by, std::string key,
                runtime::Callback<std::expected<std::string, std::string>> done) override;
    void still_runs(Kind kind, std::string id,
                    runtime::Callback<std::expected<bool, std::string>> done) override;

  private:
    dispatch::Dispatcher& dispatcher_;
    dispatch::CommandStore& store_;
};

}  // namespace cockpit::schedules

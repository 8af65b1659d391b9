#pragma once
// One command to many hosts: plans, runs, and what their hosts said.

#include "server/api/api.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/dispatch/command_store.hpp"
#include "server/runs/clusters.hpp"
#include "server/runs/run_engine.hpp"

namespace cockpit::api {

struct RunPorts {
    runs::Planner& planner;
    runs::RunEngine& engine;
    runs::RunStore& store;
};

class RunEndpoints {
  public:
    RunEndpoints(RunPorts ports, dispatch::CommandStore& commands,
                 const dispatch::AgentDirectory& directory, const runtime::Clock& clock)
        : ports_(ports), commands_(commands), directory_(directory), clock_(clock) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    using Found = std::expected<runs::Run, http::Response>;
    void add_plans_to(Api& api);
    void add_readers_to(Api& api);
    void add_wishes_to(Api& api);
    Answer make_plan(Call call);
    Answer find_plan(Call call);
    Answer start(Call call);
    Answer list(Call call);
    Answer find(Call call);
    Answer clusters(Call call);
    Answer rerun(Call call);
    Answer wish(Call call, runs::Wish wish);
    boost::asio::awaitable<Found> look_up(std::string run_id);
    boost::asio::awaitable<std::vector<runs::HostResult>> results_of(runs::Run run,
                                                                     std::size_t most_bytes);

    RunPorts ports_;
    dispatch::CommandStore& commands_;
    const dispatch::AgentDirectory& directory_;
    const runtime::Clock& clock_;
};

}  // namespace cockpit::api

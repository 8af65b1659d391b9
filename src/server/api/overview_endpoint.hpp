#pragma once
// What an operator wants to see at a glance, in one answer.

#include "runtime/clock.hpp"
#include "server/api/api.hpp"
#include "server/api/open_counts.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/statistics/overview.hpp"

namespace cockpit::api {

class OverviewEndpoint {
  public:
    /// All must outlive this object.
    OverviewEndpoint(statistics::StatisticsStore& store, const dispatch::AgentDirectory& directory,
                     OpenCounts& open, const runtime::Clock& clock)
        : store_(store), directory_(directory), open_(open), clock_(clock) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    boost::asio::awaitable<http::Response> overview(Call call);

    statistics::StatisticsStore& store_;
    const dispatch::AgentDirectory& directory_;
    OpenCounts& open_;
    const runtime::Clock& clock_;
};

}  // namespace cockpit::api

#pragma once
// Groups of hosts, the labels that the server adds, and who an expression means.

#include "server/api/api.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/targets/targeting.hpp"

namespace cockpit::api {

class GroupEndpoints {
  public:
    GroupEndpoints(targets::Targeting& targeting, const dispatch::AgentDirectory& directory,
                   const runtime::Clock& clock)
        : targeting_(targeting), directory_(directory), clock_(clock) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    void add_groups_to(Api& api);
    void add_targets_to(Api& api);
    Answer list(Call call);
    Answer find(Call call);
    Answer create(Call call);
    Answer replace(Call call);
    Answer remove(Call call);
    Answer set_labels(Call call);
    Answer select(Call call);

    targets::Targeting& targeting_;
    const dispatch::AgentDirectory& directory_;
    const runtime::Clock& clock_;
};

}  // namespace cockpit::api

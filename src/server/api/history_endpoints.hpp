#pragma once
// The history of commands, page by page, and whole as a file.

#include "runtime/clock.hpp"
#include "server/api/api.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/dispatch/command_store.hpp"

namespace cockpit::api {

class HistoryEndpoints {
  public:
    HistoryEndpoints(dispatch::CommandStore& store, const dispatch::AgentDirectory& directory,
                     const runtime::Clock& clock)
        : store_(store), directory_(directory), clock_(clock) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer of_agent(Call call);
    Answer of_all(Call call);
    Answer page(dispatch::HistoryQuery query);
    Answer exported(Call call);

    dispatch::CommandStore& store_;
    const dispatch::AgentDirectory& directory_;
    const runtime::Clock& clock_;
};

}  // namespace cockpit::api

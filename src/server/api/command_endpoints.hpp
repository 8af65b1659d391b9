#pragma once
// Commands: send one, send one and wait, see how one stands.

#include <optional>
#include <string>

#include "runtime/with_deadline.hpp"
#include "server/api/api.hpp"
#include "server/dispatch/dispatcher.hpp"

namespace cockpit::api {

class CommandEndpoints {
  public:
    CommandEndpoints(dispatch::Dispatcher& dispatcher, dispatch::CommandStore& store,
                     const dispatch::AgentDirectory& directory, const runtime::Clock& clock)
        : dispatcher_(dispatcher), store_(store), directory_(directory), clock_(clock) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer send_any(Call call);
    Answer git_pull(Call call);
    Answer docker_restart(Call call);
    Answer find(Call call);
    Answer cancel(Call call);
    Answer why(Call call);
    Answer attempts(Call call);

    /// Without `wait_s`, or with 0, answers as soon as the command is kept.
    Answer submit(Call call, std::string command, boost::json::object params,
                  std::optional<double> wait_s);
    Answer wait_for_end(dispatch::CommandRecord accepted, runtime::Deadline deadline);
    boost::asio::awaitable<std::optional<dispatch::CommandRecord>> ended(protocol::CommandId id);
    boost::asio::awaitable<dispatch::StoreResult<std::optional<dispatch::CommandRecord>>> look_up(
        protocol::CommandId id);

    dispatch::Dispatcher& dispatcher_;
    dispatch::CommandStore& store_;
    const dispatch::AgentDirectory& directory_;
    const runtime::Clock& clock_;
};

}  // namespace cockpit::api

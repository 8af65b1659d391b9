#pragma once
// Hosts: list, status, the key of one.

#include "runtime/clock.hpp"
#include "server/api/api.hpp"
#include "server/dispatch/admission.hpp"
#include "server/dispatch/agent_directory.hpp"

namespace cockpit::api {

class AgentEndpoints {
  public:
    AgentEndpoints(const dispatch::AgentDirectory& directory, dispatch::Admission& admission,
                   const runtime::Clock& clock)
        : directory_(directory), admission_(admission), clock_(clock) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer status(Call call);
    Answer why(Call call);
    Answer list(Call call);
    Answer accept_key(Call call);

    const dispatch::AgentDirectory& directory_;
    dispatch::Admission& admission_;
    const runtime::Clock& clock_;
};

}  // namespace cockpit::api

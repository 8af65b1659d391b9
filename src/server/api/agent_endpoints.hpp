#pragma once
// Hosts: list, status, the key of one.

#include "runtime/clock.hpp"
#include "server/api/agent_feed.hpp"
#include "server/api/api.hpp"
#include "server/api/open_counts.hpp"
#include "server/api/stream_slots.hpp"
#include "server/dispatch/admission.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/targets/targeting.hpp"

namespace cockpit::api {

class AgentEndpoints {
  public:
    AgentEndpoints(const dispatch::AgentDirectory& directory, dispatch::Admission& admission,
                   const runtime::Clock& clock, const targets::Targeting& targeting,
                   OpenCounts& open, StreamSlots slots)
        : directory_(directory),
          admission_(admission),
          clock_(clock),
          targeting_(targeting),
          open_(open),
          slots_(std::move(slots)),
          feed_(directory, clock) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer status(Call call);
    Answer why(Call call);
    Answer list(Call call);
    Answer commands(Call call);
    Answer events(Call call);
    Answer accept_key(Call call);
    boost::json::object shown(const dispatch::AgentView& agent) const;

    const dispatch::AgentDirectory& directory_;
    dispatch::Admission& admission_;
    const runtime::Clock& clock_;
    const targets::Targeting& targeting_;
    OpenCounts& open_;
    StreamSlots slots_;
    AgentFeed feed_;
};

}  // namespace cockpit::api

#pragma once
// Deployments: what one would do, one that goes on, and all there were.

#include "server/api/api.hpp"
#include "server/api/stream_slots.hpp"
#include "server/deployments/deployment_engine.hpp"
#include "server/deployments/service_book.hpp"

namespace cockpit::api {

struct DeploymentPorts {
    deployments::DeploymentEngine& engine;
    deployments::DeploymentStore& store;
    deployments::ServiceBook& book;
    deployments::ServiceStore& services;
};

class DeploymentEndpoints {
  public:
    /// `slots` are shared with other live readers.
    DeploymentEndpoints(DeploymentPorts ports, StreamSlots slots)
        : ports_(ports), slots_(std::move(slots)) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    void add_readers_to(Api& api);
    void add_wishes_to(Api& api);
    Answer preview(Call call);
    Answer start(Call call);
    Answer list(Call call);
    Answer find(Call call);
    Answer events(Call call);
    Answer wish(Call call, deployments::Wish wish);

    DeploymentPorts ports_;
    StreamSlots slots_;
};

}  // namespace cockpit::api

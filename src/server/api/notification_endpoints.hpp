#pragma once
// Who is notified of what, and the outbox.

#include "server/api/api.hpp"
#include "server/notify/deliverer.hpp"
#include "server/notify/incoming_hooks.hpp"

namespace cockpit::api {

/// All must outlive the API.
struct NotificationPorts {
    notify::TargetBook& targets;
    notify::NotificationStore& outbox;
    notify::Deliverer& deliverer;
    notify::IncomingStore& incoming;
    notify::IncomingHooks& hooks;
};

class NotificationEndpoints {
  public:
    NotificationEndpoints(NotificationPorts ports, const runtime::Clock& clock)
        : targets_(ports.targets),
          outbox_(ports.outbox),
          deliverer_(ports.deliverer),
          clock_(clock) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    void add_targets_to(Api& api);
    void add_deliveries_to(Api& api);
    Answer list_targets(Call call);
    Answer create_target(Call call);
    Answer change_target(Call call);
    Answer remove_target(Call call);
    Answer try_target(Call call);
    Answer list_deliveries(Call call);
    Answer show_delivery(Call call);
    Answer resend(Call call);
    boost::json::object view(const notify::TargetRecord& record) const;

    notify::TargetBook& targets_;
    notify::NotificationStore& outbox_;
    notify::Deliverer& deliverer_;
    const runtime::Clock& clock_;
};

http::Response to_problem(const notify::TargetError& error);

}  // namespace cockpit::api

#pragma once
// Incoming webhooks of git servers.

#include "server/api/notification_endpoints.hpp"

namespace cockpit::api {

class WebhookEndpoints {
  public:
    explicit WebhookEndpoints(NotificationPorts ports)
        : store_(ports.incoming), hooks_(ports.hooks) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer receive(Call call);
    Answer list(Call call);
    Answer create(Call call);
    Answer remove(Call call);
    Answer pushes(Call call);

    notify::IncomingStore& store_;
    notify::IncomingHooks& hooks_;
};

}  // namespace cockpit::api

#pragma once
// Maintenance windows, and which are open now.

#include "server/api/api.hpp"
#include "server/schedules/windows.hpp"

namespace cockpit::api {

class WindowEndpoints {
  public:
    explicit WindowEndpoints(schedules::Windows& windows) : windows_(windows) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer list(Call call);
    Answer find(Call call);
    Answer save(Call call, bool is_new);
    Answer remove(Call call);

    schedules::Windows& windows_;
};

}  // namespace cockpit::api

#pragma once
// Schedules: what is started when, and what became of it.

#include "server/api/api.hpp"
#include "server/schedules/scheduler.hpp"
#include "server/schedules/windows.hpp"

namespace cockpit::api {

/// All must outlive the API.
struct SchedulePorts {
    schedules::Scheduler& scheduler;
    schedules::Windows& windows;
    schedules::ScheduleStore& store;
};

class ScheduleEndpoints {
  public:
    ScheduleEndpoints(SchedulePorts ports, const runtime::Clock& clock)
        : scheduler_(ports.scheduler), store_(ports.store), clock_(clock) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    void add_changes_to(Api& api);
    Answer list(Call call);
    Answer find(Call call);
    Answer create(Call call);
    Answer replace(Call call);
    Answer remove(Call call);
    Answer run(Call call);
    Answer firings(Call call);
    Answer preview(Call call);

    schedules::Scheduler& scheduler_;
    schedules::ScheduleStore& store_;
    const runtime::Clock& clock_;
};

http::Response to_problem(const schedules::ScheduleError& error);

}  // namespace cockpit::api

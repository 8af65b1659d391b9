#include "server/notify/event.hpp"

#include <array>
#include <boost/json/serialize.hpp>

#include "server/notify/times.hpp"

namespace cockpit::notify {
namespace json = boost::json;

std::span<const std::string_view> event_kinds() {
    static constexpr std::array kinds{command_ended, host_changed,     run_ended,
                                      run_paused,    deployment_ended, deployment_paused};
    return kinds;
}

std::string to_body(const Event& event) {
    json::value agent = nullptr;
    if (event.agent) agent = json::string(*event.agent);
    return json::serialize(json::object{{"id", event.id},
                                        {"event", event.kind},
                                        {"occurred_at", iso_time(event.at_ms)},
                                        {"subject", event.subject},
                                        {"agent_id", std::move(agent)},
                                        {"outcome", event.outcome},
                                        {"text", event.text},
                                        {"data", event.data}});
}

}  // namespace cockpit::notify

#pragma once
// Something that people or programs may want to hear of.

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cockpit::notify {

struct Event {
    /// Unique for what happened: the same event told twice, by whichever server, is one.
    std::string id;
    std::string kind;                  ///< one of event_kinds()
    std::string subject;               ///< what it is about: a command's id, a host
    std::string text;                  ///< one sentence for a person
    std::optional<std::string> agent;  ///< the host, where there is one; for filters
    std::string outcome;               ///< for filters as kind:outcome; may be empty
    boost::json::object data;          ///< every field there is
    std::int64_t at_ms = 0;            ///< since the Unix epoch
};

inline constexpr std::string_view command_ended = "command.ended";
inline constexpr std::string_view host_changed = "host.changed";
inline constexpr std::string_view run_ended = "run.ended";
inline constexpr std::string_view run_paused = "run.paused";
inline constexpr std::string_view deployment_ended = "deployment.ended";
inline constexpr std::string_view deployment_paused = "deployment.paused";
inline constexpr std::string_view test_event = "test";  ///< sent by …/test only

/// The kinds that can be subscribed to.
std::span<const std::string_view> event_kinds();

/// The event as the JSON that is stored and sent: id, event, occurred_at, subject, agent_id,
/// outcome, text, data.
std::string to_body(const Event& event);

/// Where other parts hand in events. Called on the I/O thread; returns at once.
class EventSink {
  public:
    virtual ~EventSink() = default;
    virtual void publish(Event event) = 0;
};

}  // namespace cockpit::notify

#pragma once
// From what happened to rows of the outbox: finds who wants an event and has it written down, in
// one transaction, before anything is sent. What the database would not take is kept in memory and
// tried again. One thread.

#include <deque>
#include <functional>
#include <unordered_set>

#include "runtime/clock.hpp"
#include "server/dispatch/end_listener.hpp"
#include "server/notify/presence_watch.hpp"
#include "server/notify/retry_schedule.hpp"
#include "server/notify/target_book.hpp"

namespace cockpit::notify {

class Notifier final : public EventSink, public dispatch::EndListener {
  public:
    struct Ports {
        NotificationStore& store;
        TargetBook& targets;
        const runtime::Clock& clock;
        /// A new UUID.
        std::function<std::string()> new_id;
        /// A command with every field, as the API shows it.
        std::function<boost::json::object(const dispatch::CommandRecord&)> command_json;
        /// Deliveries were added.
        std::function<void()> published;
    };
    /// Ports must outlive this object.
    Notifier(RetrySchedule schedule, std::int64_t host_stable_ms, Ports ports);

    void publish(Event event) override;
    void on_end(const dispatch::CommandRecord& record) override;
    /// All hosts there are, about every second.
    void on_hosts(const std::vector<dispatch::AgentView>& hosts);
    /// Whether somebody wants to hear of hosts.
    bool watches_hosts() const;
    /// Ends of the last minutes that a server wrote and then died before it told of them.
    void catch_up(dispatch::CommandStore& commands);
    /// Tries again what the database would not take.
    void on_tick();

    std::size_t unwritten() const { return unwritten_.size(); }

  private:
    static Event event_of(const dispatch::CommandRecord& record);
    std::vector<Publication::To> receivers(const Event& event,
                                           std::optional<std::int64_t> only_since_ms = {});
    void publish_to(const Event& event, std::vector<Publication::To> to,
                    std::optional<Publication::HostChange> change = {});
    void write(Publication publication);
    void remember(const std::string& event_id);

    const RetrySchedule schedule_;
    Ports ports_;
    PresenceWatch presence_;
    std::deque<Publication> unwritten_;
    bool writing_again_ = false;
    std::unordered_set<std::string> told_;  ///< of late, so that catching up need not ask
};

}  // namespace cockpit::notify

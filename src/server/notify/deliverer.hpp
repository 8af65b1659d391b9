#pragma once
// Empties the outbox: claims what is due, has it sent, writes down how that went. Several at once,
// but one at a time for each target, so that a slow receiver keeps only its own waiting. Pure rules
// over ports; one thread.

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "runtime/clock.hpp"
#include "server/notify/retry_schedule.hpp"
#include "server/notify/sender.hpp"
#include "server/notify/target_book.hpp"

namespace cockpit::notify {

class Deliverer {
  public:
    struct Settings {
        RetrySchedule schedule;
        std::size_t at_once = 8;
        /// A claim lasts so long: longer than an attempt may take. After it another server may try.
        std::int64_t lease_ms = 30'000;
        std::string owner;  ///< this process; never used by another one
    };
    struct Ports {
        NotificationStore& store;
        TargetBook& targets;
        Sender& sender;
        const runtime::Clock& clock;
        std::function<double()> chance;       ///< from 0 to 1
        std::function<std::string()> new_id;  ///< a new UUID
    };
    /// Ports must outlive this object, and this object the callbacks of its ports.
    Deliverer(Settings settings, Ports ports);

    /// Looks for what is due. To be called about twice a second, and when something was added.
    void look();
    /// Removes what is done and old.
    void sweep();
    /// Sends this now, past the outbox; for trying a target out.
    void send_now(const TargetRecord& target, const Event& event,
                  runtime::Callback<SendOutcome> done);
    /// Makes one that is done pending again, with a whole schedule. False: it is pending, absent,
    /// or its target is gone.
    void resend(std::int64_t id, runtime::Callback<StoreResult<bool>> done);
    /// Begins nothing new.
    void stop() { stopping_ = true; }
    std::size_t under_way() const { return busy_.size(); }

  private:
    void begin(const Delivery& delivery);
    void attempt(Delivery delivery);
    void settle_failure(const Delivery& delivery, SendOutcome outcome);
    void settle_delivered(const Delivery& delivery, SendOutcome outcome);
    void settle(std::string target, Settlement settlement);

    const Settings settings_;
    Ports ports_;
    std::set<std::string> busy_;  ///< targets with an attempt under way, or one not written down
    struct Unsettled {
        std::string target;
        Settlement settlement;
    };
    std::vector<Unsettled> unsettled_;  ///< which the database would not take
    bool looking_ = false;
    bool look_again_ = false;
    bool stopping_ = false;
};

}  // namespace cockpit::notify

#pragma once
// Where targets and the outbox are kept. notify owns this interface, server/store implements it.
// Callbacks as in dispatch/command_store.hpp: on the I/O thread, once, never from inside the call.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/dispatch/command_store.hpp"
#include "server/notify/event.hpp"
#include "server/notify/target.hpp"

namespace cockpit::notify {

template <typename T>
using StoreResult = dispatch::StoreResult<T>;

enum class DeliveryState {
    pending,    ///< to be sent, or to be tried again
    delivered,  ///< the receiver took it
    dead,       ///< given up; can be sent again
};
std::string_view to_text(DeliveryState state);
std::optional<DeliveryState> parse_delivery_state(std::string_view text);

/// One row of cockpit_notifications: one event for one target. Times in ms since the Unix epoch.
struct Delivery {
    std::int64_t id = 0;      ///< given by the database, grows
    std::string delivery_id;  ///< a UUID, told to the receiver
    std::string target;
    std::string event_id;
    std::string event;
    std::string subject;
    std::string body;  ///< the event's JSON
    DeliveryState state = DeliveryState::pending;
    int attempts = 0;  ///< begun ones
    std::int64_t created_at_ms = 0;
    std::int64_t next_attempt_at_ms = 0;
    std::int64_t give_up_at_ms = 0;
    std::optional<int> last_status;
    std::optional<std::string> last_error;
    std::optional<std::string> last_response;
    std::optional<std::int64_t> last_attempt_at_ms;
    std::optional<std::int64_t> delivered_at_ms;
    int failures = 0;  ///< since it was created or sent again; sets the pause
};

/// An event and who gets it.
struct Publication {
    struct To {
        std::string target;
        std::string delivery_id;
    };
    std::string event_id;
    std::string event;
    std::string subject;
    std::string body;
    std::vector<To> to;
    std::int64_t now_ms = 0;
    std::int64_t give_up_at_ms = 0;
    /// The event is this host's change of state: published only by the server that notes the
    /// change first, and not for a host that is noted for the first time.
    struct HostChange {
        std::string agent_id;
        std::string state;
    };
    std::optional<HostChange> host_change;
};

struct Settlement {
    std::int64_t id = 0;
    std::string owner;  ///< whose claim it was; a row that another one claimed since is left alone
    DeliveryState state = DeliveryState::pending;
    std::int64_t next_attempt_at_ms = 0;
    bool failed = false;
    std::optional<int> status;
    std::optional<std::string> error;
    std::optional<std::string> response;
    std::int64_t at_ms = 0;
};

struct DeliveryQuery {
    std::optional<DeliveryState> state;
    std::optional<std::string> target;
    int limit = 50;
    std::optional<std::int64_t> before_id;  ///< newest first
};

class NotificationStore {
  public:
    virtual ~NotificationStore() = default;

    virtual void load_notification_targets(
        runtime::Callback<StoreResult<std::vector<TargetRecord>>> done) = 0;
    /// False: the name is taken.
    virtual void add_target(TargetRecord record, runtime::Callback<StoreResult<bool>> done) = 0;
    /// False: there is none of that name.
    virtual void change_target(TargetRecord record, runtime::Callback<StoreResult<bool>> done) = 0;
    /// Its pending deliveries become dead. False: there is none of that name.
    virtual void remove_target(std::string name, std::int64_t at_ms,
                               runtime::Callback<StoreResult<bool>> done) = 0;

    /// One transaction; what a target got before under this event's id is not added again. How
    /// many deliveries were added.
    virtual void publish_event(Publication publication,
                               runtime::Callback<StoreResult<std::int64_t>> done) = 0;

    /// Of each enabled target the pending delivery that is due longest, if any.
    virtual void due_deliveries(std::int64_t now_ms,
                                runtime::Callback<StoreResult<std::vector<Delivery>>> done) = 0;
    /// Takes it for this owner until then, and counts an attempt: of several servers one gets it.
    virtual void claim_delivery(std::int64_t id, std::string owner, std::int64_t now_ms,
                                std::int64_t until_ms,
                                runtime::Callback<StoreResult<std::optional<Delivery>>> done) = 0;
    /// Ends the claim. False: it was not this owner's any more.
    virtual void settle_delivery(Settlement settlement,
                                 runtime::Callback<StoreResult<bool>> done) = 0;

    virtual void find_delivery(std::int64_t id,
                               runtime::Callback<StoreResult<std::optional<Delivery>>> done) = 0;
    virtual void list_deliveries(DeliveryQuery query,
                                 runtime::Callback<StoreResult<std::vector<Delivery>>> done) = 0;
    /// Makes a delivery that is not pending pending again, due now. False: it is pending or absent.
    virtual void resend_delivery(std::int64_t id, std::int64_t now_ms, std::int64_t give_up_at_ms,
                                 runtime::Callback<StoreResult<bool>> done) = 0;
    /// Removes delivered and dead ones created before these times; how many.
    virtual void sweep_deliveries(std::int64_t delivered_before_ms, std::int64_t dead_before_ms,
                                  runtime::Callback<StoreResult<std::int64_t>> done) = 0;
};

}  // namespace cockpit::notify

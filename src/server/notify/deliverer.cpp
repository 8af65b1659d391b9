#include "server/notify/deliverer.hpp"

#include <utility>

#include "log/log.hpp"

namespace cockpit::notify {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t keep_delivered_ms = 7 * day_ms;
constexpr std::int64_t keep_dead_ms = 30 * day_ms;

}  // namespace

Deliverer::Deliverer(Settings settings, Ports ports)
    : settings_(std::move(settings)), ports_(std::move(ports)) {}

void Deliverer::look() {
    for (auto& [target, settlement] : std::exchange(unsettled_, {}))
        settle(std::move(target), std::move(settlement));
    if (stopping_ || busy_.size() >= settings_.at_once || ports_.targets.list().empty()) return;
    if (looking_) {
        look_again_ = true;
        return;
    }
    looking_ = true;
    ports_.store.due_deliveries(ports_.clock.wall_ms(), [this](auto due) {
        looking_ = false;
        if (!due) {
            log::warning("the outbox of notifications was not read",
                         {{"error", due.error().message}});
            return;
        }
        for (const auto& delivery : *due) {
            if (stopping_ || busy_.size() >= settings_.at_once) break;
            if (!busy_.contains(delivery.target)) begin(delivery);
        }
        if (std::exchange(look_again_, false)) look();
    });
}

void Deliverer::begin(const Delivery& delivery) {
    busy_.insert(delivery.target);
    const auto now = ports_.clock.wall_ms();
    ports_.store.claim_delivery(
        delivery.id, settings_.owner, now, now + settings_.lease_ms,
        [this, target = delivery.target](auto claimed) {
            if (claimed && *claimed) return attempt(**std::move(claimed));
            busy_.erase(target);
            if (!claimed) {
                log::warning("a notification was not claimed",
                             {{"target", target}, {"error", claimed.error().message}});
            }
        });
}

void Deliverer::attempt(Delivery delivery) {
    const auto* target = ports_.targets.find(delivery.target);
    if (target == nullptr) {
        return settle_failure(delivery, {.error = "there is no target of this name any more"});
    }
    const auto destination = ports_.targets.open(*target);
    if (!destination) {
        return settle_failure(
            delivery, {.error = "the target's secrets were sealed with another server key; give "
                                "them again, or this server the key"});
    }
    auto outgoing = compose(
        {.delivery_id = delivery.delivery_id, .event = delivery.event, .body = delivery.body},
        *destination, ports_.clock.wall_ms());
    ports_.sender.send(std::move(outgoing),
                       [this, delivery = std::move(delivery)](SendOutcome outcome) {
                           if (outcome.delivered) {
                               settle_delivered(delivery, std::move(outcome));
                           } else {
                               settle_failure(delivery, std::move(outcome));
                           }
                       });
}

void Deliverer::settle_delivered(const Delivery& delivery, SendOutcome outcome) {
    log::info("notification delivered", {{"delivery_id", delivery.delivery_id},
                                         {"target", delivery.target},
                                         {"event", delivery.event_id},
                                         {"attempts", delivery.attempts}});
    settle(delivery.target, {.id = delivery.id,
                             .owner = settings_.owner,
                             .state = DeliveryState::delivered,
                             .status = outcome.status,
                             .response = std::move(outcome.response),
                             .at_ms = ports_.clock.wall_ms()});
}

void Deliverer::settle_failure(const Delivery& delivery, SendOutcome outcome) {
    const auto now = ports_.clock.wall_ms();
    Settlement settlement{.id = delivery.id,
                          .owner = settings_.owner,
                          .next_attempt_at_ms = now,
                          .failed = !outcome.aborted,
                          .status = outcome.status,
                          .error = std::move(outcome.error),
                          .response = std::move(outcome.response),
                          .at_ms = now};
    if (!outcome.aborted) {
        const auto next = next_attempt(settings_.schedule, delivery.failures + 1, now,
                                       delivery.give_up_at_ms, ports_.chance());
        if (outcome.refused || !next) {
            settlement.state = DeliveryState::dead;
            log::warning("notification given up", {{"delivery_id", delivery.delivery_id},
                                                   {"target", delivery.target},
                                                   {"attempts", delivery.attempts},
                                                   {"error", *settlement.error}});
        } else {
            settlement.next_attempt_at_ms = *next;
        }
    }
    settle(delivery.target, std::move(settlement));
}

void Deliverer::settle(std::string target, Settlement settlement) {
    auto copy = settlement;
    ports_.store.settle_delivery(
        std::move(copy), [this, target = std::move(target),
                          settlement = std::move(settlement)](auto settled) mutable {
            if (!settled) {
                // The target stays busy until it is written: sending more would only add to what
                // nobody knows of.
                log::error("the outcome of a notification was not written",
                           {{"target", target}, {"error", settled.error().message}});
                unsettled_.push_back({std::move(target), std::move(settlement)});
                return;
            }
            if (!*settled) {
                log::warning("another server claimed a notification whose attempt took too long",
                             {{"target", target}});
            }
            busy_.erase(target);
            look();
        });
}

void Deliverer::sweep() {
    const auto now = ports_.clock.wall_ms();
    ports_.store.sweep_deliveries(now - keep_delivered_ms, now - keep_dead_ms, [](auto swept) {
        if (!swept) {
            log::warning("old notifications were not removed", {{"error", swept.error().message}});
        }
    });
}

void Deliverer::resend(std::int64_t id, runtime::Callback<StoreResult<bool>> done) {
    const auto now = ports_.clock.wall_ms();
    ports_.store.resend_delivery(id, now, now + settings_.schedule.give_up_ms,
                                 [this, done = std::move(done)](auto again) mutable {
                                     done(std::move(again));
                                     look();
                                 });
}

void Deliverer::send_now(const TargetRecord& target, const Event& event,
                         runtime::Callback<SendOutcome> done) {
    const auto destination = ports_.targets.open(target);
    if (!destination) {
        return done({.error = "the target's secrets were sealed with another server key; give them "
                              "again, or this server the key"});
    }
    ports_.sender.send(
        compose({.delivery_id = ports_.new_id(), .event = event.kind, .body = to_body(event)},
                *destination, ports_.clock.wall_ms()),
        std::move(done));
}

}  // namespace cockpit::notify

#pragma once
// A NotificationStore and an IncomingStore in memory that answer in the next turn.

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <set>

#include "fakes/answer_later.hpp"
#include "server/notify/incoming_store.hpp"

namespace cockpit::fakes {

class MemoryNotificationStore final : public notify::NotificationStore,
                                      public notify::IncomingStore {
  public:
    template <typename T>
    using Done = runtime::Callback<notify::StoreResult<T>>;

    explicit MemoryNotificationStore(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    struct Row {
        notify::Delivery delivery;
        std::string owner;
        std::int64_t lease_until_ms = 0;
    };
    std::map<std::string, notify::TargetRecord> targets;
    std::vector<Row> rows;
    std::map<std::string, std::string> host_states;
    std::map<std::string, notify::HookRecord> hooks;
    std::vector<notify::PushRecord> pushes;
    bool broken = false;  ///< every call fails

    void load_notification_targets(Done<std::vector<notify::TargetRecord>> done) override {
        std::vector<notify::TargetRecord> all;
        for (const auto& [name, target] : targets)
            all.push_back(target);
        answer(std::move(done), std::move(all));
    }
    void add_target(notify::TargetRecord record, Done<bool> done) override {
        const bool added = !broken && targets.emplace(record.name, record).second;
        answer(std::move(done), added);
    }
    void change_target(notify::TargetRecord record, Done<bool> done) override {
        const bool known = targets.contains(record.name);
        if (known && !broken) targets[record.name] = record;
        answer(std::move(done), known);
    }
    void remove_target(std::string name, std::int64_t, Done<bool> done) override {
        const bool known = !broken && targets.erase(name) > 0;
        for (auto& row : rows) {
            if (known && row.delivery.target == name &&
                row.delivery.state == notify::DeliveryState::pending) {
                row.delivery.state = notify::DeliveryState::dead;
            }
        }
        answer(std::move(done), known);
    }
    void publish_event(notify::Publication publication, Done<std::int64_t> done) override {
        std::int64_t added = 0;
        if (!broken && changes(publication)) {
            for (const auto& to : publication.to) {
                const bool there = std::ranges::any_of(rows, [&](const Row& row) {
                    return row.delivery.target == to.target &&
                           row.delivery.event_id == publication.event_id;
                });
                if (there) continue;
                rows.push_back({.delivery = {.id = static_cast<std::int64_t>(rows.size()) + 1,
                                             .delivery_id = to.delivery_id,
                                             .target = to.target,
                                             .event_id = publication.event_id,
                                             .event = publication.event,
                                             .subject = publication.subject,
                                             .body = publication.body,
                                             .created_at_ms = publication.now_ms,
                                             .next_attempt_at_ms = publication.now_ms,
                                             .give_up_at_ms = publication.give_up_at_ms},
                                .owner = {}});
                ++added;
            }
        }
        answer(std::move(done), added);
    }
    void due_deliveries(std::int64_t now_ms, Done<std::vector<notify::Delivery>> done) override {
        std::vector<notify::Delivery> due;
        std::set<std::string> seen;
        for (const auto& row : rows) {
            const auto target = targets.find(row.delivery.target);
            if (target == targets.end() || !target->second.enabled || !is_due(row, now_ms))
                continue;
            if (seen.insert(row.delivery.target).second) due.push_back(row.delivery);
        }
        answer(std::move(done), std::move(due));
    }
    void claim_delivery(std::int64_t id, std::string owner, std::int64_t now_ms,
                        std::int64_t until_ms,
                        Done<std::optional<notify::Delivery>> done) override {
        auto* row = find(id);
        std::optional<notify::Delivery> claimed;
        if (row != nullptr && !broken && is_due(*row, now_ms)) {
            row->owner = owner;
            row->lease_until_ms = until_ms;
            ++row->delivery.attempts;
            claimed = row->delivery;
        }
        answer(std::move(done), std::move(claimed));
    }
    void settle_delivery(notify::Settlement settlement, Done<bool> done) override {
        auto* row = find(settlement.id);
        const bool ours = row != nullptr && !broken && row->owner == settlement.owner;
        if (ours) {
            auto& delivery = row->delivery;
            delivery.state = settlement.state;
            delivery.next_attempt_at_ms = settlement.next_attempt_at_ms;
            delivery.failures += settlement.failed ? 1 : 0;
            delivery.last_status = settlement.status;
            delivery.last_error = settlement.error;
            row->owner.clear();
            row->lease_until_ms = 0;
        }
        answer(std::move(done), ours);
    }
    void find_delivery(std::int64_t id, Done<std::optional<notify::Delivery>> done) override {
        const auto* row = find(id);
        answer(std::move(done), row == nullptr ? std::nullopt : std::optional(row->delivery));
    }
    void list_deliveries(notify::DeliveryQuery query,
                         Done<std::vector<notify::Delivery>> done) override {
        std::vector<notify::Delivery> list;
        for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
            const auto& delivery = row->delivery;
            if (query.state && delivery.state != *query.state) continue;
            if (query.target && delivery.target != *query.target) continue;
            if (query.before_id && delivery.id >= *query.before_id) continue;
            if (list.size() < static_cast<std::size_t>(query.limit)) list.push_back(delivery);
        }
        answer(std::move(done), std::move(list));
    }
    void resend_delivery(std::int64_t id, std::int64_t now_ms, std::int64_t give_up_at_ms,
                         Done<bool> done) override {
        auto* row = find(id);
        const bool again = row != nullptr && !broken && targets.contains(row->delivery.target) &&
                           row->delivery.state != notify::DeliveryState::pending;
        if (again) {
            row->delivery.state = notify::DeliveryState::pending;
            row->delivery.next_attempt_at_ms = now_ms;
            row->delivery.give_up_at_ms = give_up_at_ms;
            row->delivery.failures = 0;
        }
        answer(std::move(done), again);
    }
    void sweep_deliveries(std::int64_t, std::int64_t, Done<std::int64_t> done) override {
        answer(std::move(done), std::int64_t{0});
    }

    void load_hooks(Done<std::vector<notify::HookRecord>> done) override {
        std::vector<notify::HookRecord> all;
        for (const auto& [name, hook] : hooks)
            all.push_back(hook);
        answer(std::move(done), std::move(all));
    }
    void find_hook(std::string name, Done<std::optional<notify::HookRecord>> done) override {
        const auto found = hooks.find(name);
        answer(std::move(done), found == hooks.end() ? std::nullopt : std::optional(found->second));
    }
    void add_hook(notify::HookRecord record, Done<bool> done) override {
        answer(std::move(done), !broken && hooks.emplace(record.name, record).second);
    }
    void remove_hook(std::string name, Done<bool> done) override {
        answer(std::move(done), !broken && hooks.erase(name) > 0);
    }
    void add_push(notify::PushRecord record, Done<std::optional<std::int64_t>> done) override {
        const bool there = std::ranges::any_of(pushes, [&](const notify::PushRecord& one) {
            return one.push.hook == record.push.hook &&
                   (one.push.delivery_id == record.push.delivery_id ||
                    one.body_digest == record.body_digest);
        });
        std::optional<std::int64_t> id;
        if (!there && !broken) {
            id = record.id = static_cast<std::int64_t>(pushes.size()) + 1;
            pushes.push_back(std::move(record));
        }
        answer(std::move(done), id);
    }
    void set_push_outcome(std::int64_t id, std::string outcome, Done<bool> done) override {
        for (auto& push : pushes) {
            if (push.id == id && !broken) push.outcome = outcome;
        }
        answer(std::move(done), true);
    }
    void list_pushes(std::string hook, int limit,
                     Done<std::vector<notify::PushRecord>> done) override {
        std::vector<notify::PushRecord> list;
        for (auto push = pushes.rbegin(); push != pushes.rend(); ++push) {
            if (push->push.hook == hook && list.size() < static_cast<std::size_t>(limit)) {
                list.push_back(*push);
            }
        }
        answer(std::move(done), std::move(list));
    }

  private:
    static bool is_due(const Row& row, std::int64_t now_ms) {
        return row.delivery.state == notify::DeliveryState::pending &&
               row.delivery.next_attempt_at_ms <= now_ms && row.lease_until_ms <= now_ms;
    }
    bool changes(const notify::Publication& publication) {
        if (!publication.host_change) return true;
        const auto& change = *publication.host_change;
        const auto [state, first] = host_states.try_emplace(change.agent_id, change.state);
        if (first || state->second == change.state) return false;
        state->second = change.state;
        return true;
    }
    Row* find(std::int64_t id) {
        const auto row =
            std::ranges::find_if(rows, [&](const Row& one) { return one.delivery.id == id; });
        return row == rows.end() ? nullptr : &*row;
    }
    template <typename T>
    void answer(Done<T> done, T value) {
        answer_later(io_, std::move(done), std::move(value), broken);
    }

    boost::asio::any_io_executor io_;
};

}  // namespace cockpit::fakes

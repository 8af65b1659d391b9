#pragma once
// What the store does with notification targets and the outbox, in SQL that both databases
// understand.

#include "server/notify/notification_store.hpp"
#include "server/store/command_queries.hpp"

namespace cockpit::store {

WriteOf<bool> add_target(const notify::TargetRecord& record);
WriteOf<bool> change_target(const notify::TargetRecord& record);
WriteOf<bool> remove_target(const std::string& name, std::int64_t at_ms);
std::vector<notify::TargetRecord> load_notification_targets(Connection& connection);

/// A host's change and its deliveries are one transaction, in which the change decides.
WriteOf<std::int64_t> publish_event(const notify::Publication& publication);
WriteOf<std::optional<notify::Delivery>> claim_delivery(std::int64_t id, const std::string& owner,
                                                        std::int64_t now_ms, std::int64_t until_ms);
WriteOf<bool> settle_delivery(const notify::Settlement& settlement);
WriteOf<bool> resend_delivery(std::int64_t id, std::int64_t now_ms, std::int64_t give_up_at_ms);
WriteOf<std::int64_t> sweep_deliveries(std::int64_t delivered_before_ms,
                                       std::int64_t dead_before_ms);

std::vector<notify::Delivery> due_deliveries(Connection& connection, std::int64_t now_ms);
std::optional<notify::Delivery> find_delivery(Connection& connection, std::int64_t id);
std::vector<notify::Delivery> list_deliveries(Connection& connection,
                                              const notify::DeliveryQuery& query);

}  // namespace cockpit::store

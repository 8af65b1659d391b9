#pragma once
// What the store does with incoming webhooks, in SQL that both databases understand.

#include "server/notify/incoming_store.hpp"
#include "server/store/command_queries.hpp"

namespace cockpit::store {

WriteOf<bool> add_hook(const notify::HookRecord& record);
WriteOf<bool> remove_hook(const std::string& name);
std::vector<notify::HookRecord> load_hooks(Connection& connection);
std::optional<notify::HookRecord> find_hook(Connection& connection, const std::string& name);

WriteOf<std::optional<std::int64_t>> add_push(const notify::PushRecord& record);
WriteOf<bool> set_push_outcome(std::int64_t id, const std::string& outcome);
std::vector<notify::PushRecord> list_pushes(Connection& connection, const std::string& hook,
                                            int limit);

}  // namespace cockpit::store

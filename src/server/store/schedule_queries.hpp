#pragma once
// What the store does with schedules, firings and maintenance windows, in SQL that both databases
// understand.

#include "server/schedules/schedule_store.hpp"
#include "server/store/command_queries.hpp"

namespace cockpit::store {

schedules::ScheduleRecords load_schedules(Connection& connection);
WriteOf<bool> add_schedule(const schedules::ScheduleRecord& record);
WriteOf<bool> replace_schedule(const schedules::ScheduleRecord& record);
WriteOf<bool> remove_schedule(const std::string& name);

WriteOf<bool> add_firing(const schedules::FiringRecord& record);
std::vector<schedules::FiringRecord> abandoned_firings(Connection& connection, std::int64_t now_ms);
WriteOf<bool> take_firing(const schedules::FiringRecord& firing, const std::string& owner,
                          std::int64_t lease_until_ms, std::int64_t now_ms);
WriteOf<bool> end_firing(const schedules::FiringRecord& firing);
std::vector<schedules::FiringRecord> list_firings(Connection& connection,
                                                  const std::string& schedule, int limit);
std::optional<schedules::FiringRecord> firing_before(Connection& connection,
                                                     const std::string& schedule,
                                                     std::int64_t due_at_ms);

WriteOf<bool> add_window(const schedules::WindowRecord& record);
WriteOf<bool> replace_window(const schedules::WindowRecord& record);
WriteOf<bool> remove_window(const std::string& name);

}  // namespace cockpit::store

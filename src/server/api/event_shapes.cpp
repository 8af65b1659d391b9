// The shapes of answers about schedules, maintenance windows, notifications and webhooks. The views
// make them; every integration test holds the answers it gets against them.

#include "server/api/shape_lists.hpp"

namespace cockpit::api {

namespace {

std::vector<Member> with(std::vector<Member> members, Member more) {
    members.push_back(more);
    return members;
}

}  // namespace

std::vector<Shape> event_shapes() {
    const std::vector<Member> schedule{
        {"name", "text"},       {"description", "text"}, {"kind", "text"},
        {"request", "object"},  {"cron", "text"},        {"time_zone", "text"},
        {"enabled", "boolean"}, {"missed", "text"},      {"missed_within_s", "integer"},
        {"overlap", "text"},    {"created_by", "text"},  {"created_at", "text"},
        {"updated_by", "text"}, {"updated_at", "text"}};
    return {
        // Schedules and maintenance windows.
        {"Schedule", with(schedule, {"next?", "text[]?"}), {}},
        {"ListedSchedule", with(schedule, {"next", "text?"}), {}},
        {"Schedules", {{"schedules", "ListedSchedule[]"}, {"total", "integer"}}, {}},
        {"Firing",
         {{"schedule", "text"},
          {"due_at", "text"},
          {"manual", "boolean"},
          {"state", "text"},
          {"detail", "text"},
          {"launched_id", "text?"},
          {"fired_by", "text"},
          {"created_at", "text"}},
         {}},
        {"Firings", {{"schedule", "text"}, {"firings", "Firing[]"}}, {}},
        {"Times", {{"time_zone", "text"}, {"next", "text[]"}}, {}},
        {"MaintenanceWindow",
         {{"name", "text"},
          {"targets", "text"},
          {"reason", "text"},
          {"created_by", "text"},
          {"created_at", "text"},
          {"updated_by", "text"},
          {"updated_at", "text"},
          {"cron?", "text"},
          {"time_zone?", "text"},
          {"duration_s?", "integer"},
          {"from?", "text"},
          {"until?", "text"},
          {"open?", "boolean"},
          {"open_until?", "text?"},
          {"next?", "text?"},
          {"total?", "integer"},
          {"problem?", "text?"},
          {"agents?", "text[]"}},
         {}},
        {"MaintenanceWindows", {{"windows", "MaintenanceWindow[]"}, {"total", "integer"}}, {}},

        // Notifications and webhooks.
        {"NotificationTarget",
         {{"name", "text"},
          {"kind", "text"},
          {"url", "text?"},
          {"addresses", "text[]"},
          {"events", "text[]"},
          {"agents", "text[]"},
          {"enabled", "boolean"},
          {"created_by", "text"},
          {"created_at", "text"},
          {"changed_at", "text"}},
         {}},
        {"NotificationTargets", {{"targets", "NotificationTarget[]"}, {"total", "integer"}}, {}},
        {"TestDelivery",
         {{"delivered", "boolean"},
          {"status", "integer?"},
          {"error", "text?"},
          {"response", "text?"},
          {"took_ms", "integer"}},
         {}},
        {"Delivery",
         {{"id", "integer"},
          {"delivery_id", "text"},
          {"target", "text"},
          {"event", "text"},
          {"event_id", "text"},
          {"subject", "text"},
          {"status", "text"},
          {"attempts", "integer"},
          {"created_at", "text"},
          {"next_attempt_at", "text?"},
          {"give_up_at", "text"},
          {"last_attempt_at", "text?"},
          {"delivered_at", "text?"},
          {"last_status", "integer?"},
          {"last_error", "text?"},
          {"last_response", "text?"},
          {"body?", "any"}},
         {}},
        {"DeliveryPage", {{"deliveries", "Delivery[]"}, {"next_cursor", "text?"}}, {}},
        {"Webhook",
         {{"name", "text"},
          {"provider", "text"},
          {"path", "text"},
          {"created_by", "text"},
          {"created_at", "text"}},
         {}},
        {"Webhooks", {{"webhooks", "Webhook[]"}, {"total", "integer"}}, {}},
        {"Push",
         {{"id", "integer"},
          {"delivery_id", "text"},
          {"repository", "text"},
          {"urls", "text[]"},
          {"branch", "text"},
          {"before", "text"},
          {"after", "text"},
          {"pusher", "text"},
          {"outcome", "text"},
          {"received_at", "text"}},
         {}},
        {"Pushes", {{"pushes", "Push[]"}}, {}},
    };
}

}  // namespace cockpit::api

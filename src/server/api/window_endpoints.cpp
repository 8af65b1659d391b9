#include "server/api/window_endpoints.hpp"

#include <boost/json/array.hpp>
#include <chrono>

#include "runtime/await_callback.hpp"
#include "server/api/schedule_endpoints.hpp"
#include "server/api/views.hpp"
#include "server/targets/expression.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

using Type = Field::Type;
using schedules::Answered;
using schedules::WindowRecord;
using Standing = schedules::Windows::Standing;

const std::string windows_path = "/api/cockpit-agent/maintenance-windows";

std::vector<Field> window_fields(bool with_name) {
    std::vector<Field> fields{
        {.name = "targets",
         .required = true,
         .description = "expression: the hosts on which nothing starts",
         .min_length = 1,
         .max_length = targets::Expression::max_bytes},
        {.name = "reason", .description = "one line for who is refused", .max_length = 500},
        {.name = "cron",
         .description = "when it opens, again and again; with 'duration_s'",
         .min_length = 1,
         .max_length = schedules::Cron::max_bytes},
        {.name = "time_zone", .description = "of 'cron', IANA name, default UTC", .max_length = 64},
        {.name = "duration_s", .type = Type::integer, .min = 1, .max = schedules::max_window_s},
        {.name = "from",
         .type = Type::integer,
         .description = "once: seconds since the Unix epoch; with 'until'",
         .min = 1,
         .max = 253'402'300'799},
        {.name = "until", .type = Type::integer, .min = 1, .max = 253'402'300'799}};
    if (with_name) {
        fields.insert(fields.begin(),
                      {.name = "name",
                       .required = true,
                       .description = "1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit",
                       .min_length = 1,
                       .max_length = 64});
    }
    return fields;
}

json::object to_json(const WindowRecord& record) {
    json::object object{{"name", record.name},
                        {"targets", record.targets},
                        {"reason", record.reason},
                        {"created_by", record.created_by},
                        {"created_at", iso_time(record.created_at_ms)},
                        {"updated_by", record.updated_by},
                        {"updated_at", iso_time(record.updated_at_ms)}};
    if (record.cron) {
        object["cron"] = *record.cron;
        object["time_zone"] = record.zone;
        object["duration_s"] = record.duration_s;
    } else {
        object["from"] = iso_time(record.from_ms);
        object["until"] = iso_time(record.until_ms);
    }
    return object;
}

json::object to_json(const Standing& standing) {
    auto object = to_json(standing.record);
    object["open"] = standing.open_until_ms.has_value();
    object["open_until"] = iso_time_or_null(standing.open_until_ms);
    object["next"] = iso_time_or_null(standing.next_ms);
    object["total"] = standing.agents.size();
    object["problem"] =
        standing.problem ? json::value(json::string(*standing.problem)) : json::value(nullptr);
    return object;
}

http::Response unknown_window(const std::string& name) {
    return http::problem(404, "there is no maintenance window '" + name + "'");
}

}  // namespace

void WindowEndpoints::add_to(Api& api) {
    api.add({.method = "GET",
             .pattern = windows_path,
             .summary = "All maintenance windows: which are open, and when each opens next",
             .permission = "schedules:read",
             .query = {{.name = "open",
                        .type = Type::boolean,
                        .description = "true: only those that are open now"}},
             .responses = {{200, "the windows, by name"}},
             .handle = [this](Call call) { return list(std::move(call)); },
             .answer = "MaintenanceWindows"});
    api.add({.method = "GET",
             .pattern = windows_path + "/{name}",
             .summary = "One maintenance window, and whom it means now",
             .permission = "schedules:read",
             .responses = {{200, "the window"}, {404, "no such window"}},
             .handle = [this](Call call) { return find(std::move(call)); },
             .answer = "MaintenanceWindow"});
    api.add({.method = "POST",
             .pattern = windows_path,
             .summary = "Make a maintenance window",
             .permission = "schedules:write",
             .body = window_fields(true),
             .responses = {{201, "the window"},
                           {400, "a field is wrong; the sentence says which"},
                           {409, "the name is taken"}},
             .handle = [this](Call call) { return save(std::move(call), true); },
             .answer = "MaintenanceWindow"});
    api.add({.method = "PUT",
             .pattern = windows_path + "/{name}",
             .summary = "Replace all of a maintenance window but its name",
             .permission = "schedules:write",
             .body = window_fields(false),
             .responses = {{200, "the window"},
                           {400, "a field is wrong; the sentence says which"},
                           {404, "no such window"}},
             .handle = [this](Call call) { return save(std::move(call), false); },
             .answer = "MaintenanceWindow"});
    api.add({.method = "DELETE",
             .pattern = windows_path + "/{name}",
             .summary = "Remove a maintenance window; where it was open, hosts are free at once",
             .permission = "schedules:write",
             .responses = {{200, "the window as it was"}, {404, "no such window"}},
             .handle = [this](Call call) { return remove(std::move(call)); },
             .answer = "MaintenanceWindow"});
}

WindowEndpoints::Answer WindowEndpoints::list(Call call) {
    const bool only_open = boolean_of(call.query, "open").value_or(false);
    json::array all;
    for (const auto& standing : windows_.standing()) {
        if (only_open && !standing.open_until_ms) continue;
        all.push_back(to_json(standing));
    }
    const auto total = all.size();
    co_return json_response(json::object{{"windows", std::move(all)}, {"total", total}});
}

WindowEndpoints::Answer WindowEndpoints::find(Call call) {
    const auto standing = windows_.find(call.path.at("name"));
    if (!standing) co_return unknown_window(call.path.at("name"));
    auto object = to_json(*standing);
    json::array agents;
    for (const auto& agent : standing->agents)
        agents.emplace_back(agent);
    object["agents"] = std::move(agents);
    co_return json_response(std::move(object));
}

WindowEndpoints::Answer WindowEndpoints::save(Call call, bool is_new) {
    const auto& body = call.body;
    WindowRecord draft{.name = is_new ? *text_of(body, "name") : call.path.at("name"),
                       .targets = *text_of(body, "targets"),
                       .reason = text_of(body, "reason").value_or(""),
                       .cron = text_of(body, "cron"),
                       .zone = text_of(body, "time_zone").value_or("UTC"),
                       .duration_s = integer_of(body, "duration_s").value_or(0),
                       .from_ms = integer_of(body, "from").value_or(0) * 1000,
                       .until_ms = integer_of(body, "until").value_or(0) * 1000};
    if (is_new && !targets::is_group_name(draft.name)) {
        co_return http::problem(400,
                                "'name' is wrong: 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter "
                                "or a digit");
    }
    auto saved = co_await runtime::await_callback<Answered<WindowRecord>>([&](auto done) {
        if (is_new) {
            windows_.create(std::move(draft), call.identity.username, std::move(done));
        } else {
            windows_.replace(std::move(draft), call.identity.username, std::move(done));
        }
    });
    if (!saved) co_return to_problem(saved.error());
    co_return json_response(to_json(*saved), is_new ? 201 : 200);
}

WindowEndpoints::Answer WindowEndpoints::remove(Call call) {
    auto removed = co_await runtime::await_callback<Answered<WindowRecord>>(
        [&](auto done) { windows_.remove(call.path.at("name"), std::move(done)); });
    if (!removed) co_return to_problem(removed.error());
    co_return json_response(to_json(*removed));
}

}  // namespace cockpit::api

#include "server/api/schedule_endpoints.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "protocol/text.hpp"
#include "runtime/await_callback.hpp"
#include "server/api/problems.hpp"
#include "server/api/views.hpp"
#include "server/targets/expression.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

using Type = Field::Type;
using schedules::Answered;
using schedules::FiringRecord;
using schedules::ScheduleRecord;

constexpr std::size_t shown_times = 5;
const std::string schedules_path = "/api/cockpit-agent/schedules";

std::vector<Field> schedule_fields(bool with_name) {
    std::vector<Field> fields{
        {.name = "description", .description = "one line for people", .max_length = 500},
        {.name = "kind", .required = true, .description = "command, run or deployment"},
        {.name = "request",
         .type = Type::object,
         .required = true,
         .description = "what is started: as the body of the request that starts one by hand"},
        {.name = "cron",
         .required = true,
         .description = "docs/schedules.md has the language",
         .min_length = 1,
         .max_length = schedules::Cron::max_bytes},
        {.name = "time_zone", .description = "IANA name, default UTC", .max_length = 64},
        {.name = "enabled", .type = Type::boolean, .description = "default true"},
        {.name = "missed",
         .description = "skip, once or all: what was due while no server was there; default skip"},
        {.name = "missed_within_s",
         .type = Type::integer,
         .description = "how late it may still run, default 3600",
         .min = 10,
         .max = 7 * 86'400},
        {.name = "overlap",
         .description = "skip or allow: when the one before still runs; default skip"}};
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

ScheduleRecord draft_of(std::string name, const json::object& body) {
    return {.name = std::move(name),
            .description = text_of(body, "description").value_or(""),
            .kind = *text_of(body, "kind"),
            .request = json::serialize(body.at("request")),
            .cron = *text_of(body, "cron"),
            .zone = text_of(body, "time_zone").value_or("UTC"),
            .enabled = boolean_of(body, "enabled").value_or(true),
            .missed = text_of(body, "missed").value_or("skip"),
            .missed_within_s = integer_of(body, "missed_within_s").value_or(3'600),
            .overlap = text_of(body, "overlap").value_or("skip")};
}

json::object to_json(const ScheduleRecord& record) {
    boost::system::error_code failed;
    auto request = json::parse(record.request, failed);
    if (failed) request = nullptr;
    return {{"name", record.name},
            {"description", record.description},
            {"kind", record.kind},
            {"request", std::move(request)},
            {"cron", record.cron},
            {"time_zone", record.zone},
            {"enabled", record.enabled},
            {"missed", record.missed},
            {"missed_within_s", record.missed_within_s},
            {"overlap", record.overlap},
            {"created_by", record.created_by},
            {"created_at", iso_time(record.created_at_ms)},
            {"updated_by", record.updated_by},
            {"updated_at", iso_time(record.updated_at_ms)}};
}

json::object to_json(const FiringRecord& firing) {
    json::value id = nullptr;
    if (firing.launched_id) id = json::string(*firing.launched_id);
    return {{"schedule", firing.schedule},
            {"due_at", iso_time(firing.due_at_ms)},
            {"manual", firing.manual},
            {"state", firing.state},
            {"detail", protocol::to_utf8(firing.detail)},
            {"launched_id", std::move(id)},
            {"fired_by", firing.by},
            {"created_at", iso_time(firing.created_at_ms)}};
}

json::array times_of(const std::vector<std::int64_t>& times_ms) {
    json::array times;
    for (const auto time : times_ms)
        times.emplace_back(iso_time(time));
    return times;
}

// A schedule does what it does for whoever wrote it: nobody gets further by it than by hand.
std::optional<http::Response> not_permitted(const Call& call, std::string_view kind) {
    const std::string needed = kind == "deployment" ? "deployments:write" : "cockpit_agents:write";
    if (call.identity.may(needed)) return std::nullopt;
    return http::problem(403, "a schedule of kind '" + std::string(kind) +
                                  "' needs the permission " + needed + ", too");
}

http::Response unknown_schedule(const std::string& name) {
    return http::problem(404, "there is no schedule '" + name + "'");
}

}  // namespace

http::Response to_problem(const schedules::ScheduleError& error) {
    using Kind = schedules::ScheduleError::Kind;
    switch (error.kind) {
        case Kind::invalid:
            return http::problem(400, error.detail);
        case Kind::not_found:
            return http::problem(404, error.detail);
        case Kind::conflict:
            return http::problem(409, error.detail);
        case Kind::store_unavailable:
            return http::problem(503, error.detail);
    }
    return http::problem(500, error.detail);
}

void ScheduleEndpoints::add_to(Api& api) {
    api.add({.method = "GET",
             .pattern = schedules_path,
             .summary = "All schedules, by name",
             .permission = "schedules:read",
             .responses = {{200, "the schedules, each with its next time"}},
             .handle = [this](Call call) { return list(std::move(call)); },
             .answer = "Schedules"});
    api.add({.method = "GET",
             .pattern = schedules_path + "/preview",
             .summary = "The next times of a cron expression",
             .permission = "schedules:read",
             .query = {{.name = "cron",
                        .required = true,
                        .description = "docs/schedules.md has the language",
                        .max_length = schedules::Cron::max_bytes},
                       {.name = "time_zone", .description = "IANA name, default UTC"},
                       {.name = "count",
                        .type = Type::integer,
                        .description = "default 5",
                        .min = 1,
                        .max = 100}},
             .responses = {{200, "the times"}, {400, "the expression or the zone is wrong"}},
             .handle = [this](Call call) { return preview(std::move(call)); },
             .answer = "Times"});
    api.add({.method = "GET",
             .pattern = schedules_path + "/{name}",
             .summary = "One schedule, and its next times",
             .permission = "schedules:read",
             .responses = {{200, "the schedule"}, {404, "no such schedule"}},
             .handle = [this](Call call) { return find(std::move(call)); },
             .answer = "Schedule"});
    api.add({.method = "GET",
             .pattern = schedules_path + "/{name}/firings",
             .summary = "What became of its times, newest first",
             .permission = "schedules:read",
             .query = {{.name = "limit",
                        .type = Type::integer,
                        .description = "default 50",
                        .min = 1,
                        .max = 1'000}},
             .responses = {{200, "the firings"}, {404, "no such schedule"}},
             .handle = [this](Call call) { return firings(std::move(call)); },
             .answer = "Firings"});
    add_changes_to(api);
}

void ScheduleEndpoints::add_changes_to(Api& api) {
    api.add({.method = "POST",
             .pattern = schedules_path,
             .summary = "Make a schedule",
             .permission = "schedules:write",
             .body = schedule_fields(true),
             .responses = {{201, "the schedule"},
                           {400, "a field is wrong; the sentence says which"},
                           {409, "the name is taken"}},
             .handle = [this](Call call) { return create(std::move(call)); },
             .answer = "Schedule"});
    api.add({.method = "PUT",
             .pattern = schedules_path + "/{name}",
             .summary = "Replace all of a schedule but its name",
             .permission = "schedules:write",
             .body = schedule_fields(false),
             .responses = {{200, "the schedule"},
                           {400, "a field is wrong; the sentence says which"},
                           {404, "no such schedule"}},
             .handle = [this](Call call) { return replace(std::move(call)); },
             .answer = "Schedule"});
    api.add({.method = "DELETE",
             .pattern = schedules_path + "/{name}",
             .summary = "Remove a schedule and the history of its firings",
             .permission = "schedules:write",
             .responses = {{200, "the schedule as it was"}, {404, "no such schedule"}},
             .handle = [this](Call call) { return remove(std::move(call)); },
             .answer = "Schedule"});
    api.add({.method = "POST",
             .pattern = schedules_path + "/{name}/run",
             .summary = "Start it now, whatever is due and whatever runs",
             .permission = "schedules:write",
             .responses = {{200, "the firing; how it went is among the firings"},
                           {404, "no such schedule"}},
             .handle = [this](Call call) { return run(std::move(call)); },
             .answer = "Firing"});
}

ScheduleEndpoints::Answer ScheduleEndpoints::list(Call) {
    json::array all;
    for (const auto& [name, plan] : scheduler_.plans()) {
        auto object = to_json(plan.record);
        const auto next =
            plan.record.enabled ? scheduler_.next_dues_ms(plan, 1) : std::vector<std::int64_t>{};
        object["next"] = next.empty() ? json::value(nullptr) : json::value(iso_time(next[0]));
        all.push_back(std::move(object));
    }
    const auto total = all.size();
    co_return json_response(json::object{{"schedules", std::move(all)}, {"total", total}});
}

ScheduleEndpoints::Answer ScheduleEndpoints::find(Call call) {
    const auto found = scheduler_.plans().find(call.path.at("name"));
    if (found == scheduler_.plans().end()) co_return unknown_schedule(call.path.at("name"));
    auto object = to_json(found->second.record);
    object["next"] = found->second.record.enabled
                         ? times_of(scheduler_.next_dues_ms(found->second, shown_times))
                         : json::array{};
    co_return json_response(std::move(object));
}

ScheduleEndpoints::Answer ScheduleEndpoints::create(Call call) {
    auto draft = draft_of(*text_of(call.body, "name"), call.body);
    if (!targets::is_group_name(draft.name)) {
        co_return http::problem(400,
                                "'name' is wrong: 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter "
                                "or a digit");
    }
    if (auto refused = not_permitted(call, draft.kind)) co_return *std::move(refused);
    auto made = co_await runtime::await_callback<Answered<ScheduleRecord>>([&](auto done) {
        scheduler_.create(std::move(draft), call.identity.username, std::move(done));
    });
    if (!made) co_return to_problem(made.error());
    co_return json_response(to_json(*made), 201);
}

ScheduleEndpoints::Answer ScheduleEndpoints::replace(Call call) {
    auto draft = draft_of(call.path.at("name"), call.body);
    if (auto refused = not_permitted(call, draft.kind)) co_return *std::move(refused);
    auto changed = co_await runtime::await_callback<Answered<ScheduleRecord>>([&](auto done) {
        scheduler_.replace(std::move(draft), call.identity.username, std::move(done));
    });
    if (!changed) co_return to_problem(changed.error());
    co_return json_response(to_json(*changed));
}

ScheduleEndpoints::Answer ScheduleEndpoints::remove(Call call) {
    auto removed = co_await runtime::await_callback<Answered<ScheduleRecord>>(
        [&](auto done) { scheduler_.remove(call.path.at("name"), std::move(done)); });
    if (!removed) co_return to_problem(removed.error());
    co_return json_response(to_json(*removed));
}

ScheduleEndpoints::Answer ScheduleEndpoints::run(Call call) {
    if (const auto found = scheduler_.plans().find(call.path.at("name"));
        found != scheduler_.plans().end()) {
        if (auto refused = not_permitted(call, found->second.record.kind)) {
            co_return *std::move(refused);
        }
    }
    auto fired = co_await runtime::await_callback<Answered<FiringRecord>>([&](auto done) {
        scheduler_.run_now(call.path.at("name"), call.identity.username, std::move(done));
    });
    if (!fired) co_return to_problem(fired.error());
    co_return json_response(to_json(*fired));
}

ScheduleEndpoints::Answer ScheduleEndpoints::firings(Call call) {
    const auto name = call.path.at("name");
    if (!scheduler_.plans().contains(name)) co_return unknown_schedule(name);
    const auto limit = static_cast<int>(integer_of(call.query, "limit").value_or(50));
    using Found = dispatch::StoreResult<std::vector<FiringRecord>>;
    auto found = co_await runtime::await_callback<Found>(
        [&](auto done) { store_.firings(name, limit, std::move(done)); });
    if (!found) co_return to_problem(found.error());
    json::array all;
    for (const auto& firing : *found)
        all.push_back(to_json(firing));
    co_return json_response(json::object{{"schedule", name}, {"firings", std::move(all)}});
}

ScheduleEndpoints::Answer ScheduleEndpoints::preview(Call call) {
    const auto cron = schedules::Cron::parse(*text_of(call.query, "cron"));
    if (!cron) co_return http::problem(400, "'cron' is wrong: " + cron.error().text());
    const auto zone = schedules::Zone::find(text_of(call.query, "time_zone").value_or("UTC"));
    if (!zone) co_return http::problem(400, "'time_zone' is wrong: " + zone.error());
    const auto count = static_cast<std::size_t>(
        integer_of(call.query, "count").value_or(std::int64_t{shown_times}));
    auto times = schedules::next_dues(*cron, *zone, clock_.wall_ms() / 1000, count);
    for (auto& time : times)
        time *= 1000;
    co_return json_response(json::object{{"time_zone", zone->name()}, {"next", times_of(times)}});
}

}  // namespace cockpit::api

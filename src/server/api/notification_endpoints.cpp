#include "server/api/notification_endpoints.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_from.hpp>
#include <charconv>

#include "protocol/text.hpp"
#include "runtime/await_callback.hpp"
#include "server/api/paging.hpp"
#include "server/api/problems.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

using Type = Field::Type;
using notify::Delivery;
using notify::TargetRecord;
using Changed = notify::TargetBook::Changed;

const std::string targets_path = "/api/cockpit-agent/notifications/targets";
const std::string deliveries_path = "/api/cockpit-agent/notifications/deliveries";

std::vector<Field> target_fields() {
    return {{.name = "url",
             .description = "where webhook and slack send to, http:// or https://",
             .min_length = 1,
             .max_length = 2048},
            {.name = "secret",
             .description = "16 to 255 bytes; what is sent to a webhook is signed with it",
             .min_length = 1,
             .max_length = 255},
            {.name = "addresses",
             .type = Type::text_list,
             .description = "e-mail addresses, 1 to 50",
             .max_length = 50},
            {.name = "events",
             .type = Type::text_list,
             .description = "command.ended, host.changed, each also with :outcome, or *",
             .max_length = 50},
            {.name = "agents",
             .type = Type::text_list,
             .description = "only these hosts; * stands for any text; default all",
             .max_length = 1000},
            {.name = "enabled",
             .type = Type::boolean,
             .description = "false: nothing is sent, what waits is kept; default true"}};
}

notify::TargetFields fields_of(const json::object& body) {
    return {.url = text_of(body, "url"),
            .secret = text_of(body, "secret"),
            .addresses = list_of(body, "addresses"),
            .events = list_of(body, "events"),
            .agents = list_of(body, "agents"),
            .enabled = boolean_of(body, "enabled")};
}

json::value text_or_null(const std::optional<std::string>& text) {
    if (!text || text->empty()) return nullptr;
    return json::string(protocol::to_utf8(*text));
}

json::value number_or_null(const std::optional<int>& number) {
    if (!number) return nullptr;
    return *number;
}

json::object to_json(const Delivery& delivery) {
    const bool pending = delivery.state == notify::DeliveryState::pending;
    return {{"id", delivery.id},
            {"delivery_id", delivery.delivery_id},
            {"target", delivery.target},
            {"event", delivery.event},
            {"event_id", delivery.event_id},
            {"subject", delivery.subject},
            {"status", to_text(delivery.state)},
            {"attempts", delivery.attempts},
            {"created_at", iso_time(delivery.created_at_ms)},
            {"next_attempt_at",
             iso_time_or_null(pending ? std::optional(delivery.next_attempt_at_ms) : std::nullopt)},
            {"give_up_at", iso_time(delivery.give_up_at_ms)},
            {"last_attempt_at", iso_time_or_null(delivery.last_attempt_at_ms)},
            {"delivered_at", iso_time_or_null(delivery.delivered_at_ms)},
            {"last_status", number_or_null(delivery.last_status)},
            {"last_error", text_or_null(delivery.last_error)},
            {"last_response", text_or_null(delivery.last_response)}};
}

std::optional<std::int64_t> id_of(const Call& call) {
    const auto& text = call.path.at("id");
    std::int64_t id = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return id;
}

http::Response no_delivery(const Call& call) {
    return http::problem(404, "there is no delivery '" + call.path.at("id").substr(0, 64) + "'");
}

http::Response no_target(const std::string& name) {
    return http::problem(404, "there is no notification target '" + name.substr(0, 100) + "'");
}

}  // namespace

http::Response to_problem(const notify::TargetError& error) {
    using Kind = notify::TargetError::Kind;
    switch (error.kind) {
        case Kind::invalid:
            return http::problem(400, error.detail);
        case Kind::unknown:
            return http::problem(404, error.detail);
        case Kind::exists:
            return http::problem(409, error.detail);
        case Kind::store_unavailable:
            return http::problem(503, error.detail);
    }
    return http::problem(503, error.detail);
}

void NotificationEndpoints::add_to(Api& api) {
    add_targets_to(api);
    add_deliveries_to(api);
}

void NotificationEndpoints::add_targets_to(Api& api) {
    auto new_fields = target_fields();
    new_fields.insert(new_fields.begin(),
                      {{.name = "name",
                        .required = true,
                        .description = "what the target is called; never changes",
                        .min_length = 1,
                        .max_length = 100},
                       {.name = "kind",
                        .required = true,
                        .description = "webhook, slack or email",
                        .max_length = 20}});
    api.add({.method = "GET",
             .pattern = targets_path,
             .summary = "Who is notified of what, by name; secrets are never shown",
             .permission = "notifications:read",
             .responses = {{200, "the targets"}},
             .handle = [this](Call call) { return list_targets(std::move(call)); },
             .answer = "NotificationTargets"});
    api.add({.method = "POST",
             .pattern = targets_path,
             .summary = "Notify somebody of events",
             .permission = "notifications:write",
             .body = std::move(new_fields),
             .responses = {{201, "the target"},
                           {400, "a field is wrong, or does not fit the kind"},
                           {409, "the name is taken"}},
             .handle = [this](Call call) { return create_target(std::move(call)); },
             .answer = "NotificationTarget"});
    api.add({.method = "PATCH",
             .pattern = targets_path + "/{name}",
             .summary = "Change a target; what is not given stays",
             .permission = "notifications:write",
             .body = target_fields(),
             .responses = {{200, "the target"}, {400, "a field is wrong"}, {404, "no such target"}},
             .handle = [this](Call call) { return change_target(std::move(call)); },
             .answer = "NotificationTarget"});
    api.add({.method = "DELETE",
             .pattern = targets_path + "/{name}",
             .summary = "Remove a target; what it has not got yet becomes dead",
             .permission = "notifications:write",
             .responses = {{200, "it is gone"}, {404, "no such target"}},
             .handle = [this](Call call) { return remove_target(std::move(call)); },
             .answer = "Done"});
    api.add({.method = "POST",
             .pattern = targets_path + "/{name}/test",
             .summary = "Send a test event now and tell what happened; not kept, not tried again",
             .permission = "notifications:write",
             .responses = {{200, "whether it was delivered, and what the receiver answered"},
                           {404, "no such target"}},
             .handle = [this](Call call) { return try_target(std::move(call)); },
             .answer = "TestDelivery"});
}

void NotificationEndpoints::add_deliveries_to(Api& api) {
    api.add({.method = "GET",
             .pattern = deliveries_path,
             .summary = "Deliveries, newest first",
             .permission = "notifications:read",
             .query = with_page_fields(
                 {{.name = "state", .description = "only pending, delivered or dead ones"},
                  {.name = "target", .description = "only those for it", .max_length = 100}}),
             .responses = {{200, "a page"}},
             .handle = [this](Call call) { return list_deliveries(std::move(call)); },
             .answer = "DeliveryPage"});
    api.add({.method = "GET",
             .pattern = deliveries_path + "/{id}",
             .summary = "One delivery, with the event",
             .permission = "notifications:read",
             .responses = {{200, "the delivery"}, {404, "no such delivery"}},
             .handle = [this](Call call) { return show_delivery(std::move(call)); },
             .answer = "Delivery"});
    api.add({.method = "POST",
             .pattern = deliveries_path + "/{id}/resend",
             .summary = "Send a dead or delivered one again, with all its attempts",
             .permission = "notifications:write",
             .responses = {{200, "it is pending"},
                           {404, "no such delivery"},
                           {409, "it is pending already, or its target is gone"}},
             .handle = [this](Call call) { return resend(std::move(call)); },
             .answer = "Delivery"});
}

json::object NotificationEndpoints::view(const TargetRecord& record) const {
    return {{"name", record.name},
            {"kind", to_text(record.kind)},
            {"url", text_or_null(targets_.shown_url(record))},
            {"addresses", json::value_from(record.addresses)},
            {"events", json::value_from(record.events)},
            {"agents", json::value_from(record.agents)},
            {"enabled", record.enabled},
            {"created_by", record.created_by},
            {"created_at", iso_time(record.created_at_ms)},
            {"changed_at", iso_time(record.changed_at_ms)}};
}

NotificationEndpoints::Answer NotificationEndpoints::list_targets(Call) {
    const bool read = co_await runtime::await_callback<bool>(
        [&](auto done) { targets_.refresh(std::move(done)); });
    if (!read) co_return http::problem(503, "the database is not available; try again");
    json::array list;
    for (const auto& record : targets_.list())
        list.push_back(view(record));
    const auto total = list.size();
    co_return json_response(json::object{{"targets", std::move(list)}, {"total", total}});
}

NotificationEndpoints::Answer NotificationEndpoints::create_target(Call call) {
    const auto kind = notify::parse_target_kind(*text_of(call.body, "kind"));
    if (!kind) co_return http::problem(400, "'kind' must be webhook, slack or email");
    auto made = co_await runtime::await_callback<Changed>([&](auto done) {
        targets_.create(*text_of(call.body, "name"), *kind, fields_of(call.body),
                        call.identity.username, std::move(done));
    });
    if (!made) co_return to_problem(made.error());
    co_return json_response(view(*made), 201);
}

NotificationEndpoints::Answer NotificationEndpoints::change_target(Call call) {
    auto changed = co_await runtime::await_callback<Changed>([&](auto done) {
        targets_.change(call.path.at("name"), fields_of(call.body), std::move(done));
    });
    if (!changed) co_return to_problem(changed.error());
    co_return json_response(view(*changed));
}

NotificationEndpoints::Answer NotificationEndpoints::remove_target(Call call) {
    auto removed = co_await runtime::await_callback<Changed>(
        [&](auto done) { targets_.remove(call.path.at("name"), std::move(done)); });
    if (!removed) co_return to_problem(removed.error());
    co_return json_response(json::object{{"name", removed->name}, {"status", "removed"}});
}

NotificationEndpoints::Answer NotificationEndpoints::try_target(Call call) {
    const auto name = call.path.at("name");
    co_await runtime::await_callback<bool>([&](auto done) { targets_.refresh(std::move(done)); });
    const auto* found = targets_.find(name);
    if (found == nullptr) co_return no_target(name);
    const notify::Event event{.id = "test:" + name + ":" + std::to_string(clock_.wall_ms()),
                              .kind = std::string(notify::test_event),
                              .subject = name,
                              .text = "a test of the notification target " + name +
                                      ", asked for by " + call.identity.username,
                              .agent = std::nullopt,
                              .outcome = {},
                              .data = {},
                              .at_ms = clock_.wall_ms()};
    const auto outcome = co_await runtime::await_callback<notify::SendOutcome>(
        [&](auto done) { deliverer_.send_now(*found, event, std::move(done)); });
    co_return json_response(json::object{{"delivered", outcome.delivered},
                                         {"status", number_or_null(outcome.status)},
                                         {"error", text_or_null(outcome.error)},
                                         {"response", text_or_null(outcome.response)},
                                         {"took_ms", outcome.took_ms}});
}

NotificationEndpoints::Answer NotificationEndpoints::list_deliveries(Call call) {
    const auto wish = page_wish(call.query);
    if (!wish) co_return http::problem(400, wish.error());
    notify::DeliveryQuery query{
        .state = std::nullopt, .target = text_of(call.query, "target"), .limit = wish->limit + 1};
    query.before_id = wish->before_id;
    if (const auto state = text_of(call.query, "state")) {
        query.state = notify::parse_delivery_state(*state);
        if (!query.state) {
            co_return http::problem(400, "'state' must be pending, delivered or dead");
        }
    }
    auto found = co_await runtime::await_callback<notify::StoreResult<std::vector<Delivery>>>(
        [&](auto done) { outbox_.list_deliveries(query, std::move(done)); });
    if (!found) co_return to_problem(found.error());
    const bool more = found->size() == static_cast<std::size_t>(query.limit);
    if (more) found->pop_back();  // asked for only to know whether there is more
    auto next = next_cursor(more, found->empty() ? 0 : found->back().id);
    json::array list;
    for (const auto& delivery : *found)
        list.push_back(to_json(delivery));
    co_return json_response(
        json::object{{"deliveries", std::move(list)}, {"next_cursor", std::move(next)}});
}

NotificationEndpoints::Answer NotificationEndpoints::show_delivery(Call call) {
    const auto id = id_of(call);
    if (!id) co_return no_delivery(call);
    auto found = co_await runtime::await_callback<notify::StoreResult<std::optional<Delivery>>>(
        [&](auto done) { outbox_.find_delivery(*id, std::move(done)); });
    if (!found) co_return to_problem(found.error());
    if (!*found) co_return no_delivery(call);
    auto shown = to_json(**found);
    json::error_code failed;
    auto body = json::parse((*found)->body, failed);
    shown["body"] = failed ? json::value(json::string((*found)->body)) : std::move(body);
    co_return json_response(std::move(shown));
}

NotificationEndpoints::Answer NotificationEndpoints::resend(Call call) {
    const auto id = id_of(call);
    if (!id) co_return no_delivery(call);
    const auto again = co_await runtime::await_callback<notify::StoreResult<bool>>(
        [&](auto done) { deliverer_.resend(*id, std::move(done)); });
    if (!again) co_return to_problem(again.error());
    auto found = co_await runtime::await_callback<notify::StoreResult<std::optional<Delivery>>>(
        [&](auto done) { outbox_.find_delivery(*id, std::move(done)); });
    if (!found) co_return to_problem(found.error());
    if (!*found) co_return no_delivery(call);
    if (*again) co_return json_response(to_json(**found));
    if ((*found)->state == notify::DeliveryState::pending) {
        co_return http::problem(409, "the delivery is pending already");
    }
    co_return http::problem(409, "the target '" + (*found)->target + "' is gone");
}

}  // namespace cockpit::api

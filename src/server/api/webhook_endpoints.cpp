#include "server/api/webhook_endpoints.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

#include "protocol/text.hpp"
#include "runtime/await_callback.hpp"
#include "server/api/problems.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

using notify::HookRecord;
using notify::PushRecord;
using Changed = notify::IncomingHooks::Changed;

const std::string path = "/api/cockpit-agent/webhooks";

json::object to_json(const HookRecord& record) {
    return {{"name", record.name},
            {"provider", to_text(record.provider)},
            {"path", path + "/" + record.name},
            {"created_by", record.created_by},
            {"created_at", iso_time(record.created_at_ms)}};
}

json::string text(const std::string& bytes) {
    return json::string(protocol::to_utf8(bytes));
}

json::object to_json(const PushRecord& record) {
    return {{"id", record.id},
            {"delivery_id", text(record.push.delivery_id)},
            {"repository", text(record.push.repository)},
            {"urls", json::value_from(record.push.urls)},
            {"branch", text(record.push.branch)},
            {"before", text(record.push.before)},
            {"after", text(record.push.after)},
            {"pusher", text(record.push.pusher)},
            {"outcome", text(record.outcome)},
            {"received_at", iso_time(record.received_at_ms)}};
}

http::Response to_response(const notify::Reception& reception) {
    using Kind = notify::Reception::Kind;
    switch (reception.kind) {
        case Kind::recorded:
            return json_response(
                json::object{{"status", "recorded"}, {"outcome", reception.detail}}, 202);
        case Kind::repeated:
            return json_response(
                json::object{{"status", "repeated"}, {"reason", reception.detail}});
        case Kind::ignored:
            return json_response(json::object{{"status", "ignored"}, {"reason", reception.detail}});
        case Kind::refused:
            return http::problem(401, reception.detail);
        case Kind::malformed:
            return http::problem(400, reception.detail);
        case Kind::limited: {
            auto response = http::problem(429, reception.detail);
            response.headers.emplace_back("Retry-After",
                                          std::to_string(reception.retry_after_ms / 1000 + 1));
            return response;
        }
        case Kind::unavailable:
            return http::problem(503, reception.detail);
    }
    return http::problem(503, reception.detail);
}

}  // namespace

void WebhookEndpoints::add_to(Api& api) {
    api.add({.method = "POST",
             .pattern = path + "/{name}",
             .summary = "For git servers: tell of a push; authenticated by its signature",
             .guard = Endpoint::Guard::open,
             .responses = {{200, "it was there before, or is of no use here; the reason is told"},
                           {202, "a push, written down; the outcome is told"},
                           {400, "it is authentic, but cannot be understood"},
                           {401, "no such webhook, or not signed with its secret"},
                           {429, "too many from this address; see Retry-After"},
                           {503, "the database is away; send it again"}},
             .handle = [this](Call call) { return receive(std::move(call)); },
             .raw = true,
             .answer = "Done"});
    api.add({.method = "GET",
             .pattern = path,
             .summary = "The incoming webhooks, by name; secrets are never shown",
             .permission = "notifications:read",
             .responses = {{200, "the webhooks"}},
             .handle = [this](Call call) { return list(std::move(call)); },
             .answer = "Webhooks"});
    api.add(
        {.method = "POST",
         .pattern = path,
         .summary = "Let a git server tell of pushes",
         .permission = "notifications:write",
         .body = {{.name = "name",
                   .required = true,
                   .description = "what it is called; part of its address",
                   .min_length = 1,
                   .max_length = 100},
                  {.name = "provider",
                   .required = true,
                   .description = "github, gitlab or gitea",
                   .max_length = 20},
                  {.name = "secret",
                   .required = true,
                   .description = "16 to 255 bytes; the git server is told the same",
                   .min_length = 1,
                   .max_length = 255}},
         .responses = {{201, "the webhook"}, {400, "a field is wrong"}, {409, "the name is taken"}},
         .handle = [this](Call call) { return create(std::move(call)); },
         .answer = "Webhook"});
    api.add({.method = "DELETE",
             .pattern = path + "/{name}",
             .summary = "Remove an incoming webhook; what came in by it is kept",
             .permission = "notifications:write",
             .responses = {{200, "it is gone"}, {404, "no such webhook"}},
             .handle = [this](Call call) { return remove(std::move(call)); },
             .answer = "Done"});
    api.add({.method = "GET",
             .pattern = path + "/{name}/pushes",
             .summary = "What came in by a webhook, newest first, and what came of it",
             .permission = "notifications:read",
             .query = {{.name = "limit",
                        .type = Field::Type::integer,
                        .description = "how many at most, default 50",
                        .min = 1,
                        .max = 1000}},
             .responses = {{200, "the pushes"}},
             .handle = [this](Call call) { return pushes(std::move(call)); },
             .answer = "Pushes"});
}

WebhookEndpoints::Answer WebhookEndpoints::receive(Call call) {
    const auto reception = co_await runtime::await_callback<notify::Reception>([&](auto done) {
        hooks_.receive(call.path.at("name"), call.peer, std::move(call.headers),
                       std::move(call.raw_body), std::move(done));
    });
    co_return to_response(reception);
}

WebhookEndpoints::Answer WebhookEndpoints::list(Call) {
    auto found = co_await runtime::await_callback<notify::StoreResult<std::vector<HookRecord>>>(
        [&](auto done) { store_.load_hooks(std::move(done)); });
    if (!found) co_return to_problem(found.error());
    json::array shown;
    for (const auto& record : *found)
        shown.push_back(to_json(record));
    const auto total = shown.size();
    co_return json_response(json::object{{"webhooks", std::move(shown)}, {"total", total}});
}

WebhookEndpoints::Answer WebhookEndpoints::create(Call call) {
    const auto provider = notify::parse_provider(*text_of(call.body, "provider"));
    if (!provider) co_return http::problem(400, "'provider' must be github, gitlab or gitea");
    auto made = co_await runtime::await_callback<Changed>([&](auto done) {
        hooks_.create(*text_of(call.body, "name"), *provider, *text_of(call.body, "secret"),
                      call.identity.username, std::move(done));
    });
    if (!made) co_return to_problem(made.error());
    co_return json_response(to_json(*made), 201);
}

WebhookEndpoints::Answer WebhookEndpoints::remove(Call call) {
    auto removed = co_await runtime::await_callback<Changed>(
        [&](auto done) { hooks_.remove(call.path.at("name"), std::move(done)); });
    if (!removed) co_return to_problem(removed.error());
    co_return json_response(json::object{{"name", removed->name}, {"status", "removed"}});
}

WebhookEndpoints::Answer WebhookEndpoints::pushes(Call call) {
    auto found = co_await runtime::await_callback<notify::StoreResult<std::vector<PushRecord>>>(
        [&](auto done) {
            store_.list_pushes(call.path.at("name"),
                               static_cast<int>(integer_of(call.query, "limit").value_or(50)),
                               std::move(done));
        });
    if (!found) co_return to_problem(found.error());
    json::array shown;
    for (const auto& record : *found)
        shown.push_back(to_json(record));
    co_return json_response(json::object{{"pushes", std::move(shown)}});
}

}  // namespace cockpit::api

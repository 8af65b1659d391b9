#include "server/api/deployment_endpoints.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/array.hpp>

#include "runtime/await_callback.hpp"
#include "server/api/deployment_events.hpp"
#include "server/api/deployment_views.hpp"
#include "server/api/paging.hpp"
#include "server/api/problems.hpp"
#include "server/api/views.hpp"
#include "server/deployments/template_files.hpp"
#include "server/targets/expression.hpp"

namespace cockpit::api {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

using Type = Field::Type;
using deployments::Deployment;
using deployments::DeploymentRecord;
using deployments::Error;
using deployments::Wish;
using Started = std::expected<DeploymentRecord, Error>;

const std::string deployments_path = "/api/cockpit-agent/deployments";

std::vector<Field> deployment_fields() {
    return {{.name = "files",
             .type = Type::object_list,
             .description = "what is to be committed: each with 'path', from the service's path, "
                            "and one of 'content', 'content_base64', 'remove': true; none: what "
                            "the templates make, or else what the branch holds",
             .max_length = deployments::most_files},
            {.name = "message", .description = "of the commit", .max_length = 4096},
            {.name = "force",
             .type = Type::boolean,
             .description = "restart and check where nothing changed, and in maintenance, too"},
            {.name = "targets",
             .description = "only those of the service's hosts that this means, too",
             .max_length = targets::Expression::max_bytes},
            {.name = "revert",
             .description = "id of an earlier deployment: the files it changed become what they "
                            "were before it",
             .max_length = 64}};
}

http::Response no_such_deployment(const std::string& id) {
    return http::problem(404, "there is no deployment " + id.substr(0, 64));
}

}  // namespace

void DeploymentEndpoints::add_to(Api& api) {
    api.add({.method = "POST",
             .pattern = "/api/cockpit-agent/services/{name}/preview",
             .summary = "What a deployment would commit, and to whom it would go",
             .permission = "deployments:write",
             .body = deployment_fields(),
             .responses = {{200, "the differences and the hosts; nothing was changed anywhere"},
                           {400, "a field is wrong, a variable has no value, or nobody is meant"},
                           {404, "no such service"},
                           {409, "the repository cannot be reached"}},
             .handle = [this](Call call) { return preview(std::move(call)); },
             .answer = "Preview"});
    api.add({.method = "POST",
             .pattern = "/api/cockpit-agent/services/{name}/deployments",
             .summary = "Commit, push, pull on the hosts, restart, check; roll back what fails",
             .permission = "deployments:write",
             .body = deployment_fields(),
             .responses = {{201, "the deployment; it goes on by itself"},
                           {400, "a field is wrong, a variable has no value, or nobody is meant"},
                           {404, "no such service"},
                           {409, "it is being deployed, or the Idempotency-Key was used"}},
             .handle = [this](Call call) { return start(std::move(call)); },
             .answer = "Deployment"});
    add_readers_to(api);
    add_wishes_to(api);
}

void DeploymentEndpoints::add_readers_to(Api& api) {
    api.add({.method = "GET",
             .pattern = deployments_path,
             .summary = "Deployments, newest first",
             .permission = "deployments:read",
             .query = with_page_fields(
                 {{.name = "service", .description = "of this service only", .max_length = 100}}),
             .responses = {{200, "a page"}},
             .handle = [this](Call call) { return list(std::move(call)); },
             .answer = "DeploymentPage"});
    api.add({.method = "GET",
             .pattern = deployments_path + "/{deployment_id}",
             .summary = "How a deployment stands, host by host and step by step",
             .permission = "deployments:read",
             .responses = {{200, "the deployment"}, {404, "no such deployment"}},
             .handle = [this](Call call) { return find(std::move(call)); },
             .answer = "Deployment"});
    api.add({.method = "GET",
             .pattern = deployments_path + "/{deployment_id}/events",
             .summary = "The same, live: an event each time it changed, until it has ended",
             .permission = "deployments:read",
             .responses = {{200, "server-sent events"},
                           {404, "no such deployment"},
                           {503, "too many read live"}},
             .handle = [this](Call call) { return events(std::move(call)); }});
}

void DeploymentEndpoints::add_wishes_to(Api& api) {
    const auto add = [&](std::string word, std::string summary, Wish wish) {
        api.add({.method = "POST",
                 .pattern = deployments_path + "/{deployment_id}/" + word,
                 .summary = std::move(summary),
                 .permission = "deployments:write",
                 .responses = {{200, "written down; 'asked' is empty again once it is done"},
                               {404, "no such deployment"},
                               {409, "it has ended, or is being cancelled, or is not paused"}},
                 .handle = [this, wish](Call call) { return this->wish(std::move(call), wish); },
                 .answer = "Deployment"});
    };
    add("pause", "Begin no other host; those under way end", Wish::pause);
    add("resume", "Go on with a paused deployment", Wish::resume);
    add("cancel", "Begin no other host, and roll back those under way", Wish::cancel);
}

DeploymentEndpoints::Answer DeploymentEndpoints::preview(Call call) {
    auto request = deployments::deployment_request_of(call.body);
    if (!request) co_return http::problem(400, request.error());
    using Shown = std::expected<deployments::Preview, Error>;
    auto shown = co_await runtime::await_callback<Shown>([&](auto done) {
        ports_.engine.preview(call.path.at("name"), *std::move(request), std::move(done));
    });
    if (!shown) co_return to_problem(shown.error());
    co_return json_response(to_json(*shown));
}

DeploymentEndpoints::Answer DeploymentEndpoints::start(Call call) {
    auto request = deployments::deployment_request_of(call.body);
    if (!request) co_return http::problem(400, request.error());
    deployments::StartDeployment wanted{.service = call.path.at("name"),
                                        .request = *std::move(request),
                                        .by = call.identity.username,
                                        .idempotency_key = call.idempotency_key};
    auto started = co_await runtime::await_callback<Started>(
        [&](auto done) { ports_.engine.start(std::move(wanted), std::move(done)); });
    if (!started) co_return to_problem(started.error());
    co_return json_response(to_json(*started), 201);
}

DeploymentEndpoints::Answer DeploymentEndpoints::list(Call call) {
    const auto wish = page_wish(call.query);
    if (!wish) co_return http::problem(400, wish.error());
    using Page = deployments::StoreResult<deployments::DeploymentPage>;
    auto page = co_await runtime::await_callback<Page>([&](auto done) {
        ports_.store.list_deployments(wish->limit, wish->before_id,
                                      text_of(call.query, "service").value_or(""), std::move(done));
    });
    if (!page) co_return to_problem(page.error());
    json::array list;
    for (const auto& deployment : page->deployments)
        list.push_back(to_json(deployment));
    auto next = next_cursor(page->more, page->more ? page->deployments.back().id : 0);
    co_return json_response(
        json::object{{"deployments", std::move(list)}, {"next_cursor", std::move(next)}});
}

DeploymentEndpoints::Answer DeploymentEndpoints::find(Call call) {
    using Found = deployments::StoreResult<std::optional<Deployment>>;
    const auto id = call.path.at("deployment_id");
    auto found = co_await runtime::await_callback<Found>(
        [&](auto done) { ports_.store.find_deployment(id, std::move(done)); });
    if (!found) co_return to_problem(found.error());
    if (!*found) co_return no_such_deployment(id);
    co_return json_response(to_json(**found));
}

DeploymentEndpoints::Answer DeploymentEndpoints::events(Call call) {
    using Found = deployments::StoreResult<std::optional<Deployment>>;
    const auto id = call.path.at("deployment_id");
    auto found = co_await runtime::await_callback<Found>(
        [&](auto done) { ports_.store.find_deployment(id, std::move(done)); });
    if (!found) co_return to_problem(found.error());
    if (!*found) co_return no_such_deployment(id);
    auto occupied = slots_.take();
    if (!occupied) co_return slots_.none_left();
    co_return http::Response{
        .content_type = "text/event-stream",
        .headers = {{"X-Accel-Buffering", "no"}},  // nginx would hold events back
        .stream = deployment_events(co_await asio::this_coro::executor, ports_.store, id,
                                    std::move(occupied))};
}

DeploymentEndpoints::Answer DeploymentEndpoints::wish(Call call, Wish wish) {
    auto wished = co_await runtime::await_callback<Started>([&](auto done) {
        ports_.engine.wish(call.path.at("deployment_id"), wish, call.identity.username,
                           std::move(done));
    });
    if (!wished) co_return to_problem(wished.error());
    co_return json_response(to_json(*wished));
}

}  // namespace cockpit::api

#include "server/api/service_endpoints.hpp"

#include <boost/json/array.hpp>

#include "runtime/await_callback.hpp"
#include "server/api/deployment_views.hpp"
#include "server/api/problems.hpp"
#include "server/api/run_fields.hpp"
#include "server/api/views.hpp"
#include "server/deployments/template_files.hpp"
#include "server/targets/expression.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

using Type = Field::Type;
using deployments::ServiceRecord;
using Found = std::expected<ServiceRecord, deployments::Error>;

const std::string services_path = "/api/cockpit-agent/services";

std::vector<Field> service_fields(bool with_name) {
    std::vector<Field> fields{
        {.name = "remote",
         .required = true,
         .description = "the repository: https://…, ssh://… or user@host:path",
         .max_length = 1000},
        {.name = "branch", .description = "default main", .max_length = 200},
        {.name = "path",
         .description = "of the service's files in the repository; empty: its root",
         .max_length = 1000},
        {.name = "author_name", .description = "of commits, default Cockpit", .max_length = 200},
        {.name = "author_email", .description = "default cockpit@localhost", .max_length = 200},
        {.name = "credentials",
         .type = Type::object,
         .description = "kind (none, password, ssh_key), username, secret, known_hosts"},
        {.name = "targets",
         .required = true,
         .description = "who gets it: an expression of docs/targets.md",
         .min_length = 1,
         .max_length = targets::Expression::max_bytes},
        {.name = "repository_path",
         .required = true,
         .description = "of the clone on the hosts; in their GIT_REPO_PATH",
         .max_length = 1000},
        {.name = "container",
         .description = "restarted after a change; empty: none",
         .max_length = 255},
        {.name = "check",
         .type = Type::object,
         .description = "parameters of health_check; empty: nothing is checked"},
        {.name = "templates",
         .type = Type::object_list,
         .description = "files made for each deployment: path and body",
         .max_length = deployments::most_templates},
        {.name = "variables", .type = Type::object, .description = "of every host, by name"},
        {.name = "group_variables", .type = Type::object, .description = "by group, by name"},
        {.name = "host_variables", .type = Type::object, .description = "by agent id, by name"},
        {.name = "deploy_on_push",
         .type = Type::boolean,
         .description = "a push of this branch deploys it (docs/notifications.md)"}};
    for (auto& field : manner_fields())
        fields.push_back(std::move(field));
    if (with_name) {
        fields.insert(fields.begin(), {.name = "name",
                                       .required = true,
                                       .description = "letters, digits, dots, underscores, hyphens",
                                       .min_length = 1,
                                       .max_length = 100});
    }
    return fields;
}

}  // namespace

void ServiceEndpoints::add_to(Api& api) {
    api.add({.method = "GET",
             .pattern = services_path,
             .summary = "All services, by name",
             .permission = "deployments:read",
             .responses = {{200, "the services"}},
             .handle = [this](Call call) { return list(std::move(call)); },
             .answer = "Services"});
    api.add({.method = "GET",
             .pattern = services_path + "/{name}",
             .summary = "A service",
             .permission = "deployments:read",
             .responses = {{200, "the service, without its secret"}, {404, "no such service"}},
             .handle = [this](Call call) { return find(std::move(call)); },
             .answer = "Service"});
    api.add({.method = "POST",
             .pattern = services_path,
             .summary = "Make a service",
             .permission = "services:write",
             .body = service_fields(true),
             .responses = {{201, "the service"},
                           {400, "a field is wrong; the sentence says which"},
                           {409, "the name is taken"}},
             .handle = [this](Call call) { return create(std::move(call)); },
             .answer = "Service"});
    api.add({.method = "PUT",
             .pattern = services_path + "/{name}",
             .summary = "Replace all of a service but its name and, unless given, its credentials",
             .permission = "services:write",
             .body = service_fields(false),
             .responses = {{200, "the service"},
                           {400, "a field is wrong; the sentence says which"},
                           {404, "no such service"}},
             .handle = [this](Call call) { return replace(std::move(call)); },
             .answer = "Service"});
    api.add({.method = "DELETE",
             .pattern = services_path + "/{name}",
             .summary = "Remove a service; its deployments stay in the history",
             .permission = "services:write",
             .responses = {{200, "the service as it was"},
                           {404, "no such service"},
                           {409, "it is being deployed"}},
             .handle = [this](Call call) { return remove(std::move(call)); },
             .answer = "Service"});
}

ServiceEndpoints::Answer ServiceEndpoints::list(Call) {
    using All = deployments::StoreResult<std::vector<ServiceRecord>>;
    auto found = co_await runtime::await_callback<All>(
        [&](auto done) { store_.list_services(std::move(done)); });
    if (!found) co_return to_problem(found.error());
    json::array list;
    for (const auto& service : *found)
        list.push_back(to_json(service));
    const auto total = list.size();
    co_return json_response(json::object{{"services", std::move(list)}, {"total", total}});
}

ServiceEndpoints::Answer ServiceEndpoints::find(Call call) {
    auto found = co_await runtime::await_callback<Found>(
        [&](auto done) { book_.find(call.path.at("name"), std::move(done)); });
    if (!found) co_return to_problem(found.error());
    co_return json_response(to_json(*found));
}

ServiceEndpoints::Answer ServiceEndpoints::create(Call call) {
    auto made = co_await runtime::await_callback<Found>([&](auto done) {
        book_.create(*text_of(call.body, "name"), call.body, call.identity.username,
                     std::move(done));
    });
    if (!made) co_return to_problem(made.error());
    co_return json_response(to_json(*made), 201);
}

ServiceEndpoints::Answer ServiceEndpoints::replace(Call call) {
    auto changed = co_await runtime::await_callback<Found>([&](auto done) {
        book_.replace(call.path.at("name"), call.body, call.identity.username, std::move(done));
    });
    if (!changed) co_return to_problem(changed.error());
    co_return json_response(to_json(*changed));
}

ServiceEndpoints::Answer ServiceEndpoints::remove(Call call) {
    auto removed = co_await runtime::await_callback<Found>(
        [&](auto done) { book_.remove(call.path.at("name"), std::move(done)); });
    if (!removed) co_return to_problem(removed.error());
    co_return json_response(to_json(*removed));
}

}  // namespace cockpit::api

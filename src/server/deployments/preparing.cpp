#include "server/deployments/preparing.hpp"

#include <algorithm>
#include <boost/json/value.hpp>
#include <charconv>
#include <set>

#include "server/deployments/template_files.hpp"

namespace cockpit::deployments {
namespace json = boost::json;
namespace {

std::unexpected<Error> invalid(std::string detail, std::optional<std::size_t> column = {}) {
    return std::unexpected(Error{Error::Kind::invalid, std::move(detail), column});
}

// Those of the service that the request means, too.
std::expected<std::vector<dispatch::AgentView>, Error> hosts_of(
    const Service& service, const DeploymentRequest& request, const targets::Targeting& targeting) {
    auto all = targeting.select(service.targets);
    if (!all) {
        return invalid("'targets' of service '" + service.name +
                       "' is wrong by now: " + all.error().text());
    }
    auto hosts = std::move(all->agents);
    if (!request.expression.empty()) {
        const auto some = targeting.select(request.expression);
        if (!some) {
            return invalid("'targets' is wrong: " + some.error().text(), some.error().column);
        }
        std::set<std::string> meant;
        for (const auto& agent : some->agents)
            meant.insert(agent.id.text());
        std::erase_if(hosts, [&](const auto& host) { return !meant.contains(host.id.text()); });
    }
    if (hosts.empty()) {
        std::string detail =
            "no host is meant, so there is nowhere to deploy: the service has " + service.targets;
        if (!request.expression.empty()) detail += ", and of those only " + request.expression;
        for (const auto& note : all->notes)
            detail += "; " + note;
        return invalid(std::move(detail));
    }
    if (hosts.size() > runs::most_hosts) {
        return invalid(std::to_string(hosts.size()) + " hosts are meant, and a deployment has at " +
                       "most " + std::to_string(runs::most_hosts));
    }
    return hosts;
}

std::vector<TemplateHost> template_hosts_of(const std::vector<dispatch::AgentView>& hosts,
                                            const targets::Targeting& targeting) {
    const auto standing = targeting.standing(hosts);
    std::vector<TemplateHost> known;
    for (std::size_t i = 0; i < hosts.size(); ++i)
        known.push_back({hosts[i].id.text(), hosts[i].hostname, standing[i].groups});
    return known;
}

std::expected<std::vector<FileChange>, Error> changes_of(const Service& service,
                                                         const DeploymentRequest& request,
                                                         const std::vector<TemplateHost>& hosts) {
    if (!request.revert.empty()) return request.reverted;
    std::vector<FileChange> changes;
    std::set<std::string> paths;
    for (const auto& file : request.files) {
        changes.push_back({full_path(service, file.path), file.content});
        paths.insert(changes.back().path);
    }
    if (service.templates.empty()) return changes;
    auto made = render_templates(service, hosts);
    if (!made) return invalid(made.error());
    for (auto& file : *made) {
        if (!paths.insert(file.path).second) {
            return invalid("'files' has '" + file.path +
                           "', which a template of the service makes; change the template");
        }
        changes.push_back(std::move(file));
    }
    return changes;
}

// Numbers that stand in a variable are text there.
json::value as_number(std::string_view name, const std::string& text) {
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = failed == std::errc() && end == text.data() + text.size();
    if (is_number && (name == "port" || name == "status")) return json::value(number);
    return json::value(text);
}

std::expected<Pipeline, Error> pipeline_of(const Service& service, const TemplateHost& host,
                                           bool forced) {
    Pipeline pipeline{.repository_path = {},
                      .branch = service.branch,
                      .container = {},
                      .check = service.check,
                      .forced = forced};
    std::optional<Error> failed;
    const auto render = [&](const std::string& field, const std::string& text) {
        auto made = render_text(service, host, text);
        if (!made && !failed) {
            failed = Error{Error::Kind::invalid, "'" + field + "' of service '" + service.name +
                                                     "' for host '" + host.agent_id +
                                                     "': " + made.error()};
        }
        return made.value_or(std::string());
    };
    pipeline.repository_path = render("repository_path", service.repository_path);
    pipeline.container = render("container", service.container);
    for (auto& [name, value] : pipeline.check) {
        if (!value.is_string()) continue;
        const auto made = render("check." + std::string(name), std::string(value.get_string()));
        value = as_number(name, made);
    }
    if (!failed && !pipeline.repository_path.starts_with('/')) {
        failed =
            Error{Error::Kind::invalid,
                  "'repository_path' of service '" + service.name + "' for host '" + host.agent_id +
                      "' must be an absolute path, and is '" + pipeline.repository_path + "'"};
    }
    if (failed) return std::unexpected(*std::move(failed));
    return pipeline;
}

}  // namespace

std::expected<Prepared, Error> prepare(const ServiceRecord& record,
                                       const DeploymentRequest& request,
                                       const targets::Targeting& targeting) {
    auto service = service_of(record.name, record.definition);
    if (!service) return std::unexpected(Error{Error::Kind::invalid, service.error()});
    auto hosts = hosts_of(*service, request, targeting);
    if (!hosts) return std::unexpected(std::move(hosts.error()));
    const auto known = template_hosts_of(*hosts, targeting);
    auto changes = changes_of(*service, request, known);
    if (!changes) return std::unexpected(std::move(changes.error()));
    Prepared prepared{.service = *std::move(service),
                      .hosts = {},
                      .pipelines = {},
                      .changes = *std::move(changes)};
    for (const auto& host : known) {
        auto pipeline = pipeline_of(prepared.service, host, request.forced);
        if (!pipeline) return std::unexpected(std::move(pipeline.error()));
        prepared.hosts.push_back(host.agent_id);
        prepared.pipelines.push_back(*std::move(pipeline));
    }
    return prepared;
}

std::string secret_place(const std::string& service) {
    return "cockpit_services/" + service;
}

std::expected<GitAccess, Error> access_to(const Service& service, const ServiceRecord& record,
                                          const crypto::SecretBox& box) {
    GitAccess access{.service = service.name,
                     .remote = service.remote,
                     .branch = service.branch,
                     .credentials = {.kind = service.credentials,
                                     .username = service.username,
                                     .secret = {},
                                     .known_hosts = service.known_hosts}};
    if (service.credentials == GitCredentials::Kind::none) return access;
    auto secret = record.sealed_secret ? box.open(*record.sealed_secret, secret_place(service.name))
                                       : std::nullopt;
    if (!secret) {
        return std::unexpected(
            Error{Error::Kind::conflict,
                  "the credentials of service '" + service.name +
                      "' cannot be read: they were sealed with another key than this server's "
                      "server.key; give them again"});
    }
    access.credentials.secret = *std::move(secret);
    return access;
}

}  // namespace cockpit::deployments

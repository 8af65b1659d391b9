#include "server/deployments/deployment_engine.hpp"

#include <algorithm>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "log/log.hpp"
#include "server/deployments/driven_deployment.hpp"

namespace cockpit::deployments {
namespace {

// All that makes two requests the same one; times and ids are not of it.
std::string digest_of(const StartDeployment& request) {
    std::string text = request.service;
    for (const auto& part : {to_text(request.request.files), request.request.message,
                             std::string(request.request.forced ? "forced" : ""),
                             request.request.expression, request.request.revert}) {
        text += '\0';
        text += part;
    }
    return crypto::to_hex(crypto::sha256(text));
}

std::string message_of(const StartDeployment& request) {
    if (!request.request.revert.empty()) return "Take back deployment " + request.request.revert;
    return "Deploy " + request.service;
}

Error no_such_deployment(const std::string& id) {
    return {Error::Kind::not_found, "there is no deployment " + id.substr(0, 64)};
}

Error of_git(const GitError& error) {
    const bool ours = error.kind == GitError::Kind::invalid;
    return {ours ? Error::Kind::invalid : Error::Kind::conflict, error.detail};
}

std::vector<std::string> paths_of(const std::vector<FileChange>& changes) {
    std::vector<std::string> paths;
    for (const auto& change : changes)
        paths.push_back(change.path);
    return paths;
}

std::string changes_place(const std::string& deployment_id) {
    return "cockpit_deployments/" + deployment_id;
}

}  // namespace

Error unavailable(const dispatch::StoreError& error) {
    log::error("the store of deployments failed", {{"error", error.message}});
    return {Error::Kind::store_unavailable,
            "the database is not available: nothing was changed; try again"};
}

DeploymentEngine::DeploymentEngine(EngineSettings settings, Ports ports)
    : settings_(std::move(settings)), ports_(std::move(ports)) {}
DeploymentEngine::~DeploymentEngine() = default;

void DeploymentEngine::start(StartDeployment request, Done done) {
    auto name = request.service;
    ports_.services.find_service(std::move(name), [this, request = std::move(request),
                                                   done = std::move(done)](auto found) mutable {
        if (!found) return done(std::unexpected(unavailable(found.error())));
        if (!*found) {
            return done(std::unexpected(
                Error{Error::Kind::not_found,
                      "there is no service '" + request.service.substr(0, 100) + "'"}));
        }
        auto wanted = request.request;
        resolve(**found, std::move(wanted),
                [this, service = **found, request = std::move(request),
                 done = std::move(done)](Resolved resolved) mutable {
                    if (!resolved) return done(std::unexpected(std::move(resolved.error())));
                    request.request = *std::move(resolved);
                    begin(service, request, std::move(done));
                });
    });
}

void DeploymentEngine::begin(const ServiceRecord& service, const StartDeployment& request,
                             Done done) {
    auto prepared = prepare(service, request.request, ports_.targeting);
    if (!prepared) return done(std::unexpected(std::move(prepared.error())));
    Deployment deployment;
    auto& record = deployment.record;
    record = {.deployment_id = ports_.new_id(),
              .service = request.service,
              .definition = service.definition,
              .message = request.request.message,
              .forced = request.request.forced,
              .expression = request.request.expression,
              .paths = paths_of(prepared->changes),
              .sealed_changes = std::nullopt,
              .created_by = request.by,
              .created_at_ms = ports_.clock.wall_ms(),
              .ended_at_ms = std::nullopt,
              .idempotency_key = request.idempotency_key,
              .request_digest = digest_of(request),
              .base = {},
              .commit = {},
              .steps = {},
              .progress = {},
              .wish = std::nullopt,
              .wished_by = {},
              .lease_owner = {}};
    if (record.message.empty()) record.message = message_of(request);
    record.sealed_changes =
        ports_.box.seal(to_text(prepared->changes), changes_place(record.deployment_id));
    const runs::RunRules rules(prepared->service.manner.limits, std::move(prepared->hosts));
    record.progress = rules.progress();
    for (std::size_t i = 0; i < rules.hosts().size(); ++i) {
        const auto& host = rules.hosts()[i];
        DeployedHost deployed;
        deployed.agent_id = host.agent_id;
        deployed.wave = host.wave;
        deployed.pipeline = std::move(prepared->pipelines[i]);
        deployment.hosts.push_back(std::move(deployed));
    }
    add(std::move(deployment), std::move(done));
}

void DeploymentEngine::add(Deployment deployment, Done done) {
    auto& record = deployment.record;
    record.lease_owner = settings_.owner;
    record.lease_until_ms = ports_.clock.wall_ms() + settings_.lease_ms;
    record.total = deployment.hosts.size();
    auto stored = deployment;
    ports_.store.add_deployment(
        std::move(stored), [this, deployment = std::move(deployment),
                            done = std::move(done)](StoreResult<bool> added) mutable {
            if (!added) {
                log::error("a deployment could not be added", {{"error", added.error().message}});
                return done(std::unexpected(Error{
                    Error::Kind::store_unavailable,
                    "the database did not answer, and the deployment may have been written down "
                    "or not: see GET /api/cockpit-agent/deployments, or ask again with the same "
                    "Idempotency-Key"}));
            }
            if (!*added) return answer_repeated(deployment.record, std::move(done));
            auto started = deployment.record;
            const auto id = started.deployment_id;
            drive(std::move(deployment));
            done(std::move(started));
            look(id);
        });
}

void DeploymentEngine::answer_repeated(const DeploymentRecord& wanted, Done done) {
    auto by_service = [this, service = wanted.service](Done done) {
        ports_.store.list_deployments(
            1, std::nullopt, service,
            [service, done = std::move(done)](StoreResult<DeploymentPage> page) mutable {
                if (!page) return done(std::unexpected(unavailable(page.error())));
                const auto which = page->deployments.empty()
                                       ? std::string("another deployment")
                                       : "deployment " + page->deployments[0].deployment_id;
                done(std::unexpected(
                    Error{Error::Kind::conflict, "service '" + service + "' is being deployed by " +
                                                     which + ": wait for its end, or cancel it"}));
            });
    };
    if (!wanted.idempotency_key) return by_service(std::move(done));
    ports_.store.find_deployment_by_key(
        wanted.created_by, *wanted.idempotency_key,
        [by_service = std::move(by_service), digest = wanted.request_digest,
         done = std::move(done)](auto found) mutable {
            if (!found) return done(std::unexpected(unavailable(found.error())));
            if (!*found) return by_service(std::move(done));
            if ((*found)->request_digest == digest) return done(**std::move(found));
            done(std::unexpected(
                Error{Error::Kind::conflict,
                      "this Idempotency-Key was used with another request, which made deployment " +
                          (*found)->deployment_id}));
        });
}

Preview DeploymentEngine::preview_of(const Prepared& prepared,
                                     const DeploymentRequest& request) const {
    Preview preview;
    const runs::RunRules rules(prepared.service.manner.limits, prepared.hosts);
    for (std::size_t i = 0; i < rules.hosts().size(); ++i) {
        const auto& host = rules.hosts()[i];
        PreviewHost shown{.agent_id = host.agent_id, .wave = host.wave, .in_the_way = {}};
        dispatch::Submission like{.agent = *protocol::AgentId::parse(host.agent_id),
                                  .command = {},
                                  .params = {},
                                  .sent_by = {},
                                  .queue_for_ms = prepared.service.manner.sending.queue_for_ms,
                                  .forced = request.forced};
        if (auto obstacle = obstacle_of(like, prepared.pipelines[i])) {
            shown.in_the_way = std::move(obstacle->detail);
        }
        preview.hosts.push_back(std::move(shown));
    }
    return preview;
}

void DeploymentEngine::preview(std::string service, DeploymentRequest request,
                               runtime::Callback<std::expected<Preview, Error>> done) {
    auto name = service;
    ports_.services.find_service(std::move(name), [this, service, request = std::move(request),
                                                   done = std::move(done)](auto found) mutable {
        if (!found) return done(std::unexpected(unavailable(found.error())));
        if (!*found) {
            return done(std::unexpected(
                Error{Error::Kind::not_found, "there is no service '" + service + "'"}));
        }
        resolve(**found, std::move(request),
                [this, service = **found, done = std::move(done)](Resolved resolved) mutable {
                    if (!resolved) return done(std::unexpected(std::move(resolved.error())));
                    compare(service, *resolved, std::move(done));
                });
    });
}

void DeploymentEngine::compare(const ServiceRecord& service, const DeploymentRequest& request,
                               runtime::Callback<std::expected<Preview, Error>> done) {
    auto prepared = prepare(service, request, ports_.targeting);
    if (!prepared) return done(std::unexpected(std::move(prepared.error())));
    auto access = access_to(prepared->service, service, ports_.box);
    if (!access) return done(std::unexpected(std::move(access.error())));
    auto preview = preview_of(*prepared, request);
    ports_.git.compare(*std::move(access), std::move(prepared->changes),
                       [preview = std::move(preview),
                        done = std::move(done)](GitAnswer<Comparison> compared) mutable {
                           if (!compared) return done(std::unexpected(of_git(compared.error())));
                           preview.base = std::move(compared->base);
                           preview.files = std::move(compared->files);
                           done(std::move(preview));
                       });
}

void DeploymentEngine::wish(std::string id, Wish wish, std::string by, Done done) {
    ports_.store.wish_of_deployment(
        id, wish, std::move(by),
        [this, id, wish, done = std::move(done)](StoreResult<bool> taken) mutable {
            if (!taken) return done(std::unexpected(unavailable(taken.error())));
            look_at_ms_ = 0;  // at the next tick
            ports_.store.find_deployment(
                id, [id, wish, taken = *taken, done = std::move(done)](auto found) mutable {
                    if (!found) return done(std::unexpected(unavailable(found.error())));
                    if (!*found) return done(std::unexpected(no_such_deployment(id)));
                    auto& record = (*found)->record;
                    if (taken) return done(std::move(record));
                    std::string detail = "deployment " + id;
                    if (record.wish == Wish::cancel && !is_final(record.state)) {
                        detail += " is being cancelled";
                    } else if (wish == Wish::resume && !is_final(record.state)) {
                        detail += " is not paused: it is " + std::string(to_text(record.state));
                    } else {
                        detail += " has ended: it is " + std::string(to_text(record.state));
                    }
                    done(std::unexpected(Error{Error::Kind::conflict, std::move(detail)}));
                });
        });
}

void DeploymentEngine::order_commit(Driven& driven, const ServiceRecord& record) {
    const auto id = driven.record.deployment_id;
    auto fail = [&](Error::Kind, std::string detail) {
        on_committed(id, std::unexpected(GitError{GitError::Kind::invalid, std::move(detail)}));
    };
    auto access = access_to(driven.service, record, ports_.box);
    if (!access) return fail(access.error().kind, access.error().detail);
    const auto text = driven.record.sealed_changes
                          ? ports_.box.open(*driven.record.sealed_changes, changes_place(id))
                          : std::nullopt;
    auto changes = text ? changes_of_text(*text) : std::nullopt;
    if (!changes) {
        return fail(Error::Kind::conflict,
                    "the files to commit cannot be read: they were sealed with another key than "
                    "this server's server.key, or altered in the database");
    }
    if (changes->empty()) {
        return ports_.git.head(*std::move(access), [this, id](GitAnswer<std::string> head) {
            if (!head) return on_committed(id, std::unexpected(head.error()));
            on_committed(id, CommitResult{.base = *head, .commit = *head});
        });
    }
    ports_.git.commit(
        {.access = *std::move(access),
         .changes = *std::move(changes),
         .message = driven.record.message,
         .author_name = driven.service.author_name,
         .author_email = driven.service.author_email,
         .mark = "Cockpit-Deployment: " + id},
        [this, id](GitAnswer<CommitResult> result) { on_committed(id, std::move(result)); });
}

}  // namespace cockpit::deployments

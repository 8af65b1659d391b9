// Taking an earlier deployment back: the files it changed, as they were before it.

#include "log/log.hpp"
#include "server/deployments/deployment_engine.hpp"
#include "server/deployments/preparing.hpp"

namespace cockpit::deployments {
namespace {

std::unexpected<Error> failed(Error::Kind kind, std::string detail) {
    return std::unexpected(Error{kind, std::move(detail)});
}

// What stands against it; nothing: it can be taken back.
std::optional<Error> wrong_with(const std::optional<Deployment>& earlier,
                                const std::string& service, const std::string& id) {
    if (!earlier || earlier->record.service != service) {
        return Error{Error::Kind::invalid, "'revert' is wrong: there is no deployment " +
                                               id.substr(0, 64) + " of service '" + service + "'"};
    }
    const auto& record = earlier->record;
    if (!is_final(record.state)) {
        return Error{Error::Kind::conflict,
                     "deployment " + id + " has not ended: cancel it, and it is rolled back"};
    }
    if (record.commit.empty() || record.commit == record.base || record.paths.empty()) {
        return Error{Error::Kind::conflict,
                     "deployment " + id + " committed nothing, so there is nothing to take back"};
    }
    return std::nullopt;
}

}  // namespace

void DeploymentEngine::resolve(const ServiceRecord& service, DeploymentRequest request,
                               runtime::Callback<Resolved> done) {
    if (request.revert.empty()) return done(std::move(request));
    const auto id = request.revert;
    ports_.store.find_deployment(id, [this, service, request = std::move(request),
                                      done = std::move(done)](auto found) mutable {
        if (!found) return done(std::unexpected(unavailable(found.error())));
        if (auto wrong = wrong_with(*found, service.name, request.revert)) {
            return done(std::unexpected(*std::move(wrong)));
        }
        const auto definition = service_of(service.name, service.definition);
        if (!definition) return done(failed(Error::Kind::invalid, definition.error()));
        auto access = access_to(*definition, service, ports_.box);
        if (!access) return done(std::unexpected(std::move(access.error())));
        const auto& record = (*found)->record;
        ports_.git.files_at(
            *std::move(access), record.base, record.paths,
            [request = std::move(request),
             done = std::move(done)](GitAnswer<std::vector<FileChange>> files) mutable {
                if (!files) return done(failed(Error::Kind::conflict, files.error().detail));
                request.reverted = *std::move(files);
                done(std::move(request));
            });
    });
}

}  // namespace cockpit::deployments

#include "server/deployments/service_book.hpp"

#include <boost/json/serialize.hpp>

#include "log/log.hpp"

namespace cockpit::deployments {
namespace json = boost::json;
namespace {

using Kind = GitCredentials::Kind;

std::unexpected<Error> failed(Error::Kind kind, std::string detail) {
    return std::unexpected(Error{kind, std::move(detail)});
}

std::unexpected<Error> unavailable(const dispatch::StoreError& error) {
    log::error("the store of services failed", {{"error", error.message}});
    return failed(Error::Kind::store_unavailable,
                  "the database is not available: nothing was changed; try again");
}

std::unexpected<Error> no_such_service(const std::string& name) {
    return failed(Error::Kind::not_found, "there is no service '" + name.substr(0, 100) +
                                              "'; GET /api/cockpit-agent/services lists them");
}

// The credentials as they were, in a draft that does not mention any.
void keep_credentials(ServiceDraft& draft, const Service& before) {
    draft.service.credentials = before.credentials;
    draft.service.username = before.username;
    draft.service.known_hosts = before.known_hosts;
    draft.definition["credentials"] = json::object{{"kind", to_text(before.credentials)},
                                                   {"username", before.username},
                                                   {"known_hosts", before.known_hosts}};
}

}  // namespace

std::expected<ServiceDraft, Error> ServiceBook::checked(const std::string& name,
                                                        const json::object& request) const {
    auto draft = service_draft_of(name, request, allow_local_);
    if (!draft) return failed(Error::Kind::invalid, draft.error());
    if (const auto meant = targeting_.select(draft->service.targets); !meant) {
        return std::unexpected(Error{Error::Kind::invalid,
                                     "'targets' is wrong: " + meant.error().text(),
                                     meant.error().column});
    }
    return *std::move(draft);
}

// `record` holds what was sealed before, if anything.
std::expected<void, Error> ServiceBook::settle_credentials(ServiceDraft& draft,
                                                           ServiceRecord& record) const {
    if (draft.service.credentials == Kind::none) {
        record.sealed_secret.reset();
    } else if (draft.secret) {
        record.sealed_secret = box_.seal(*draft.secret, secret_place(record.name));
    } else if (!record.sealed_secret) {
        return failed(Error::Kind::invalid, "'credentials' needs 'secret'");
    }
    return {};
}

void ServiceBook::create(std::string name, const json::object& request, std::string by, Done done) {
    auto draft = checked(name, request);
    if (!draft) return done(std::unexpected(std::move(draft.error())));
    const auto now = clock_.wall_ms();
    ServiceRecord record{.name = std::move(name),
                         .definition = {},
                         .sealed_secret = std::nullopt,
                         .created_by = by,
                         .created_at_ms = now,
                         .updated_by = by,
                         .updated_at_ms = now,
                         .pushed_commit = {},
                         .pushed_by = {}};
    if (auto settled = settle_credentials(*draft, record); !settled) {
        return done(std::unexpected(std::move(settled.error())));
    }
    record.definition = json::serialize(draft->definition);
    auto stored = record;
    store_.add_service(std::move(stored), [record = std::move(record), done = std::move(done)](
                                              StoreResult<bool> added) mutable {
        if (!added) return done(unavailable(added.error()));
        if (!*added) {
            return done(
                failed(Error::Kind::conflict, "there is a service '" + record.name +
                                                  "' already; PUT /api/cockpit-agent/services/" +
                                                  record.name + " changes it"));
        }
        done(std::move(record));
    });
}

void ServiceBook::replace(std::string name, const json::object& request, std::string by,
                          Done done) {
    auto draft = checked(name, request);
    if (!draft) return done(std::unexpected(std::move(draft.error())));
    find(name, [this, draft = *std::move(draft), by = std::move(by),
                done = std::move(done)](std::expected<ServiceRecord, Error> found) mutable {
        if (!found) return done(std::move(found));
        auto& record = *found;
        const auto before = service_of(record.name, record.definition);
        const bool elsewhere = !before || before->remote != draft.service.remote;
        if (!draft.names_credentials && before) keep_credentials(draft, *before);
        const bool other_kind = before && before->credentials != draft.service.credentials;
        if ((elsewhere || other_kind) && !draft.secret) {
            if (draft.service.credentials != Kind::none && record.sealed_secret && elsewhere) {
                return done(failed(Error::Kind::invalid,
                                   "'remote' is another one than before, so 'credentials' must be "
                                   "given again, with 'secret'"));
            }
            record.sealed_secret.reset();
        }
        if (auto settled = settle_credentials(draft, record); !settled) {
            return done(std::unexpected(std::move(settled.error())));
        }
        record.definition = json::serialize(draft.definition);
        record.updated_by = std::move(by);
        record.updated_at_ms = clock_.wall_ms();
        auto stored = record;
        store_.replace_service(std::move(stored),
                               [record = std::move(record),
                                done = std::move(done)](StoreResult<bool> replaced) mutable {
                                   if (!replaced) return done(unavailable(replaced.error()));
                                   if (!*replaced) return done(no_such_service(record.name));
                                   done(std::move(record));
                               });
    });
}

void ServiceBook::remove(std::string name, Done done) {
    find(name, [this, done = std::move(done)](std::expected<ServiceRecord, Error> found) mutable {
        if (!found) return done(std::move(found));
        auto key = found->name;
        store_.remove_service(std::move(key), [record = *std::move(found), done = std::move(done)](
                                                  StoreResult<bool> removed) mutable {
            if (!removed) return done(unavailable(removed.error()));
            if (!*removed) {
                return done(failed(Error::Kind::conflict,
                                   "service '" + record.name +
                                       "' is being deployed; cancel that, or wait for its end"));
            }
            done(std::move(record));
        });
    });
}

void ServiceBook::find(std::string name, Done done) {
    auto key = name;
    store_.find_service(std::move(key),
                        [name = std::move(name), done = std::move(done)](auto found) mutable {
                            if (!found) return done(unavailable(found.error()));
                            if (!*found) return done(no_such_service(name));
                            done(**std::move(found));
                        });
}

}  // namespace cockpit::deployments

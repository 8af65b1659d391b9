#include "server/notify/incoming_hooks.hpp"

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "log/log.hpp"

namespace cockpit::notify {
namespace {

using Kind = Reception::Kind;

constexpr dispatch::RateLimit rate{.per_second = 10, .burst = 100};
constexpr std::string_view no_deployment = "no deployment matches";

std::string place_of(const std::string& name) {
    return "cockpit_incoming_webhooks/" + name + "/secret";
}

Reception unavailable(const dispatch::StoreError& error) {
    log::error("an incoming webhook was not taken in", {{"error", error.message}});
    return {Kind::unavailable, "the database is not available; send it again"};
}

std::unexpected<TargetError> not_written(const dispatch::StoreError& error) {
    log::error("an incoming webhook was not written", {{"error", error.message}});
    return std::unexpected(
        TargetError{TargetError::Kind::store_unavailable,
                    "the database is not available: nothing was changed; try again"});
}

}  // namespace

IncomingHooks::IncomingHooks(IncomingStore& store, const runtime::Clock& clock,
                             const crypto::SecretBox& box, PushListener* listener)
    : store_(store), clock_(clock), box_(box), listener_(listener), permits_(rate) {}

void IncomingHooks::receive(std::string name, std::string peer, HeaderMap headers, std::string body,
                            runtime::Callback<Reception> done) {
    if (const auto wait = permits_.take(peer, clock_.steady_ms()); wait > 0) {
        return done({Kind::limited,
                     "too many webhooks from " + peer + ": at most 10 a second, 100 at once",
                     wait});
    }
    auto key = name;
    store_.find_hook(std::move(key), [this, name = std::move(name), headers = std::move(headers),
                                      body = std::move(body),
                                      done = std::move(done)](auto found) mutable {
        if (!found) return done(unavailable(found.error()));
        // An unknown name is verified too, against a secret nobody has, so that neither words nor
        // time tell which names there are.
        std::string secret = "nobody has this";
        auto provider = Provider::github;
        bool known = false;
        if (*found) {
            provider = (*found)->provider;
            const auto opened = box_.open((*found)->sealed_secret, place_of(name));
            known = opened.has_value();
            if (opened) secret = *opened;
            if (!opened) {
                log::error("the secret of an incoming webhook was sealed with another server key",
                           {{"webhook", name}});
            }
        }
        const bool authentic = is_authentic(provider, secret, headers, body);
        if (!known || !authentic) {
            return done({Kind::refused,
                         "there is no such webhook, or the request is not signed with its secret"});
        }
        take(**found, headers, body, std::move(done));
    });
}

void IncomingHooks::take(const HookRecord& hook, const HeaderMap& headers, const std::string& body,
                         runtime::Callback<Reception> done) {
    auto read = read_push(hook.provider, headers, body);
    if (!read) return done({Kind::malformed, read.error()});
    if (!read->push) return done({Kind::ignored, read->ignored_because});
    read->push->hook = hook.name;
    PushRecord record{.push = *read->push,
                      .body_digest = crypto::to_hex(crypto::sha256(body)),
                      .outcome = "received",
                      .received_at_ms = clock_.wall_ms()};
    store_.add_push(std::move(record), [this, push = *std::move(read->push),
                                        done = std::move(done)](auto added) mutable {
        if (!added) return done(unavailable(added.error()));
        if (!*added) {
            return done({Kind::repeated, "this delivery was taken in before; nothing was done"});
        }
        log::info("push taken in", {{"webhook", push.hook},
                                    {"repository", push.repository},
                                    {"branch", push.branch},
                                    {"commit", push.after}});
        hand_on(**added, std::move(push), std::move(done));
    });
}

void IncomingHooks::hand_on(std::int64_t id, Push push, runtime::Callback<Reception> done) {
    auto settle = [this, id, done = std::move(done)](std::string outcome) mutable {
        store_.set_push_outcome(id, outcome,
                                [outcome, done = std::move(done)](auto written) mutable {
                                    if (!written) {
                                        log::error("the outcome of a push was not written",
                                                   {{"error", written.error().message}});
                                    }
                                    done({Kind::recorded, outcome});
                                });
    };
    if (listener_ == nullptr) return settle(std::string(no_deployment));
    listener_->on_push(std::move(push), std::move(settle));
}

void IncomingHooks::create(std::string name, Provider provider, std::string secret, std::string by,
                           runtime::Callback<Changed> done) {
    auto wrong = wrong_name(name);
    if (!wrong) wrong = wrong_secret(secret);
    if (wrong) {
        return done(std::unexpected(TargetError{TargetError::Kind::invalid, *wrong}));
    }
    HookRecord record{.name = name,
                      .provider = provider,
                      .sealed_secret = box_.seal(secret, place_of(name)),
                      .created_by = std::move(by),
                      .created_at_ms = clock_.wall_ms()};
    store_.add_hook(record, [record, done = std::move(done)](auto added) mutable {
        if (!added) return done(not_written(added.error()));
        if (!*added) {
            return done(std::unexpected(
                TargetError{TargetError::Kind::exists,
                            "there is an incoming webhook '" + record.name + "' already"}));
        }
        done(std::move(record));
    });
}

void IncomingHooks::remove(std::string name, runtime::Callback<Changed> done) {
    auto key = name;
    store_.remove_hook(
        std::move(key), [name = std::move(name), done = std::move(done)](auto removed) mutable {
            if (!removed) return done(not_written(removed.error()));
            if (!*removed) {
                return done(std::unexpected(TargetError{
                    TargetError::Kind::unknown, "there is no incoming webhook '" + name + "'"}));
            }
            done(HookRecord{.name = name});
        });
}

}  // namespace cockpit::notify

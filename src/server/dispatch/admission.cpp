#include "server/dispatch/admission.hpp"

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"
#include "log/log.hpp"

namespace cockpit::dispatch {
namespace {

constexpr std::int64_t note_pause_ms = 10'000;
// Strangers must not be able to fill the log either.
constexpr std::int64_t log_pause_ms = 100;

std::string_view why_not(RedeemFailure failure) {
    switch (failure) {
        case RedeemFailure::unknown:
            return "this server knows no such join token";
        case RedeemFailure::expired:
            return "the join token has expired";
        case RedeemFailure::used_up:
            return "the join token has been used up";
    }
    return "the join token is not valid";
}

constexpr std::string_view new_token_hint =
    ": make a new one with `cockpit-server join-token` and set COCKPIT_JOIN_TOKEN on the host";

std::string key_name(const std::string& base64) {
    const auto key = crypto::PublicKey::from_base64(base64);
    return key ? key->id() : "ill-formed";
}

}  // namespace

IssuedToken issue_join_token(std::int64_t uses, std::int64_t expires_at_ms, std::string created_by,
                             std::int64_t now_ms) {
    const auto id = crypto::to_hex(crypto::random_bytes(6));
    const auto secret = crypto::to_base64url(crypto::random_bytes(24));
    return {id + "." + secret, JoinToken{.id = id,
                                         .secret_hash = crypto::to_hex(crypto::sha256(secret)),
                                         .expires_at_ms = expires_at_ms,
                                         .uses_left = uses,
                                         .created_by = std::move(created_by),
                                         .created_at_ms = now_ms}};
}

Admission::Admission(const runtime::Clock& clock, AgentDirectory& directory, AgentStore& store,
                     AgentLink& link)
    : clock_(clock), directory_(directory), store_(store), link_(link) {}

void Admission::restore(runtime::Callback<StoreResult<bool>> done) {
    store_.load_agents([this, done = std::move(done)](auto records) mutable {
        if (!records) return done(std::unexpected(records.error()));
        directory_.restore(*records);
        done(true);
    });
}

void Admission::refresh() {
    store_.load_agents([this](auto records) {
        if (!records) return;
        std::vector<AgentRecord> changed;
        for (auto& record : *records) {
            const auto id = protocol::AgentId::parse(record.agent_id);
            const auto* known = id ? directory_.key(*id) : nullptr;
            if (!id || !record.public_key || (known && *known == *record.public_key)) continue;
            directory_.set_keys(*id, record.public_key, record.pending_public_key);
            changed.push_back(std::move(record));
        }
        directory_.restore(changed);
    });
}

AgentRecord Admission::record_of(const protocol::Hello& hello) const {
    const auto now = clock_.wall_ms();
    return {.agent_id = hello.agent.text(),
            .public_key = hello.public_key,
            .hostname = hello.hostname,
            .version = hello.version,
            .first_seen_ms = now,
            .last_seen_ms = now,
            .commands = protocol::to_text(hello.commands),
            .labels = hello.labels};
}

void Admission::on_hello(const protocol::Hello& hello, bool answer,
                         runtime::Callback<bool> settled) {
    const auto* known = directory_.key(hello.agent);
    if (known == nullptr) return join(hello, answer, std::move(settled));
    if (*known != hello.public_key) return note_changed_key(hello, answer, std::move(settled));

    accept(hello, answer);
    if (!answer) return settled(true);
    // Once per connection, so the list shows name, version and time of a host that stays away
    // later.
    auto record = record_of(hello);
    if (const auto view = directory_.find(hello.agent, clock_.wall_ms())) {
        record.pending_public_key = view->pending_public_key;
    }
    store_.save_agent(std::move(record), [settled = std::move(settled)](auto saved) mutable {
        if (!saved)
            log::warning("a host's last visit was not written", {{"error", saved.error().message}});
        settled(true);
    });
}

void Admission::accept(const protocol::Hello& hello, bool answer) {
    const auto now = clock_.wall_ms();
    const bool fresh = directory_.on_hello(hello, now);
    if (!answer) return;
    if (fresh)
        log::info("host connected", {{"agent_id", hello.agent.text()}, {"version", hello.version}});
    link_.send(protocol::Ack{.agent = hello.agent, .accepted = true, .issued_at_ms = now});
}

void Admission::refuse(const protocol::Hello& hello, bool answer, std::string why) {
    if (!answer) return;
    const auto now = clock_.wall_ms();
    if (now - refusal_logged_ms_ >= log_pause_ms) {
        refusal_logged_ms_ = now;
        log::warning("a host was not admitted", {{"agent_id", hello.agent.text()},
                                                 {"key", key_name(hello.public_key)},
                                                 {"reason", why}});
    }
    link_.send(protocol::Ack{
        .agent = hello.agent, .accepted = false, .detail = std::move(why), .issued_at_ms = now});
}

void Admission::note_changed_key(const protocol::Hello& hello, bool answer,
                                 runtime::Callback<bool> settled) {
    if (!answer) return settled(true);
    refuse(hello, answer,
           "the key of this host has changed to " + key_name(hello.public_key) +
               ": an administrator must accept it (POST /api/cockpit-agent/" + hello.agent.text() +
               "/accept-key) or the host must get its old key file back");
    const auto now = clock_.wall_ms();
    const auto view = directory_.find(hello.agent, now);
    auto& noted = noted_ms_[hello.agent];
    if (!view || view->pending_public_key == hello.public_key || now - noted < note_pause_ms) {
        return settled(true);
    }
    noted = now;
    auto record = record_of(hello);
    record.public_key = view->public_key;
    record.pending_public_key = hello.public_key;
    record.hostname = view->hostname;
    record.version = view->version;
    store_.save_agent(std::move(record), [this, agent = hello.agent, accepted = view->public_key,
                                          pending = hello.public_key,
                                          settled = std::move(settled)](auto saved) mutable {
        if (saved) directory_.set_keys(agent, accepted, pending);
        settled(saved.has_value());
    });
}

void Admission::join(const protocol::Hello& hello, bool answer, runtime::Callback<bool> settled) {
    if (!answer) return settled(true);
    if (!hello.join) {
        refuse(hello, answer,
               "this server does not know the host and it brought no join token" +
                   std::string(new_token_hint));
        return settled(true);
    }
    const auto& token_id = hello.join->token_id;
    store_.find_join_token(
        token_id, [this, hello, settled = std::move(settled)](auto found) mutable {
            if (!found) return settled(false);
            const auto input = protocol::join_proof_input(hello.agent, hello.public_key);
            const auto mac = crypto::from_base64(hello.join->mac);
            const bool proven = *found && mac &&
                                crypto::equal_in_constant_time(
                                    *mac, crypto::hmac_sha256((*found)->secret_hash, input));
            if (!proven) {
                refuse(hello, true,
                       (*found ? std::string("the host does not hold the join token it names")
                               : std::string(why_not(RedeemFailure::unknown))) +
                           std::string(new_token_hint));
                return settled(true);
            }
            store_.redeem_join_token(
                hello.join->token_id, clock_.wall_ms(), record_of(hello),
                [this, hello, settled = std::move(settled)](auto redeemed) mutable {
                    if (!redeemed) return settled(false);
                    if (const auto& failure = *redeemed) {
                        refuse(hello, true,
                               std::string(why_not(*failure)) + std::string(new_token_hint));
                        return settled(true);
                    }
                    log::info("a host joined", {{"agent_id", hello.agent.text()},
                                                {"key", key_name(hello.public_key)},
                                                {"token", hello.join->token_id}});
                    directory_.set_keys(hello.agent, hello.public_key, std::nullopt);
                    accept(hello, true);
                    settled(true);
                });
        });
}

void Admission::accept_key(const protocol::AgentId& id, const std::string& public_key,
                           const std::string& by,
                           runtime::Callback<std::expected<AgentView, AcceptKeyError>> done) {
    using Kind = AcceptKeyError::Kind;
    const auto now = clock_.wall_ms();
    const auto view = directory_.find(id, now);
    if (!view) {
        return done(std::unexpected(
            AcceptKeyError{Kind::unknown_agent, "no host is known as '" + id.text() + "'"}));
    }
    if (view->pending_public_key != public_key) {
        return done(std::unexpected(
            AcceptKeyError{Kind::not_the_pending_key,
                           view->pending_public_key
                               ? "the key that waits to be accepted is " + *view->pending_public_key
                               : "no changed key waits to be accepted for this host"}));
    }
    AgentRecord record{.agent_id = id.text(),
                       .public_key = public_key,
                       .hostname = view->hostname,
                       .version = view->version,
                       .first_seen_ms = now,
                       .last_seen_ms = now,
                       .labels = view->labels};
    store_.save_agent(std::move(record), [this, id, public_key, by,
                                          done = std::move(done)](auto saved) mutable {
        if (!saved) {
            log::error("an accepted key was not written",
                       {{"agent_id", id.text()}, {"error", saved.error().message}});
            return done(std::unexpected(AcceptKeyError{
                Kind::store_unavailable, "the database is not available; nothing was changed"}));
        }
        log::info("a changed key was accepted",
                  {{"agent_id", id.text()}, {"key", key_name(public_key)}, {"by", by}});
        directory_.set_keys(id, public_key, std::nullopt);
        done(*directory_.find(id, clock_.wall_ms()));
    });
}

void Admission::introduce(const protocol::AgentId& id, const std::string& public_key,
                          runtime::Callback<StoreResult<bool>> done) {
    const auto now = clock_.wall_ms();
    AgentRecord record{.agent_id = id.text(),
                       .public_key = public_key,
                       .hostname = id.text(),
                       .first_seen_ms = now,
                       .last_seen_ms = now};
    store_.save_agent(std::move(record),
                      [this, id, public_key, done = std::move(done)](auto saved) mutable {
                          if (saved) directory_.set_keys(id, public_key, std::nullopt);
                          done(std::move(saved));
                      });
}

}  // namespace cockpit::dispatch

// Dispatcher: how a command is taken in.

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "log/log.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/dispatch/sealing.hpp"

namespace cockpit::dispatch {
namespace json = boost::json;
using protocol::CommandState;
namespace {

std::string name_list(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names)
        list += (list.empty() ? "" : ", ") + name;
    return list.empty() ? "none" : list;
}

SubmitError too_fast(const std::string& agent, const RateLimit& rate, std::int64_t wait_ms) {
    return {SubmitError::Kind::rate_limited,
            "agent '" + agent + "' is given " + std::to_string(rate.per_second) +
                " commands per second at most, " + std::to_string(rate.burst) +
                " at once (AGENT_RATE_LIMIT, AGENT_RATE_BURST): nothing was sent; try again in " +
                std::to_string((wait_ms + 999) / 1000) + " s",
            wait_ms};
}

SubmitError unknown(const protocol::AgentId& agent) {
    return {SubmitError::Kind::unknown_agent,
            "no agent is known as '" + agent.text() +
                "': GET /api/cockpit-agent/list shows those that are"};
}

}  // namespace

std::optional<SubmitError> Dispatcher::obstacle(Submission submission) const {
    const auto view = directory_.find(submission.agent, clock_.wall_ms());
    if (!view) return unknown(submission.agent);
    return check(submission, *view);
}

std::map<std::string, std::vector<const CommandRecord*>> Dispatcher::open_by_agent() const {
    std::map<std::string, std::vector<const CommandRecord*>> found;
    for (const auto& [id, open] : open_)
        found[open.record.agent_id].push_back(&open.record);
    return found;
}

void Dispatcher::submit(Submission submission, runtime::Callback<Submitted> done) {
    if (!submission.idempotency) {
        const auto view = directory_.find(submission.agent, clock_.wall_ms());
        if (!view) return done(std::unexpected(unknown(submission.agent)));
        if (auto refusal = check(submission, *view)) {
            return done(std::unexpected(*std::move(refusal)));
        }
        auto record = record_of(std::move(submission), *view);
        if (!record) return done(std::unexpected(std::move(record.error())));
        return take_in(*std::move(record), std::move(done));
    }
    // A repeated request is answered with its first command, whatever has become of the host.
    auto key = *std::exchange(submission.idempotency, std::nullopt);
    // A digest of a request with a secret in it would let a reader of the database guess the
    // secret.
    key.digest = crypto::to_hex(crypto::hmac_sha256(settings_.digest_key, key.digest));
    store_.find_by_key(submission.sent_by, key.key,
                       [this, submission, key, done = std::move(done)](auto earlier) mutable {
                           if (!earlier) {
                               log::error("an idempotency key could not be looked up",
                                          {{"error", earlier.error().message}});
                               return done(std::unexpected(SubmitError{
                                   SubmitError::Kind::store_unavailable,
                                   "the database is not available: nothing was sent; try again"}));
                           }
                           if (*earlier)
                               return answer_repeated(**earlier, key.digest, std::move(done));
                           const auto view = directory_.find(submission.agent, clock_.wall_ms());
                           std::optional<SubmitError> refusal;
                           if (!view) {
                               refusal = unknown(submission.agent);
                           } else {
                               refusal = check(submission, *view);
                           }
                           if (refusal) return done(std::unexpected(*std::move(refusal)));
                           auto record = record_of(std::move(submission), *view);
                           if (!record) return done(std::unexpected(std::move(record.error())));
                           record->idempotency_key = std::move(key.key);
                           record->request_digest = std::move(key.digest);
                           take_in(*std::move(record), std::move(done));
                       });
}

void Dispatcher::answer_repeated(const CommandRecord& earlier, const std::string& digest,
                                 runtime::Callback<Submitted> done) const {
    if (earlier.request_digest == digest) return done(earlier);
    done(std::unexpected(
        SubmitError{SubmitError::Kind::key_used_before,
                    "this Idempotency-Key was used for another request, which made command " +
                        earlier.command_id + ": use a new key for a new request"}));
}

bool passes(SubmitError::Kind kind) {
    using Kind = SubmitError::Kind;
    return kind == Kind::store_unavailable || kind == Kind::rate_limited ||
           kind == Kind::presence_unknown;
}

std::optional<std::string> Dispatcher::forbids(const protocol::AgentId& agent) const {
    if (start_guard_ == nullptr) return std::nullopt;
    return start_guard_->forbids(agent, clock_.wall_ms());
}

std::optional<SubmitError> Dispatcher::check(Submission& submission, const AgentView& view) const {
    using Kind = SubmitError::Kind;
    const auto& agent = submission.agent.text();
    if (view.original_protocol && !settings_.allow_unsigned_agents) {
        return SubmitError{
            Kind::agent_not_trusted,
            "agent '" + agent +
                "' speaks the original, unsigned protocol: join it with "
                "`cockpit-server join-token`, or set ALLOW_UNSIGNED_AGENTS=true here"};
    }
    // A host that has not spoken since this server started is not known to lack anything.
    if (!view.capabilities.empty()) {
        const auto* schema = directory_.schema(submission.agent, submission.command);
        if (schema == nullptr) {
            return SubmitError{Kind::unknown_command,
                               "agent '" + agent + "' has no command '" + submission.command +
                                   "'; it has: " + name_list(view.capabilities)};
        }
        auto params = validate_parameters(*schema, submission.params);
        if (!params) return SubmitError{Kind::invalid_params, params.error()};
        submission.params = *std::move(params);
        if (view.original_protocol && submission.retry.max_attempts > 1) {
            return SubmitError{Kind::invalid_params,
                               "agent '" + agent +
                                   "' speaks the original protocol, which knows no attempts: leave "
                                   "'retry' out, or join the host"};
        }
        if (view.original_protocol) {
            // Nobody receipts on the original's wire, so the time of the whole way is one limit.
            submission.timeout_ms =
                std::min(submission.timeout_ms.value_or(schema->timeout_ms), schema->timeout_ms);
        }
    }
    if (!submission.forced) {
        if (auto reason = forbids(submission.agent)) {
            return SubmitError{
                Kind::in_maintenance,
                *std::move(reason) + "; nothing was sent; 'force': true sends it all the same"};
        }
    }
    const bool there = view.presence == Presence::online && !view.capabilities.empty();
    if (there || (submission.queue_for_ms && !view.original_protocol)) return std::nullopt;
    if (view.presence == Presence::online) {
        return SubmitError{
            Kind::presence_unknown,
            "agent '" + agent +
                "' is there but has not yet told this server what it can do; nothing "
                "was sent; try again in a moment"};
    }
    return SubmitError{
        view.presence == Presence::offline ? Kind::agent_offline : Kind::presence_unknown,
        "agent '" + agent + "' is " + std::string(to_text(view.presence)) + ": " + view.evidence +
            "; nothing was sent"};
}

Dispatcher::Submitted Dispatcher::record_of(Submission submission, const AgentView& view) {
    const auto command_id = new_command_id_();
    if (const auto* schema = directory_.schema(submission.agent, submission.command)) {
        auto sealed = seal_secrets(*schema, std::move(submission.params),
                                   directory_.key(submission.agent), submission.agent, command_id);
        if (!sealed) {
            return std::unexpected(
                SubmitError{SubmitError::Kind::agent_not_trusted, sealed.error()});
        }
        submission.params = *std::move(sealed);
    }
    const auto now = clock_.wall_ms();
    auto expires_at = now + submission.queue_for_ms.value_or(settings_.delivery_timeout_ms);
    if (view.original_protocol) expires_at += submission.timeout_ms.value_or(0);
    return CommandRecord{.agent_id = submission.agent.text(),
                         .command_id = command_id.text(),
                         .command = std::move(submission.command),
                         .params = json::serialize(submission.params),
                         .state = CommandState::pending,
                         .sent_at_ms = now,
                         .sent_by = std::move(submission.sent_by),
                         .attempt = 1,
                         .expires_at_ms = expires_at,
                         .timeout_ms = submission.timeout_ms,
                         .dispatched = view.presence == Presence::online,
                         .retry = std::move(submission.retry),
                         .forced = submission.forced};
}

// Last of the checks, so that only what would run costs a permit.
void Dispatcher::take_in(CommandRecord record, runtime::Callback<Submitted> done) {
    if (settings_.rate.none()) return insert(std::move(record), std::move(done));
    const auto agent = protocol::AgentId::parse(record.agent_id);
    link_.take_permit(
        *agent, settings_.rate,
        [this, record = std::move(record),
         done = std::move(done)](std::optional<std::int64_t> wait_ms) mutable {
            if (!wait_ms) wait_ms = permits_.take(record.agent_id, clock_.steady_ms());
            if (*wait_ms == 0) return insert(std::move(record), std::move(done));
            done(std::unexpected(too_fast(record.agent_id, settings_.rate, *wait_ms)));
        });
}

void Dispatcher::insert(CommandRecord record, runtime::Callback<Submitted> done) {
    auto sent_by = record.sent_by;
    auto key = record.idempotency_key;
    auto digest = record.request_digest;
    store_.insert(std::move(record), [this, sent_by = std::move(sent_by), key = std::move(key),
                                      digest = std::move(digest),
                                      done = std::move(done)](auto inserted) mutable {
        if (inserted) {
            auto& open = open_[inserted->command_id];
            open = Open{.record = *inserted};
            if (inserted->dispatched) send(open);
            return done(*std::move(inserted));
        }
        const SubmitError unavailable{SubmitError::Kind::store_unavailable,
                                      "the database is not available: nothing was sent; try again"};
        if (!key) {
            log::error("a command was not written", {{"error", inserted.error().message}});
            return done(std::unexpected(unavailable));
        }
        // The same key may have come twice at the same time; the other one was first.
        store_.find_by_key(sent_by, *key,
                           [this, unavailable, error = inserted.error().message, digest = *digest,
                            done = std::move(done)](auto earlier) mutable {
                               if (earlier && *earlier)
                                   return answer_repeated(**earlier, digest, std::move(done));
                               log::error("a command was not written", {{"error", error}});
                               done(std::unexpected(unavailable));
                           });
    });
}

}  // namespace cockpit::dispatch

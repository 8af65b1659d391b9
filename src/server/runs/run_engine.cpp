#include "server/runs/run_engine.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "log/log.hpp"
#include "server/runs/driven_run.hpp"

namespace cockpit::runs {
namespace json = boost::json;
namespace {

RunError unavailable(const dispatch::StoreError& error) {
    log::error("the store of runs failed", {{"error", error.message}});
    return {RunError::Kind::store_unavailable,
            "the database is not available: nothing was changed; try again"};
}

// All that makes two requests the same one; times and ids are not of it.
std::string digest_of(const RunRecord& run) {
    const auto& [concurrency, max_failures, canary, pause_ms] = run.limits;
    const auto number = [](const auto& value) {
        return value ? std::to_string(*value) : std::string("-");
    };
    std::string text = run.plan_hash;
    for (const auto& part :
         {concurrency.text(), max_failures.text(), number(canary), std::to_string(pause_ms),
          number(run.sending.timeout_ms), std::string(run.sending.forced ? "forced" : "-"),
          number(run.sending.queue_for_ms), run.parent_run_id.value_or("-")}) {
        text += " " + part;
    }
    return crypto::to_hex(crypto::sha256(text));
}

RunError no_such_run(const std::string& run_id) {
    return {RunError::Kind::not_found, "there is no run " + run_id.substr(0, 64)};
}

}  // namespace

RunEngine::RunEngine(RunSettings settings, Ports ports)
    : settings_(std::move(settings)), ports_(std::move(ports)) {}
RunEngine::~RunEngine() = default;

void RunEngine::start(StartRequest request, Done done) {
    auto plan_id = request.plan_id;
    ports_.planner.find(std::move(plan_id), [this, request = std::move(request),
                                             done = std::move(done)](auto found) mutable {
        if (!found) return done(std::unexpected(std::move(found.error())));
        auto& plan = *found;
        if (plan.hash != request.hash) {
            return done(std::unexpected(
                RunError{RunError::Kind::conflict,
                         "'hash' is not that of plan " + plan.plan_id +
                             ": a run does only what the plan says that was looked at; its hash "
                             "is in the answer of POST /api/cockpit-agent/plans"}));
        }
        Run run;
        run.record = {.run_id = ports_.new_id(),
                      .plan_hash = plan.hash,
                      .command = std::move(plan.command),
                      .params = std::move(plan.params),
                      .sealed_params = std::move(plan.sealed_params),
                      .expression = std::move(plan.expression),
                      .limits = request.manner.limits,
                      .sending = request.manner.sending,
                      .created_by = std::move(request.by),
                      .created_at_ms = ports_.clock.wall_ms(),
                      .idempotency_key = std::move(request.idempotency_key),
                      .plan_id = plan.plan_id};
        const RunRules rules(run.record.limits, std::move(plan.hosts));
        run.hosts = rules.hosts();
        run.record.progress = rules.progress();
        add(std::move(run), std::move(done));
    });
}

void RunEngine::add(Run run, Done done) {
    auto& record = run.record;
    record.lease_owner = settings_.owner;
    record.lease_until_ms = ports_.clock.wall_ms() + settings_.lease_ms;
    record.total = run.hosts.size();
    record.request_digest = digest_of(record);
    auto stored = run;
    ports_.store.add_run(std::move(stored), [this, run = std::move(run), done = std::move(done)](
                                                StoreResult<bool> added) mutable {
        if (!added) {
            log::error("a run could not be added", {{"error", added.error().message}});
            return done(std::unexpected(RunError{
                RunError::Kind::store_unavailable,
                "the database did not answer, and the run may have been written down or not: see "
                "GET /api/cockpit-agent/runs, or ask again with the same Idempotency-Key"}));
        }
        if (!*added) return answer_repeated(run, std::move(done));
        auto started = run.record;
        const auto run_id = started.run_id;
        drive(std::move(run));
        done(std::move(started));
        look(run_id);
    });
}

void RunEngine::answer_repeated(const Run& run, Done done) {
    const auto& wanted = run.record;
    auto answer = [digest = wanted.request_digest, done = std::move(done)](const std::string& what,
                                                                           auto found) mutable {
        if (!found) return done(std::unexpected(unavailable(found.error())));
        if (*found && (*found)->request_digest == digest) return done(**std::move(found));
        done(std::unexpected(
            RunError{RunError::Kind::conflict,
                     what + (*found ? " run " + (*found)->run_id : std::string(" another run"))}));
    };
    auto by_plan = [this, plan = wanted.plan_id, answer = std::move(answer)](auto found) mutable {
        const bool by_key = found && *found;
        if (by_key || !plan) {
            return answer("this Idempotency-Key was used with another request, which made",
                          std::move(found));
        }
        // Asked again without a key, even the same request is another one.
        ports_.store.find_run_of_plan(*plan, [answer = std::move(answer)](auto of_plan) mutable {
            if (of_plan && *of_plan) (*of_plan)->request_digest.clear();
            answer(
                "a plan is run once: make a new one with POST /api/cockpit-agent/plans; this "
                "one was run by",
                std::move(of_plan));
        });
    };
    if (!wanted.idempotency_key) return by_plan(StoreResult<std::optional<RunRecord>>());
    ports_.store.find_run_by_key(wanted.created_by, *wanted.idempotency_key, std::move(by_plan));
}

void RunEngine::start_for(const json::object& request, std::string by, std::string key, Done done) {
    auto wanted = plan_request_of(request);
    auto manner = manner_of(request);
    if (!wanted || !manner) {
        return done(std::unexpected(
            RunError{RunError::Kind::invalid, wanted ? manner.error() : wanted.error()}));
    }
    // The hosts may be others by now: asked again by the same key, it is still the same run.
    ports_.store.find_run_by_key(
        by, key,
        [this, by, key, wanted = *std::move(wanted), manner = *std::move(manner),
         done = std::move(done)](auto found) mutable {
            if (!found) return done(std::unexpected(unavailable(found.error())));
            if (*found) return done(**std::move(found));
            ports_.planner.make(std::move(wanted), by,
                                [this, by, key, manner = std::move(manner), done = std::move(done)](
                                    std::expected<Plan, RunError> plan) mutable {
                                    if (!plan)
                                        return done(std::unexpected(std::move(plan.error())));
                                    start({.plan_id = plan->record.plan_id,
                                           .hash = plan->record.hash,
                                           .manner = std::move(manner),
                                           .by = std::move(by),
                                           .idempotency_key = std::move(key)},
                                          std::move(done));
                                });
        });
}

void RunEngine::rerun(std::string run_id, std::string by, std::optional<std::string> key,
                      Done done) {
    ports_.store.find_run(run_id, [this, run_id, by = std::move(by), key = std::move(key),
                                   done = std::move(done)](auto found) mutable {
        if (!found) return done(std::unexpected(unavailable(found.error())));
        if (!*found) return done(std::unexpected(no_such_run(run_id)));
        auto& [earlier, hosts] = **found;
        if (!is_final(earlier.progress.state)) {
            return done(std::unexpected(RunError{RunError::Kind::conflict,
                                                 "run " + run_id + " is " +
                                                     std::string(to_text(earlier.progress.state)) +
                                                     ": what is left of it is known at its end; "
                                                     "cancel it, or wait"}));
        }
        auto rest = RunRules(earlier.limits, earlier.progress, std::move(hosts)).to_rerun();
        if (rest.empty()) {
            return done(std::unexpected(RunError{
                RunError::Kind::conflict,
                "every host of run " + run_id + " had success: nothing is left to run again"}));
        }
        const auto params =
            ports_.planner.params_of(earlier.params, earlier.sealed_params, earlier.plan_hash);
        if (!params) {
            return done(std::unexpected(
                RunError{RunError::Kind::conflict, "run " + run_id + ": " + params.error()}));
        }
        auto hash = ports_.planner.hash_of(earlier.command, json::serialize(*params), rest);
        auto kept = ports_.planner.keep(earlier.command, *params, rest, hash);
        Run run;
        run.record = {.run_id = ports_.new_id(),
                      .plan_hash = std::move(hash),
                      .command = earlier.command,
                      .params = std::move(kept.shown),
                      .sealed_params = std::move(kept.sealed),
                      .expression = earlier.expression,
                      .limits = earlier.limits,
                      .sending = earlier.sending,
                      .created_by = std::move(by),
                      .created_at_ms = ports_.clock.wall_ms(),
                      .idempotency_key = std::move(key),
                      .parent_run_id = run_id};
        const RunRules rules(run.record.limits, std::move(rest));
        run.hosts = rules.hosts();
        run.record.progress = rules.progress();
        add(std::move(run), std::move(done));
    });
}

void RunEngine::wish(std::string run_id, Wish wish, std::string by, Done done) {
    ports_.store.wish(
        run_id, wish, std::move(by),
        [this, run_id, wish, done = std::move(done)](StoreResult<bool> taken) mutable {
            if (!taken) return done(std::unexpected(unavailable(taken.error())));
            look_at_ms_ = 0;  // at the next tick
            ports_.store.find_run(
                run_id, [run_id, wish, taken = *taken, done = std::move(done)](auto found) mutable {
                    if (!found) return done(std::unexpected(unavailable(found.error())));
                    if (!*found) return done(std::unexpected(no_such_run(run_id)));
                    auto& record = (*found)->record;
                    if (taken) return done(std::move(record));
                    const auto state = record.progress.state;
                    std::string detail = "run " + run_id;
                    if (record.wish == Wish::cancel && !is_final(state)) {
                        detail += " is being cancelled";
                    } else if (wish == Wish::resume && !is_final(state)) {
                        detail += " is not paused: it is " + std::string(to_text(state));
                    } else {
                        detail += " has ended: it is " + std::string(to_text(state));
                    }
                    done(std::unexpected(RunError{RunError::Kind::conflict, std::move(detail)}));
                });
        });
}

}  // namespace cockpit::runs

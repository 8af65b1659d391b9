// RunEngine: how a run goes on.

#include <algorithm>

#include "log/log.hpp"
#include "server/runs/driven_run.hpp"

namespace cockpit::runs {
namespace {

constexpr std::int64_t retry_ms = 1'000;
constexpr std::int64_t cancel_again_ms = 10'000;
constexpr std::int64_t sweep_ms = 600'000;

}  // namespace

RunEngine::Driven* RunEngine::find(const std::string& run_id) {
    const auto found = driven_.find(run_id);
    return found == driven_.end() ? nullptr : found->second.get();
}

void RunEngine::on_tick() {
    const auto now = ports_.clock.steady_ms();
    if (now >= look_at_ms_ && !looking_) {
        look_at_ms_ = now + settings_.look_ms;
        look_for_runs();
    }
    if (now >= sweep_at_ms_) {
        sweep_at_ms_ = now + sweep_ms;
        ports_.store.remove_plans_before(ports_.clock.wall_ms() - Planner::kept_for_ms,
                                         [](const StoreResult<bool>&) {});
    }
    std::vector<std::string> ids;
    for (const auto& [id, run] : driven_)
        ids.push_back(id);
    for (const auto& id : ids)
        look(id);
}

void RunEngine::look_for_runs() {
    looking_ = true;
    ports_.store.open_runs(
        settings_.owner, ports_.clock.wall_ms(), [this](StoreResult<std::vector<RunRecord>> found) {
            looking_ = false;
            if (!found) {
                log::warning("open runs cannot be read", {{"error", found.error().message}});
                return;
            }
            on_open_runs(*std::move(found));
        });
}

void RunEngine::on_open_runs(std::vector<RunRecord> records) {
    for (const auto& record : records) {
        auto* run = find(record.run_id);
        if (run == nullptr) {
            adopt(record.run_id);
            continue;
        }
        if (!record.wish || run->done_wish || run->saving) continue;
        const auto now = ports_.clock.wall_ms();
        const auto by = " by " + record.wished_by;
        switch (*record.wish) {
            case Wish::pause:
                run->rules.pause("paused" + by);
                break;
            case Wish::resume:
                run->rules.resume();
                break;
            case Wish::cancel:
                run->rules.cancel("cancelled" + by, now);
                break;
        }
        run->done_wish = record.wish;
        look(record.run_id);
    }
}

// The lease first: only then do the rows stand still.
void RunEngine::adopt(const std::string& run_id) {
    const auto now = ports_.clock.wall_ms();
    const auto until = now + settings_.lease_ms;
    ports_.store.lease_run(
        run_id, settings_.owner, now, until, [this, run_id](StoreResult<bool> leased) {
            if (!leased || !*leased || find(run_id) != nullptr) return;
            ports_.store.find_run(run_id, [this, run_id](StoreResult<std::optional<Run>> found) {
                if (!found) {
                    log::error("a run cannot be read",
                               {{"run_id", run_id}, {"error", found.error().message}});
                    return;
                }
                if (!*found || find(run_id) != nullptr) return;
                log::info("going on with a run", {{"run_id", run_id}});
                drive(**std::move(found));
                look(run_id);
            });
        });
}

void RunEngine::drive(Run run) {
    const auto run_id = run.record.run_id;
    const auto lease = run.record.lease_until_ms;
    auto params =
        ports_.planner.params_of(run.record.params, run.record.sealed_params, run.record.plan_hash);
    const auto why = params ? std::string() : params.error();
    auto driven = std::make_unique<Driven>(std::move(run), params.value_or(boost::json::object()));
    driven->lease_until_ms = lease;
    if (!why.empty()) driven->rules.cancel(why, ports_.clock.wall_ms());
    // Told again, in case whoever paused it could not.
    if (driven->rules.state() == RunState::paused) tell(*driven);
    driven_[run_id] = std::move(driven);
}

void RunEngine::look(const std::string& run_id) {
    auto* run = find(run_id);
    if (run == nullptr) return;
    if (run->stepping) {
        run->again = true;
        return;
    }
    run->stepping = true;
    do {
        run->again = false;
        step(*run);
    } while (run->again && !run->over);
    run->stepping = false;
    if (run->over) driven_.erase(run_id);
}

void RunEngine::step(Driven& run) {
    if (run.over || run.saving) return;
    const auto work = run.rules.work(ports_.clock.wall_ms());
    for (const auto host : work.claim)
        run.rules.sending(host);
    if (save(run)) return;
    // From here on what is in memory is written down.
    if (is_final(run.rules.state())) return;
    const auto now = ports_.clock.steady_ms();
    for (const auto host : work.submit) {
        const auto pause = run.not_before.find(host);
        if (pause != run.not_before.end() && pause->second > now) continue;
        if (run.submitting.size() < settings_.at_once) submit(run, host);
    }
    if (now >= run.ask_again_at) {
        run.ask_again_at = now + settings_.ask_again_ms;
        run.waiting.clear();
    }
    for (std::size_t host = 0; host < run.rules.hosts().size(); ++host) {
        if (run.rules.hosts()[host].state == HostState::sent) wait(run, host);
    }
    for (const auto host : work.cancel)
        cancel(run, host);
}

bool RunEngine::save(Driven& run) {
    const auto now = ports_.clock.wall_ms();
    const bool renew = run.lease_until_ms - now < settings_.lease_ms / 2;
    const auto& progress = run.rules.progress();
    for (const auto host : run.rules.take_changed())
        run.dirty.insert(host);
    const bool changed = progress != run.kept || !run.dirty.empty() || run.done_wish;
    // How it ended is written down, then told, and only then is the run over: who takes it over in
    // between tells it again, and an event that is told twice is one.
    const bool ends = !changed && is_final(progress.state);
    if (!changed && !renew && !ends) return false;
    if (ends) tell(run);
    RunChange change{.run_id = run.record.run_id,
                     .owner = settings_.owner,
                     .lease_until_ms = now + settings_.lease_ms,
                     .progress = progress,
                     .done_wish = run.done_wish};
    if (ends) change.ended_at_ms = now;
    for (const auto host : run.dirty)
        change.hosts.push_back({host, run.rules.hosts()[host]});
    run.saving = true;
    const auto run_id = run.record.run_id;
    ports_.store.change_run(
        std::move(change), [this, run_id, ends, progress, hosts = std::exchange(run.dirty, {}),
                            lease = now + settings_.lease_ms](StoreResult<bool> changed) mutable {
            auto* saved = find(run_id);
            if (saved == nullptr) return;
            saved->saving = false;
            if (!changed) {
                log::warning("a run could not be written down; it is tried again",
                             {{"run_id", run_id}, {"error", changed.error().message}});
                saved->dirty.merge(hosts);
                return;  // the next tick tries again
            }
            if (!*changed) {
                log::info("a run is in other hands", {{"run_id", run_id}});
                saved->over = true;
            } else if (ends) {
                saved->over = true;
            } else {
                if (progress.state == RunState::paused && progress != saved->kept) tell(*saved);
                saved->kept = std::move(progress);
                saved->lease_until_ms = lease;
                saved->done_wish.reset();
            }
            look(run_id);
        });
    return true;
}

void RunEngine::tell(const Driven& run) {
    auto record = run.record;
    record.progress = run.rules.progress();
    ports_.events.publish(event_of(record, run.rules.hosts(), ports_.clock.wall_ms()));
}

dispatch::Submission RunEngine::submission_of(const Driven& run, std::size_t host) const {
    const auto& agent_id = run.rules.hosts()[host].agent_id;
    dispatch::Submission submission{.agent = *protocol::AgentId::parse(agent_id),
                                    .command = run.record.command,
                                    .params = run.params,
                                    .sent_by = run.record.created_by,
                                    .timeout_ms = run.record.sending.timeout_ms,
                                    .queue_for_ms = run.record.sending.queue_for_ms,
                                    .forced = run.record.sending.forced};
    submission.idempotency = {.key = "run " + run.record.run_id + " " + std::to_string(host),
                              .digest = run.record.plan_hash};
    return submission;
}

void RunEngine::submit(Driven& run, std::size_t host) {
    if (!run.submitting.insert(host).second) return;
    const auto run_id = run.record.run_id;
    ports_.dispatcher.submit(submission_of(run, host), [this, run_id, host](auto submitted) {
        on_submitted(run_id, host, std::move(submitted));
    });
}

void RunEngine::on_submitted(
    const std::string& run_id, std::size_t host,
    std::expected<dispatch::CommandRecord, dispatch::SubmitError> submitted) {
    auto* run = find(run_id);
    if (run == nullptr) return;
    run->submitting.erase(host);
    run->not_before.erase(host);
    const auto now = ports_.clock.steady_ms();
    // After a start nobody knows who is there; a host that never says what it can do stays unknown.
    const bool unseen =
        !submitted && submitted.error().kind == dispatch::SubmitError::Kind::presence_unknown;
    const auto since = run->unseen_since.try_emplace(host, now).first->second;
    const bool out_of_patience = unseen && now - since >= settings_.unseen_ms;
    if (submitted) {
        run->rules.sent(host, submitted->command_id);
    } else if (dispatch::passes(submitted.error().kind) && !out_of_patience) {
        run->not_before[host] = now + std::max(submitted.error().retry_after_ms, retry_ms);
    } else {
        run->rules.skipped(host, submitted.error().detail, ports_.clock.wall_ms());
    }
    if (!unseen) run->unseen_since.erase(host);
    look(run_id);
}

void RunEngine::wait(Driven& run, std::size_t host) {
    if (run.waiting.contains(host)) return;
    const auto id = protocol::CommandId::parse(run.rules.hosts()[host].command_id);
    if (!id) return;
    const auto run_id = run.record.run_id;
    run.waiting[host];  // its callback may come from inside the call
    auto waiter = ports_.dispatcher.wait(
        *id, [this, run_id, host](const std::optional<dispatch::CommandRecord>& record) {
            on_end(run_id, host, record);
        });
    if (const auto place = run.waiting.find(host); place != run.waiting.end()) {
        place->second = std::move(waiter);
    }
}

void RunEngine::on_end(const std::string& run_id, std::size_t host,
                       const std::optional<dispatch::CommandRecord>& record) {
    auto* run = find(run_id);
    // Nothing: the store did not say. It is asked again later.
    if (run == nullptr || !record || !protocol::is_final(record->state)) return;
    run->rules.ended(host, record->state, ports_.clock.wall_ms());
    run->waiting.erase(host);
    look(run_id);
}

void RunEngine::cancel(Driven& run, std::size_t host) {
    const auto now = ports_.clock.steady_ms();
    const auto asked = run.cancelled_at.find(host);
    if (asked != run.cancelled_at.end() && now - asked->second < cancel_again_ms) return;
    run.cancelled_at[host] = now;
    const auto id = protocol::CommandId::parse(run.rules.hosts()[host].command_id);
    if (!id) return;
    ports_.dispatcher.cancel(*id, run.record.created_by, [](const auto&) {});
}

}  // namespace cockpit::runs

// DeploymentEngine: how a deployment goes on. What is done on one host is in driving_hosts.cpp.

#include <algorithm>

#include "log/log.hpp"
#include "server/deployments/driven_deployment.hpp"

namespace cockpit::deployments {
namespace {

constexpr std::int64_t retry_ms = 1'000;

DeploymentState state_of(runs::RunState state) {
    switch (state) {
        case runs::RunState::running:
            return DeploymentState::running;
        case runs::RunState::paused:
            return DeploymentState::paused;
        case runs::RunState::succeeded:
            return DeploymentState::succeeded;
        case runs::RunState::finished_with_failures:
            return DeploymentState::finished_with_failures;
        case runs::RunState::failed:
            return DeploymentState::failed;
        case runs::RunState::cancelled:
            return DeploymentState::cancelled;
    }
    return DeploymentState::running;
}

std::vector<runs::RunHost> run_hosts_of(const std::vector<DeployedHost>& hosts) {
    std::vector<runs::RunHost> list;
    for (const auto& host : hosts) {
        runs::RunHost run_host{.agent_id = host.agent_id, .wave = host.wave, .state = host.state};
        if (host.end) {
            run_host.outcome = is_success(*host.end) ? protocol::CommandState::success
                                                     : protocol::CommandState::error;
        }
        run_host.why = host.why;
        list.push_back(std::move(run_host));
    }
    return list;
}

}  // namespace

DeploymentEngine::Driven::Driven(Deployment deployment, Service of)
    : record(std::move(deployment.record)),
      service(std::move(of)),
      rules(service.manner.limits, record.progress, run_hosts_of(deployment.hosts)),
      kept_state(record.state),
      kept(record.progress) {
    for (auto& host : deployment.hosts)
        ways.push_back(
            {std::move(host.steps), host.end, std::move(host.why), std::move(host.pipeline)});
    // It was decided already how it ends, and only that end is not written down yet.
    if (is_final(record.state)) ends_as = record.state;
}

DeploymentState DeploymentEngine::Driven::state() const {
    if (ends_as && runs::is_final(rules.state())) return *ends_as;
    if (record.commit.empty() && !runs::is_final(rules.state())) {
        return rules.state() == runs::RunState::paused ? DeploymentState::paused
                                                       : DeploymentState::committing;
    }
    return state_of(rules.state());
}

DeployedHost DeploymentEngine::Driven::host(std::size_t index) const {
    const auto& known = rules.hosts()[index];
    const auto& way = ways[index];
    return {.agent_id = known.agent_id,
            .wave = known.wave,
            .state = known.state,
            .end = way.end,
            .why = known.why.empty() ? way.why : known.why,
            .steps = way.steps,
            .pipeline = way.pipeline};
}

std::vector<DeployedHost> DeploymentEngine::Driven::hosts() const {
    std::vector<DeployedHost> list;
    for (std::size_t i = 0; i < ways.size(); ++i)
        list.push_back(host(i));
    return list;
}

Step* DeploymentEngine::Driven::open_step(std::size_t host) {
    auto& steps = ways[host].steps;
    return steps.empty() || steps.back().over() ? nullptr : &steps.back();
}

DeploymentEngine::Driven* DeploymentEngine::find(const std::string& id) {
    const auto found = driven_.find(id);
    return found == driven_.end() ? nullptr : found->second.get();
}

void DeploymentEngine::on_tick() {
    const auto now = ports_.clock.steady_ms();
    if (now >= look_at_ms_ && !looking_) {
        look_at_ms_ = now + settings_.look_ms;
        look_for_deployments();
    }
    std::vector<std::string> ids;
    for (const auto& [id, driven] : driven_)
        ids.push_back(id);
    for (const auto& id : ids)
        look(id);
}

void DeploymentEngine::look_for_deployments() {
    looking_ = true;
    ports_.store.open_deployments(settings_.owner, ports_.clock.wall_ms(),
                                  [this](StoreResult<std::vector<DeploymentRecord>> found) {
                                      looking_ = false;
                                      if (!found) {
                                          log::warning("open deployments cannot be read",
                                                       {{"error", found.error().message}});
                                          return;
                                      }
                                      on_open_deployments(*std::move(found));
                                  });
}

void DeploymentEngine::on_open_deployments(std::vector<DeploymentRecord> records) {
    for (const auto& record : records) {
        const auto& id = record.deployment_id;
        auto* driven = find(id);
        if (driven == nullptr) {
            adopt(id);
            continue;
        }
        if (!record.wish || driven->done_wish || driven->saving) continue;
        const auto by = " by " + record.wished_by;
        switch (*record.wish) {
            case Wish::pause:
                driven->rules.pause("paused" + by);
                break;
            case Wish::resume:
                driven->rules.resume();
                break;
            case Wish::cancel:
                driven->rules.cancel("cancelled" + by, ports_.clock.wall_ms());
                break;
        }
        driven->done_wish = record.wish;
        look(id);
    }
}

// The lease first: only then do the rows stand still.
void DeploymentEngine::adopt(const std::string& id) {
    const auto now = ports_.clock.wall_ms();
    const auto until = now + settings_.lease_ms;
    ports_.store.lease_deployment(
        id, settings_.owner, now, until, [this, id](StoreResult<bool> leased) {
            if (!leased || !*leased || find(id) != nullptr) return;
            ports_.store.find_deployment(
                id, [this, id](StoreResult<std::optional<Deployment>> found) {
                    if (!found) {
                        log::error("a deployment cannot be read",
                                   {{"deployment_id", id}, {"error", found.error().message}});
                        return;
                    }
                    if (!*found || find(id) != nullptr) return;
                    log::info("going on with a deployment", {{"deployment_id", id}});
                    drive(**std::move(found));
                    look(id);
                });
        });
}

void DeploymentEngine::drive(Deployment deployment) {
    const auto id = deployment.record.deployment_id;
    const auto lease = deployment.record.lease_until_ms;
    auto service = service_of(deployment.record.service, deployment.record.definition);
    const auto why = service ? std::string() : service.error();
    auto driven = std::make_unique<Driven>(std::move(deployment), service.value_or(Service{}));
    driven->lease_until_ms = lease;
    if (!why.empty()) {
        driven->ends_as = DeploymentState::failed;
        driven->rules.cancel(why, ports_.clock.wall_ms());
    }
    // Told again, in case whoever paused it could not.
    if (driven->state() == DeploymentState::paused) tell(*driven);
    driven_[id] = std::move(driven);
}

void DeploymentEngine::look(const std::string& id) {
    auto* driven = find(id);
    if (driven == nullptr) return;
    if (driven->stepping) {
        driven->again = true;
        return;
    }
    driven->stepping = true;
    do {
        driven->again = false;
        step(*driven);
    } while (driven->again && !driven->over);
    driven->stepping = false;
    if (driven->over) driven_.erase(id);
}

void DeploymentEngine::step(Driven& driven) {
    if (driven.over || driven.saving) return;
    const bool committed = !driven.record.commit.empty() || runs::is_final(driven.rules.state());
    if (!committed && driven.record.steps.empty()) {
        driven.record.steps.push_back(
            {.kind = StepKind::commit, .started_at_ms = ports_.clock.wall_ms()});
        driven.record_dirty = true;
    }
    if (committed) {
        for (const auto host : driven.rules.work(ports_.clock.wall_ms()).claim)
            driven.rules.sending(host);
        for (std::size_t host = 0; host < driven.ways.size(); ++host)
            advance(driven, host);
    }
    // What git was told before the wish to cancel came is still to be heard of.
    if (driven.committing && runs::is_final(driven.rules.state())) {
        if (driven.lease_until_ms - ports_.clock.wall_ms() > settings_.lease_ms / 2) return;
    }
    if (save(driven)) return;
    // From here on what is in memory is written down.
    if (runs::is_final(driven.rules.state())) return;
    if (!committed) return commit(driven);
    const auto now = ports_.clock.steady_ms();
    if (now >= driven.ask_again_at_ms) {
        driven.ask_again_at_ms = now + settings_.ask_again_ms;
        driven.waiting.clear();
    }
    for (std::size_t host = 0; host < driven.ways.size(); ++host)
        work_on(driven, host);
}

bool DeploymentEngine::save(Driven& driven) {
    const auto now = ports_.clock.wall_ms();
    const bool renew = driven.lease_until_ms - now < settings_.lease_ms / 2;
    const auto& progress = driven.rules.progress();
    for (const auto host : driven.rules.take_changed())
        driven.dirty.insert(host);
    const auto state = driven.state();
    const bool changed = progress != driven.kept || state != driven.kept_state ||
                         driven.record_dirty || !driven.dirty.empty() || driven.done_wish;
    // How it ended is written down, then told, and only then is it over: who takes it over in
    // between tells it again, and an event that is told twice is one.
    const bool ends = !changed && is_final(state) && !driven.committing;
    if (!changed && !renew && !ends) return false;
    if (ends) tell(driven);
    DeploymentChange change{.deployment_id = driven.record.deployment_id,
                            .owner = settings_.owner,
                            .lease_until_ms = now + settings_.lease_ms,
                            .state = state,
                            .progress = progress,
                            .base = driven.record.base,
                            .commit = driven.record.commit,
                            .steps = driven.record.steps,
                            .ended_at_ms = std::nullopt,
                            .done_wish = driven.done_wish,
                            .hosts = {}};
    if (ends) change.ended_at_ms = now;
    for (const auto host : driven.dirty)
        change.hosts.push_back({host, driven.host(host)});
    driven.saving = true;
    const auto id = driven.record.deployment_id;
    ports_.store.change_deployment(
        std::move(change),
        [this, id, ends, progress, state, hosts = std::exchange(driven.dirty, {}),
         of_record = std::exchange(driven.record_dirty, false),
         lease = now + settings_.lease_ms](StoreResult<bool> written) mutable {
            auto* saved = find(id);
            if (saved == nullptr) return;
            saved->saving = false;
            if (!written) {
                log::warning("a deployment could not be written down; it is tried again",
                             {{"deployment_id", id}, {"error", written.error().message}});
                saved->dirty.merge(hosts);
                saved->record_dirty |= of_record;
                return;  // the next tick tries again
            }
            if (!*written) {
                log::info("a deployment is in other hands", {{"deployment_id", id}});
                saved->over = true;
            } else if (ends) {
                saved->over = true;
            } else {
                const bool pauses = state == DeploymentState::paused && state != saved->kept_state;
                saved->kept = std::move(progress);
                saved->kept_state = state;
                saved->lease_until_ms = lease;
                saved->done_wish.reset();
                if (pauses) tell(*saved);
            }
            look(id);
        });
    return true;
}

void DeploymentEngine::tell(const Driven& driven) {
    auto record = driven.record;
    record.progress = driven.rules.progress();
    record.state = driven.state();
    ports_.events.publish(event_of(record, driven.hosts(), ports_.clock.wall_ms()));
}

void DeploymentEngine::commit(Driven& driven) {
    const bool waits = driven.rules.state() == runs::RunState::paused ||
                       ports_.clock.steady_ms() < driven.commit_not_before_ms;
    if (driven.committing || waits) return;
    driven.committing = true;
    const auto id = driven.record.deployment_id;
    ports_.services.find_service(driven.record.service, [this, id](auto found) {
        auto* waiting = find(id);
        if (waiting == nullptr) return;
        if (!found || !*found) {
            if (!found) {
                log::warning("a service cannot be read; it is tried again",
                             {{"error", found.error().message}});
            }
            waiting->committing = false;
            waiting->commit_not_before_ms = ports_.clock.steady_ms() + retry_ms;
            return;
        }
        order_commit(*waiting, **found);
    });
}

void DeploymentEngine::on_committed(const std::string& id, GitAnswer<CommitResult> result) {
    auto* driven = find(id);
    if (driven == nullptr) return;
    driven->committing = false;
    auto step = driven->record.steps.back();
    if (!result) {
        // What came of it is found out by whoever goes on with it.
        if (result.error().kind == GitError::Kind::stopped) return;
        step.outcome = protocol::CommandState::error;
        step.detail = result.error().detail;
        return end_commit(*driven, std::move(step), DeploymentState::failed);
    }
    step.outcome = protocol::CommandState::success;
    step.commit = result->commit;
    driven->record.base = std::move(result->base);
    driven->record.commit = std::move(result->commit);
    if (driven->record.paths.empty()) {
        step.detail = "there are no files to commit; what the branch holds is deployed";
    } else if (!result->changed) {
        step.detail = "there is nothing to commit: the branch holds these files already";
        const bool over = !driven->record.forced;
        if (over) return end_commit(*driven, std::move(step), DeploymentState::unchanged);
    } else if (result->repeated) {
        step.detail = "somebody else pushed meanwhile; the commit was made anew on top of that";
    }
    end_commit(*driven, std::move(step), std::nullopt);
}

void DeploymentEngine::end_commit(Driven& driven, Step step,
                                  std::optional<DeploymentState> ends_as) {
    step.ended_at_ms = ports_.clock.wall_ms();
    const auto why = step.detail;
    driven.record.steps.back() = std::move(step);
    driven.record_dirty = true;
    if (ends_as && !runs::is_final(driven.rules.state())) {
        driven.ends_as = ends_as;
        driven.rules.cancel(why, ports_.clock.wall_ms());
    }
    look(driven.record.deployment_id);
}

}  // namespace cockpit::deployments

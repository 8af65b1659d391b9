// DeploymentEngine: what is done on the hosts.

#include <algorithm>

#include "log/log.hpp"
#include "server/deployments/driven_deployment.hpp"

namespace cockpit::deployments {
namespace {

using dispatch::CommandRecord;
using dispatch::SubmitError;
using protocol::CommandState;
using runs::HostState;

constexpr std::int64_t retry_ms = 1'000;
constexpr std::int64_t cancel_again_ms = 10'000;
constexpr std::size_t most_detail = 2'048;

bool is_check(StepKind kind) {
    return kind == StepKind::check || kind == StepKind::rollback_check;
}

// What came of a command, in the step that it was for.
void end_step(Step& step, const CommandRecord& command, std::int64_t now_ms) {
    step.outcome = command.state;
    step.ended_at_ms = now_ms;
    const auto output = command.output.value_or("");
    if (!step.success()) {
        const bool said = command.error && !command.error->empty();
        step.detail = tail_of(said ? *command.error : output, most_detail);
        return;
    }
    if (step.kind != StepKind::before && step.kind != StepKind::after) {
        step.detail = tail_of(output, most_detail);
        return;
    }
    if (auto commit = commit_of_output(output)) {
        step.commit = *std::move(commit);
    } else {
        step.outcome = CommandState::error;
        step.detail = "git_revision told no commit id but: " + tail_of(output, 200);
    }
}

}  // namespace

void DeploymentEngine::advance(Driven& driven, std::size_t host) {
    const auto state = driven.rules.hosts()[host].state;
    if (state != HostState::sending && state != HostState::sent) return;
    auto& way = driven.ways[host];
    const auto next = next_of(way.pipeline, way.steps, driven.is_cancelled());
    const auto now = ports_.clock.wall_ms();
    if (next.step) {
        way.steps.push_back({.kind = *next.step, .started_at_ms = now});
        driven.dirty.insert(host);
    }
    if (!next.end) return;
    if (state == HostState::sending) {
        driven.rules.skipped(host, next.why, now);
    } else {
        way.end = next.end;
        way.why = next.why;
        driven.rules.ended(
            host, is_success(*next.end) ? CommandState::success : CommandState::error, now);
    }
    driven.again = true;
}

void DeploymentEngine::work_on(Driven& driven, std::size_t host) {
    const auto state = driven.rules.hosts()[host].state;
    const auto* step = driven.open_step(host);
    if (step == nullptr || (state != HostState::sending && state != HostState::sent)) return;
    if (step->command_id.empty()) {
        const auto pause = driven.not_before.find(host);
        const bool early =
            pause != driven.not_before.end() && pause->second > ports_.clock.steady_ms();
        if (!early && driven.submitting.size() < settings_.at_once) submit(driven, host);
        return;
    }
    const bool unwanted = driven.is_cancelled() && !is_rollback(step->kind);
    wait(driven, host);
    if (unwanted) cancel_step(driven, host);
}

dispatch::Submission DeploymentEngine::submission_of(const Driven& driven, std::size_t host) const {
    const auto& [steps, end, why, pipeline] = driven.ways[host];
    const auto& step = steps.back();
    const auto& sending = driven.service.manner.sending;
    auto command = command_of(step.kind, pipeline, steps);
    const bool is_first = steps.size() == 1;
    dispatch::Submission submission{
        .agent = *protocol::AgentId::parse(driven.rules.hosts()[host].agent_id),
        .command = std::move(command.name),
        .params = std::move(command.params),
        .sent_by = driven.record.created_by,
        // A check has a limit of its own.
        .timeout_ms = is_check(step.kind) ? std::nullopt : sending.timeout_ms,
        .queue_for_ms = is_first ? sending.queue_for_ms : settings_.wait_for_host_ms,
        // What began goes on: in the middle of a restart a window of maintenance stops nothing.
        .forced = driven.record.forced || !is_first};
    submission.idempotency = {.key = "deployment " + driven.record.deployment_id + " " +
                                     std::to_string(host) + " " + std::to_string(steps.size()),
                              .digest = driven.record.deployment_id};
    return submission;
}

std::optional<SubmitError> DeploymentEngine::obstacle_of(const dispatch::Submission& like,
                                                         const Pipeline& pipeline) const {
    for (auto& command : commands_of(pipeline)) {
        auto submission = like;
        submission.command = std::move(command.name);
        submission.params = std::move(command.params);
        if (auto obstacle = ports_.dispatcher.obstacle(std::move(submission))) return obstacle;
    }
    return std::nullopt;
}

void DeploymentEngine::submit(Driven& driven, std::size_t host) {
    if (!driven.submitting.insert(host).second) return;
    const auto id = driven.record.deployment_id;
    const auto step = driven.ways[host].steps.size();
    auto submission = submission_of(driven, host);
    // Before it begins, everything that it may come to is asked for.
    if (step == 1) {
        if (auto obstacle = obstacle_of(submission, driven.ways[host].pipeline)) {
            return on_submitted(id, host, step, std::unexpected(*std::move(obstacle)));
        }
    }
    ports_.dispatcher.submit(std::move(submission), [this, id, host, step](Submitted submitted) {
        on_submitted(id, host, step, std::move(submitted));
    });
}

void DeploymentEngine::on_submitted(const std::string& id, std::size_t host, std::size_t at,
                                    Submitted submitted) {
    auto* driven = find(id);
    if (driven == nullptr) return;
    driven->submitting.erase(host);
    driven->not_before.erase(host);
    auto* step = driven->open_step(host);
    if (step == nullptr || driven->ways[host].steps.size() != at) return;
    const auto now = ports_.clock.steady_ms();
    // After a start nobody knows who is there; a host that never says what it can do stays unknown.
    const bool unseen = !submitted && submitted.error().kind == SubmitError::Kind::presence_unknown;
    const auto since = driven->unseen_since.try_emplace(host, now).first->second;
    const bool out_of_patience = unseen && now - since >= settings_.unseen_ms;
    if (!unseen) driven->unseen_since.erase(host);
    if (submitted) {
        step->command_id = submitted->command_id;
        driven->rules.sent(host, submitted->command_id);
    } else if (dispatch::passes(submitted.error().kind) && !out_of_patience) {
        driven->not_before[host] = now + std::max(submitted.error().retry_after_ms, retry_ms);
    } else if (at == 1) {
        driven->ways[host].steps.clear();
        driven->rules.skipped(host, submitted.error().detail, ports_.clock.wall_ms());
    } else {
        step->outcome = CommandState::refused;
        step->ended_at_ms = ports_.clock.wall_ms();
        step->detail = submitted.error().detail;
    }
    driven->dirty.insert(host);
    look(id);
}

void DeploymentEngine::wait(Driven& driven, std::size_t host) {
    if (driven.waiting.contains(host)) return;
    const auto command = protocol::CommandId::parse(driven.open_step(host)->command_id);
    if (!command) return;
    const auto id = driven.record.deployment_id;
    const auto at = driven.ways[host].steps.size();
    driven.waiting[host];  // its callback may come from inside the call
    auto waiter = ports_.dispatcher.wait(
        *command, [this, id, host, at](const std::optional<CommandRecord>& record) {
            on_end(id, host, at, record);
        });
    const auto place = driven.waiting.find(host);
    if (place != driven.waiting.end() && driven.ways[host].steps.size() == at) {
        place->second = std::move(waiter);
    }
}

void DeploymentEngine::on_end(const std::string& id, std::size_t host, std::size_t at,
                              const std::optional<CommandRecord>& record) {
    auto* driven = find(id);
    // Nothing: the store did not say. It is asked again later.
    if (driven == nullptr || !record || !protocol::is_final(record->state)) return;
    auto* step = driven->open_step(host);
    if (step == nullptr || driven->ways[host].steps.size() != at) return;
    end_step(*step, *record, ports_.clock.wall_ms());
    driven->waiting.erase(host);
    driven->cancelled_at.erase(host);
    driven->dirty.insert(host);
    look(id);
}

void DeploymentEngine::cancel_step(Driven& driven, std::size_t host) {
    const auto* step = driven.open_step(host);
    const auto now = ports_.clock.steady_ms();
    const auto asked = driven.cancelled_at.find(host);
    const bool recently =
        asked != driven.cancelled_at.end() && now - asked->second < cancel_again_ms;
    if (step == nullptr || recently) return;
    driven.cancelled_at[host] = now;
    const auto id = protocol::CommandId::parse(step->command_id);
    if (id) ports_.dispatcher.cancel(*id, driven.record.created_by, [](const auto&) {});
}

}  // namespace cockpit::deployments

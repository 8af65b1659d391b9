#include "server/deployments/host_pipeline.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <utility>

namespace cockpit::deployments {
namespace json = boost::json;
namespace {

using protocol::CommandState;

constexpr std::pair<HostEnd, std::string_view> words[] = {
    {HostEnd::succeeded, "succeeded"},
    {HostEnd::unchanged, "unchanged"},
    {HostEnd::failed, "failed"},
    {HostEnd::rolled_back, "rolled_back"},
    {HostEnd::rollback_failed, "rollback_failed"},
};

const Step* find(const std::vector<Step>& steps, StepKind kind) {
    const auto found = std::ranges::find(steps, kind, &Step::kind);
    return found == steps.end() ? nullptr : &*found;
}

std::string commit_at(const std::vector<Step>& steps, StepKind kind) {
    const auto* step = find(steps, kind);
    return step == nullptr ? std::string() : step->commit;
}

bool is_changed(const std::vector<Step>& steps) {
    const auto after = commit_at(steps, StepKind::after);
    return !after.empty() && after != commit_at(steps, StepKind::before);
}

std::string failure_of(const Step& step) {
    std::string text(to_text(step.kind));
    if (step.outcome != CommandState::error) {
        text += " ended as " + std::string(protocol::to_text(*step.outcome));
    } else {
        text += " failed";
    }
    if (!step.detail.empty()) text += ": " + step.detail;
    return text;
}

// These two say that it did not run.
bool never_began(const Step& step) {
    return step.outcome == CommandState::refused || step.outcome == CommandState::expired;
}

Next end(HostEnd how, std::string why = {}) {
    return {.step = {}, .end = how, .why = std::move(why)};
}
Next begin(StepKind kind) {
    return {.step = kind, .end = {}, .why = {}};
}

// What went wrong first.
std::string cause_of(const std::vector<Step>& steps) {
    for (const auto& step : steps)
        if (!is_rollback(step.kind) && step.over() && !step.success()) return failure_of(step);
    return "it was cancelled";
}

Next next_of_rollback(const Pipeline& pipeline, const std::vector<Step>& steps) {
    const auto& last = steps.back();
    if (!last.success()) {
        return end(HostEnd::rollback_failed, cause_of(steps) + "; then " + failure_of(last) +
                                                 "; somebody must look at this host");
    }
    const bool restarted = find(steps, StepKind::restart) != nullptr;
    if (last.kind == StepKind::rollback && restarted) return begin(StepKind::rollback_restart);
    if (last.kind != StepKind::rollback_check && !pipeline.check.empty()) {
        return begin(StepKind::rollback_check);
    }
    return end(HostEnd::rolled_back, cause_of(steps));
}

Next next_after_failure(const Pipeline& pipeline, const std::vector<Step>& steps) {
    const auto& last = steps.back();
    const bool touched =
        last.kind != StepKind::before && !(last.kind == StepKind::pull && never_began(last));
    if (!touched) return end(HostEnd::failed, failure_of(last));
    if (last.kind == StepKind::check && !is_changed(steps) && !pipeline.forced) {
        return end(HostEnd::failed,
                   failure_of(last) + "; it was at this commit already, and nothing was changed");
    }
    return begin(StepKind::rollback);
}

}  // namespace

std::string to_text(const Pipeline& pipeline) {
    return json::serialize(json::object{{"repository_path", pipeline.repository_path},
                                        {"branch", pipeline.branch},
                                        {"container", pipeline.container},
                                        {"check", pipeline.check},
                                        {"force", pipeline.forced}});
}

std::optional<Pipeline> pipeline_of_text(std::string_view text) {
    boost::system::error_code failed;
    const auto value = json::parse(text, failed);
    if (failed || !value.is_object()) return std::nullopt;
    const auto& object = value.get_object();
    const auto* path = object.if_contains("repository_path");
    const auto* branch = object.if_contains("branch");
    const auto* container = object.if_contains("container");
    const auto* check = object.if_contains("check");
    const auto* forced = object.if_contains("force");
    const bool sound = path && path->is_string() && branch && branch->is_string() && container &&
                       container->is_string() && check && check->is_object() && forced &&
                       forced->is_bool();
    if (!sound) return std::nullopt;
    return Pipeline{.repository_path = std::string(path->get_string()),
                    .branch = std::string(branch->get_string()),
                    .container = std::string(container->get_string()),
                    .check = check->get_object(),
                    .forced = forced->get_bool()};
}

std::string_view to_text(HostEnd end) {
    const auto* found = std::ranges::find(words, end, &std::pair<HostEnd, std::string_view>::first);
    return found == std::end(words) ? std::string_view("unknown") : found->second;
}

std::optional<HostEnd> parse_host_end(std::string_view text) {
    const auto* found =
        std::ranges::find(words, text, &std::pair<HostEnd, std::string_view>::second);
    if (found == std::end(words)) return std::nullopt;
    return found->first;
}

bool is_success(HostEnd end) {
    return end == HostEnd::succeeded || end == HostEnd::unchanged;
}

Next next_of(const Pipeline& pipeline, const std::vector<Step>& steps, bool cancelled) {
    if (steps.empty()) {
        return cancelled ? end(HostEnd::failed, "it was cancelled") : begin(StepKind::before);
    }
    const auto& last = steps.back();
    if (!last.over()) return {};
    if (is_rollback(last.kind)) return next_of_rollback(pipeline, steps);
    if (!last.success()) return next_after_failure(pipeline, steps);
    if (last.kind == StepKind::before) {
        return cancelled ? end(HostEnd::failed, "it was cancelled") : begin(StepKind::pull);
    }
    const bool works = is_changed(steps) || pipeline.forced;
    std::optional<StepKind> next;
    if (last.kind == StepKind::pull) {
        next = StepKind::after;
    } else if (last.kind == StepKind::after && works && !pipeline.container.empty()) {
        next = StepKind::restart;
    } else if (last.kind != StepKind::check && !pipeline.check.empty()) {
        next = StepKind::check;
    }
    if (!next) return end(works ? HostEnd::succeeded : HostEnd::unchanged);
    // Nothing is left of it where the clone is as it was.
    if (cancelled && last.kind == StepKind::after && !is_changed(steps)) {
        return end(HostEnd::failed, "it was cancelled");
    }
    return begin(cancelled ? StepKind::rollback : *next);
}

HostCommand command_of(StepKind kind, const Pipeline& pipeline, const std::vector<Step>& steps) {
    switch (kind) {
        case StepKind::commit:
            break;
        case StepKind::before:
        case StepKind::after:
            return {"git_revision", {{"repository_path", pipeline.repository_path}}};
        case StepKind::pull:
            return {"git_pull",
                    {{"repository_path", pipeline.repository_path}, {"branch", pipeline.branch}}};
        case StepKind::restart:
        case StepKind::rollback_restart:
            return {"docker_restart", {{"container_name", pipeline.container}}};
        case StepKind::check:
        case StepKind::rollback_check:
            return {"health_check", pipeline.check};
        case StepKind::rollback:
            return {"git_rollback",
                    {{"repository_path", pipeline.repository_path},
                     {"branch", pipeline.branch},
                     {"commit", commit_at(steps, StepKind::before)}}};
    }
    return {};
}

std::vector<HostCommand> commands_of(const Pipeline& pipeline) {
    Step before{.kind = StepKind::before};
    before.commit = std::string(40, '0');
    const std::vector<Step> steps = {std::move(before)};
    std::vector<HostCommand> commands;
    const auto add = [&](StepKind kind) { commands.push_back(command_of(kind, pipeline, steps)); };
    add(StepKind::before);
    add(StepKind::pull);
    if (!pipeline.container.empty()) add(StepKind::restart);
    if (!pipeline.check.empty()) add(StepKind::check);
    add(StepKind::rollback);
    return commands;
}

std::optional<std::string> commit_of_output(std::string_view output) {
    while (output.ends_with('\n'))
        output.remove_suffix(1);
    // SHA-1 and SHA-256 repositories.
    if (output.size() != 40 && output.size() != 64) return std::nullopt;
    const bool hex = std::ranges::all_of(
        output, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (!hex) return std::nullopt;
    return std::string(output);
}

}  // namespace cockpit::deployments

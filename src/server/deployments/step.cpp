#include "server/deployments/step.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <utility>

namespace cockpit::deployments {
namespace json = boost::json;
namespace {

constexpr std::pair<StepKind, std::string_view> words[] = {
    {StepKind::commit, "commit"},
    {StepKind::before, "before"},
    {StepKind::pull, "pull"},
    {StepKind::after, "after"},
    {StepKind::restart, "restart"},
    {StepKind::check, "check"},
    {StepKind::rollback, "rollback"},
    {StepKind::rollback_restart, "rollback_restart"},
    {StepKind::rollback_check, "rollback_check"},
};

std::string text_member(const json::object& from, std::string_view name) {
    const auto* value = from.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
}

std::optional<Step> step_of(const json::value& value) {
    if (!value.is_object()) return std::nullopt;
    const auto& object = value.get_object();
    const auto kind = parse_step_kind(text_member(object, "step"));
    const auto* started = object.if_contains("started_at_ms");
    if (!kind || started == nullptr || !started->is_int64()) return std::nullopt;
    Step step{.kind = *kind, .started_at_ms = started->get_int64()};
    if (const auto* ended = object.if_contains("ended_at_ms"); ended && ended->is_int64()) {
        step.ended_at_ms = ended->get_int64();
    }
    step.outcome = protocol::parse_command_state(text_member(object, "outcome"));
    step.command_id = text_member(object, "command_id");
    step.commit = text_member(object, "commit");
    step.detail = text_member(object, "detail");
    return step;
}

}  // namespace

std::string_view to_text(StepKind kind) {
    const auto* found =
        std::ranges::find(words, kind, &std::pair<StepKind, std::string_view>::first);
    return found == std::end(words) ? std::string_view("unknown") : found->second;
}

std::optional<StepKind> parse_step_kind(std::string_view text) {
    const auto* found =
        std::ranges::find(words, text, &std::pair<StepKind, std::string_view>::second);
    if (found == std::end(words)) return std::nullopt;
    return found->first;
}

bool is_rollback(StepKind kind) {
    return kind == StepKind::rollback || kind == StepKind::rollback_restart ||
           kind == StepKind::rollback_check;
}

std::string to_text(const std::vector<Step>& steps) {
    json::array list;
    for (const auto& step : steps) {
        json::object object{{"step", to_text(step.kind)}, {"started_at_ms", step.started_at_ms}};
        if (step.ended_at_ms) object["ended_at_ms"] = *step.ended_at_ms;
        if (step.outcome) object["outcome"] = protocol::to_text(*step.outcome);
        if (!step.command_id.empty()) object["command_id"] = step.command_id;
        if (!step.commit.empty()) object["commit"] = step.commit;
        if (!step.detail.empty()) object["detail"] = step.detail;
        list.push_back(std::move(object));
    }
    return json::serialize(list);
}

std::optional<std::vector<Step>> steps_of_text(std::string_view text) {
    boost::system::error_code failed;
    const auto value = json::parse(text, failed);
    if (failed || !value.is_array()) return std::nullopt;
    std::vector<Step> steps;
    for (const auto& each : value.get_array()) {
        auto step = step_of(each);
        if (!step) return std::nullopt;
        steps.push_back(*std::move(step));
    }
    return steps;
}

std::string tail_of(std::string text, std::size_t most_bytes) {
    if (text.size() <= most_bytes) return text;
    auto from = text.size() - most_bytes;
    while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xc0U) == 0x80U)
        ++from;
    return text.substr(from);
}

}  // namespace cockpit::deployments

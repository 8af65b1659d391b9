#include "server/deployments/deployment_store.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cockpit::deployments {
namespace {

using State = DeploymentState;
constexpr std::pair<State, std::string_view> words[] = {
    {State::committing, "committing"}, {State::running, "running"},
    {State::paused, "paused"},         {State::succeeded, "succeeded"},
    {State::unchanged, "unchanged"},   {State::finished_with_failures, "finished_with_failures"},
    {State::failed, "failed"},         {State::cancelled, "cancelled"},
};

}  // namespace

std::string_view to_text(State state) {
    const auto* found = std::ranges::find(words, state, &std::pair<State, std::string_view>::first);
    return found == std::end(words) ? std::string_view("unknown") : found->second;
}

std::optional<State> parse_deployment_state(std::string_view text) {
    const auto* found = std::ranges::find(words, text, &std::pair<State, std::string_view>::second);
    if (found == std::end(words)) return std::nullopt;
    return found->first;
}

bool is_final(State state) {
    return state != State::committing && state != State::running && state != State::paused;
}

}  // namespace cockpit::deployments

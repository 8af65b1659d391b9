#pragma once
// What a deployment does, step by step, and what came of each. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/command_state.hpp"

namespace cockpit::deployments {

enum class StepKind {
    commit,            ///< on the server: commit and push, or ask where the branch is
    before,            ///< on a host: at which commit its clone is
    pull,              ///< git_pull
    after,             ///< at which commit its clone is now
    restart,           ///< docker_restart
    check,             ///< health_check
    rollback,          ///< git_rollback to the commit of `before`
    rollback_restart,  ///< docker_restart, where the container had been restarted
    rollback_check,    ///< health_check
};
std::string_view to_text(StepKind kind);
std::optional<StepKind> parse_step_kind(std::string_view text);
bool is_rollback(StepKind kind);

struct Step {
    StepKind kind = StepKind::commit;
    std::int64_t started_at_ms = 0;
    std::optional<std::int64_t> ended_at_ms{};
    std::optional<protocol::CommandState> outcome{};  ///< set with ended_at_ms
    std::string command_id{};                         ///< of steps on a host, once there is one
    std::string commit{};  ///< which was found or made; of commit, before and after
    std::string detail{};  ///< the error, or the end of what was written

    bool over() const { return outcome.has_value(); }
    bool success() const { return outcome == protocol::CommandState::success; }
    bool operator==(const Step&) const = default;
};

/// As they are kept: JSON text, and back. What cannot be read is nothing.
std::string to_text(const std::vector<Step>& steps);
std::optional<std::vector<Step>> steps_of_text(std::string_view text);

/// The end of a text, of at most so many bytes, that begins with a whole character.
std::string tail_of(std::string text, std::size_t most_bytes);

}  // namespace cockpit::deployments

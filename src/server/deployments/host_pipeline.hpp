#pragma once
// The way of one host through a deployment, as a function of the steps it made so far: whoever
// drives it can be another server each time. Pure.
//
//   before → pull → after → restart → check
//
// Restarted and checked is what changed, or what is forced; a host that was at the commit already
// is only checked. From the pull on, what fails or is cancelled is rolled back:
//
//   rollback → restart, where there was one → check
//
// What never began on the host (refused, expired) has changed nothing there; a failed restart and a
// failed check have.

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/deployments/step.hpp"

namespace cockpit::deployments {

struct Pipeline {
    std::string repository_path;
    std::string branch;
    std::string container;      ///< empty: nothing is restarted
    boost::json::object check;  ///< of health_check; empty: nothing is checked
    bool forced = false;        ///< restarts and checks where nothing changed, too
    bool operator==(const Pipeline&) const = default;
};
/// As it is kept: JSON text, and back. What cannot be read is nothing.
std::string to_text(const Pipeline& pipeline);
std::optional<Pipeline> pipeline_of_text(std::string_view text);

enum class HostEnd {
    succeeded,
    unchanged,        ///< it was at that commit already
    failed,           ///< and nothing was changed there
    rolled_back,      ///< it is as it was before, and healthy where that is checked
    rollback_failed,  ///< a person must look
};
std::string_view to_text(HostEnd end);
std::optional<HostEnd> parse_host_end(std::string_view text);
bool is_success(HostEnd end);

/// What is to be done; neither: the last step goes on.
struct Next {
    std::optional<StepKind> step{};
    std::optional<HostEnd> end{};
    std::string why{};  ///< of an end that is no success
};
/// `cancelled`: nothing more is to be begun, and what was changed is rolled back.
Next next_of(const Pipeline& pipeline, const std::vector<Step>& steps, bool cancelled);

struct HostCommand {
    std::string name;
    boost::json::object params;
};
/// Of a step on a host. For `rollback` the steps must have a `before`.
HostCommand command_of(StepKind kind, const Pipeline& pipeline, const std::vector<Step>& steps);
/// All that a host may be asked to do on this way, each once; the commit to go back to is made up.
std::vector<HostCommand> commands_of(const Pipeline& pipeline);

/// The commit id that git_revision told; nothing: it is none.
std::optional<std::string> commit_of_output(std::string_view output);

}  // namespace cockpit::deployments

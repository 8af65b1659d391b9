// The git commands there are.

#include "agent/commands/git_command.hpp"
#include "agent/commands/git_rules.hpp"

namespace cockpit::commands {
namespace {

using Path = GitVerb::Path;
using Params = GitVerb::Params;

std::expected<void, std::string> check_named_branch(const Params& params) {
    return check_branch(text_of(params, "branch"));
}

}  // namespace

GitVerb git_pull() {
    return {.title = "git pull",
            .check = check_named_branch,
            .arguments =
                [](const Path& path, const Params& params) {
                    return pull_arguments(path, text_of(params, "branch"));
                },
            .output = [](std::string output) { return pull_output(output); },
            .failure =
                [](const std::string& output, const std::string& exit_text, const Path& path,
                   const Params& params) {
                    return pull_failure(output, exit_text, path, text_of(params, "branch"));
                }};
}

GitVerb git_revision() {
    return {
        .title = "git rev-parse",
        .arguments = [](const Path& path, const Params&) { return revision_arguments(path); },
        .failure =
            [](const std::string& output, const std::string& exit_text, const Path& path,
               const Params&) { return git_failure("git rev-parse", output, exit_text, path); }};
}

GitVerb git_rollback() {
    return {.title = "git reset",
            .check = check_named_branch,
            .check_there =
                [](const Path& path, const Params& params) {
                    return check_checked_out(path, text_of(params, "branch"));
                },
            .arguments =
                [](const Path& path, const Params& params) {
                    return rollback_arguments(path, text_of(params, "commit"));
                },
            .failure =
                [](const std::string& output, const std::string& exit_text, const Path& path,
                   const Params& params) {
                    return rollback_failure(output, exit_text, path, text_of(params, "commit"));
                }};
}

}  // namespace cockpit::commands

#pragma once
// What the git commands have in common: one git in one of the host's repositories, one after the
// other in each, kept by a keeper, gone on with by the agent's next life.

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/commands/keeping.hpp"
#include "agent/executor/command_handler.hpp"
#include "runtime/child_process.hpp"

namespace cockpit::commands {

struct GitSettings {
    std::vector<std::filesystem::path> repositories;  ///< the only ones it may touch
    /// The agent's own environment; only what git_environment() lists reaches git.
    std::map<std::string, std::string> environment;
    std::chrono::milliseconds grace{2000};   ///< between SIGTERM and SIGKILL
    std::size_t output_limit = 1024 * 1024;  ///< bytes of the result's text
    std::shared_ptr<Keeping> keeping;
};

/// What makes one of them. All are given parameters that fit the schema, and `repository_path` is
/// one of these; the path is that repository's canonical one.
struct GitVerb {
    using Params = boost::json::object;
    using Path = std::filesystem::path;

    std::string title;  ///< for sentences: "git pull"
    /// Rules beside that of the repository; the error is a sentence. Null: there are none.
    std::function<std::expected<void, std::string>(const Params&)> check{};
    /// Rules that the repository itself decides. Null: there are none.
    std::function<std::expected<void, std::string>(const Path&, const Params&)> check_there{};
    std::function<std::vector<std::string>(const Path&, const Params&)> arguments;
    /// The text of a success, of what git wrote. Null: all of it.
    std::function<std::string(std::string)> output{};
    /// Why it failed, as a sentence, of what git wrote and how it ended.
    std::function<std::string(const std::string& output, const std::string& exit_text, const Path&,
                              const Params&)>
        failure;
};

std::unique_ptr<executor::CommandHandler> create_git_command(boost::asio::any_io_executor loop,
                                                             protocol::CommandSchema schema,
                                                             GitSettings settings, GitVerb verb);

/// A text parameter that is there.
std::string text_of(const boost::json::object& params, std::string_view name);

/// `git pull --ff-only origin BRANCH`. It never asks anybody anything, never merges, and runs the
/// hooks and helpers the repository's owner set up there.
GitVerb git_pull();
/// The commit that is checked out, and nothing else.
GitVerb git_revision();
/// `git reset --keep COMMIT` on the branch that is checked out: back to where it was. Local changes
/// are never destroyed: what they stand in the way of is refused.
GitVerb git_rollback();

}  // namespace cockpit::commands

#pragma once
// What the git commands accept and how they read git's words. No processes, no Asio; the path rules
// look at the file system.

#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cockpit::commands {

/// The canonical path of one of the `listed` repositories when `path` means it (`..`, symlinks and
/// a trailing slash resolved on both sides) and it is a work tree; otherwise a sentence.
std::expected<std::filesystem::path, std::string> find_repository(
    std::string_view path, const std::vector<std::filesystem::path>& listed);

/// The rules of git-check-ref-format(1) for a branch name; the error is a sentence.
std::expected<void, std::string> check_branch(std::string_view branch);

/// git's environment: what of the agent's own it needs (PATH, HOME, the ssh agent, proxies, the
/// owner's GIT_SSH_COMMAND and certificate settings), no way to ask a person, and messages in
/// English. Nothing else passes.
std::map<std::string, std::string> git_environment(const std::map<std::string, std::string>& own,
                                                   const std::filesystem::path& repository);

/// The arguments of the pull. `repository` is canonical and `branch` checked.
std::vector<std::string> pull_arguments(const std::filesystem::path& repository,
                                        std::string_view branch);

/// What a successful pull answers. "Already up to date." stands alone, as in the original: the
/// lines about which references were looked at are left out then.
std::string pull_output(std::string_view output);

/// Why a git failed, as a sentence made of what it wrote; `what` is "git pull", say.
std::string git_failure(std::string_view what, std::string_view output, std::string_view exit_text,
                        const std::filesystem::path& repository);

/// Why a pull failed, as a sentence made of what git wrote.
std::string pull_failure(std::string_view output, std::string_view exit_text,
                         const std::filesystem::path& repository, std::string_view branch);

std::vector<std::string> revision_arguments(const std::filesystem::path& repository);

/// Whether this branch is the one that is checked out there; the error is a sentence. Where HEAD
/// cannot be read git will say so itself.
std::expected<void, std::string> check_checked_out(const std::filesystem::path& repository,
                                                   std::string_view branch);

/// Back to a commit; git-reset(1) on --keep: refused where local changes would be lost.
std::vector<std::string> rollback_arguments(const std::filesystem::path& repository,
                                            std::string_view commit);

/// Why going back failed, as a sentence made of what git wrote.
std::string rollback_failure(std::string_view output, std::string_view exit_text,
                             const std::filesystem::path& repository, std::string_view commit);

}  // namespace cockpit::commands

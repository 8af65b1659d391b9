#pragma once
// What may be the name of a service, a remote, a branch, a path in a repository. Errors are
// sentences that say what would be right. Pure.
//
// Sources: git-check-ref-format(1); git-clone(1), "GIT URLS".

#include <optional>
#include <string>
#include <string_view>

namespace cockpit::deployments {

/// 1 to 100 of letters, digits, '.', '_' and '-', the first a letter or a digit.
std::optional<std::string> wrong_service_name(std::string_view name);

/// https:// without a user, ssh:// or user@host:path; with `allow_local` also file:// and http://.
std::optional<std::string> wrong_remote(std::string_view remote, bool allow_local);

std::optional<std::string> wrong_branch(std::string_view branch);

/// Relative, without empty parts, '.', '..' and '.git', without control characters.
std::optional<std::string> wrong_file_path(std::string_view path);

/// The same text for URLs of the same repository: without scheme, user and the usual port, without
/// ".git" and slashes at the end, the host in lower case.
std::string same_repository_key(std::string_view url);

}  // namespace cockpit::deployments

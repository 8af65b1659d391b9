#include "agent/commands/git_rules.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>

namespace cockpit::commands {
namespace fs = std::filesystem;
namespace {

std::optional<fs::path> resolved(const fs::path& path) {
    std::error_code error;
    auto canonical = fs::weakly_canonical(path, error);
    if (error) return std::nullopt;
    // "/a/b/" keeps its last slash where it does not exist.
    if (!canonical.has_filename() && canonical.has_relative_path()) {
        canonical = canonical.parent_path();
    }
    return canonical;
}

std::string names(const std::vector<fs::path>& paths) {
    std::string list;
    for (const auto& path : paths)
        list += (list.empty() ? "" : ", ") + path.string();
    return list;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text = end == std::string_view::npos ? "" : text.substr(end + 1);
    }
    return lines;
}

std::string_view without_space_around(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string home_of_this_user() {
    const passwd* user = ::getpwuid(::geteuid());
    return user != nullptr && user->pw_dir != nullptr ? user->pw_dir : "/";
}

// fetch tells which references it looked at: "From URL" and " * branch main -> FETCH_HEAD".
bool about_references(std::string_view line) {
    return line.starts_with("From ") ||
           (line.starts_with(' ') && line.find(" -> ") != std::string_view::npos);
}

// git says what matters in its last "fatal:" or "error:" line; advice follows it.
std::string_view last_meaningful_line(std::string_view output) {
    std::string_view last;
    std::string_view complaint;
    for (const auto line : lines_of(output)) {
        const auto text = without_space_around(line);
        if (text.empty()) continue;
        last = text;
        if (text.starts_with("fatal:") || text.starts_with("error:")) complaint = text;
    }
    return complaint.empty() ? last : complaint;
}

}  // namespace

std::expected<fs::path, std::string> find_repository(std::string_view text,
                                                     const std::vector<fs::path>& listed) {
    const std::string quoted = "repository_path '" + std::string(text) + "'";
    if (listed.empty()) {
        return std::unexpected(quoted +
                               " is refused: this host allows no repository (its GIT_REPO_PATH "
                               "is empty)");
    }
    const fs::path path(text);
    if (!path.is_absolute()) return std::unexpected(quoted + " must be an absolute path");
    const auto wanted = resolved(path);
    const bool found = wanted && std::ranges::any_of(listed, [&](const fs::path& allowed) {
                           return resolved(allowed) == wanted;
                       });
    if (!found) {
        return std::unexpected(quoted +
                               " is not one of this host's GIT_REPO_PATH: " + names(listed));
    }
    std::error_code error;
    const auto status = fs::status(*wanted, error);
    if (status.type() == fs::file_type::not_found) {
        return std::unexpected(quoted + " does not exist on this host");
    }
    if (!fs::is_directory(status)) {
        return std::unexpected(quoted +
                               " cannot be used: it is not a directory this agent can see");
    }
    const auto inside = fs::status(*wanted / ".git", error);
    if (inside.type() == fs::file_type::not_found) {
        return std::unexpected(quoted + " is not a git work tree: it has no .git of its own");
    }
    if (!fs::is_directory(inside) && !fs::is_regular_file(inside)) {
        return std::unexpected(quoted + " cannot be used: this agent's user may not read its .git");
    }
    return *wanted;
}

std::expected<void, std::string> check_branch(std::string_view branch) {
    const auto wrong = [&](std::string_view why) {
        std::string shown(branch);
        std::ranges::replace_if(shown, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
        return std::unexpected("branch '" + shown + "' is not a branch name: " + std::string(why));
    };
    if (branch.empty()) return wrong("it is empty");
    if (branch.size() > 255) return wrong("it is longer than 255 bytes");
    if (branch.starts_with('-')) return wrong("it must not begin with '-'");
    if (branch.starts_with('/') || branch.ends_with('/')) {
        return wrong("it must not begin or end with '/'");
    }
    if (branch.ends_with('.')) return wrong("it must not end with '.'");
    if (branch == "@") return wrong("'@' alone means something else to git");
    for (const auto* part : {"..", "//", "@{"}) {
        if (branch.find(part) != std::string_view::npos) {
            return wrong("it must not contain '" + std::string(part) + "'");
        }
    }
    for (const unsigned char c : branch) {
        if (c < 0x20 || c == 0x7f) return wrong("it must not contain control characters");
        if (std::string_view(" ~^:?*[\\").find(static_cast<char>(c)) != std::string_view::npos) {
            return wrong("it must not contain a space or any of ~ ^ : ? * [ \\");
        }
    }
    std::string_view rest = branch;
    while (!rest.empty()) {
        const auto slash = rest.find('/');
        const auto component = rest.substr(0, slash);
        rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
        if (component.starts_with('.')) return wrong("no part of it may begin with '.'");
        if (component.ends_with(".lock")) return wrong("no part of it may end with '.lock'");
    }
    return {};
}

std::map<std::string, std::string> git_environment(const std::map<std::string, std::string>& own,
                                                   const fs::path& repository) {
    std::map<std::string, std::string> environment{
        {"PATH", "/usr/local/bin:/usr/bin:/bin"},
        {"HOME", home_of_this_user()},
        // Messages are read by pull_failure.
        {"LANG", "C.UTF-8"},
        {"LC_ALL", "C.UTF-8"},
        // Nobody is there to be asked. A child of ours has no terminal either, which keeps ssh from
        // asking without replacing the owner's own core.sshCommand.
        {"GIT_TERMINAL_PROMPT", "0"},
        {"GIT_ASKPASS", ""},
        {"SSH_ASKPASS_REQUIRE", "never"},
        // A damaged .git must not make git work on a repository further up.
        {"GIT_CEILING_DIRECTORIES", repository.parent_path().string()},
    };
    for (const auto* name : {"PATH",
                             "HOME",
                             "USER",
                             "LOGNAME",
                             "XDG_CONFIG_HOME",
                             "SSH_AUTH_SOCK",
                             "http_proxy",
                             "https_proxy",
                             "HTTPS_PROXY",
                             "all_proxy",
                             "ALL_PROXY",
                             "no_proxy",
                             "NO_PROXY",
                             "GIT_SSH_COMMAND",
                             "GIT_SSH",
                             "GIT_CONFIG_GLOBAL",
                             "GIT_CONFIG_SYSTEM",
                             "GIT_CONFIG_NOSYSTEM",
                             "GIT_SSL_CAINFO",
                             "SSL_CERT_FILE",
                             "SSL_CERT_DIR"}) {
        const auto given = own.find(name);
        if (given != own.end()) environment[name] = given->second;
    }
    return environment;
}

namespace {
std::vector<std::string> arguments_in(const fs::path& repository, std::vector<std::string> rest) {
    std::vector<std::string> arguments = {
        "git",
        // Runs a program named by the address of a remote.
        "-c", "protocol.ext.allow=never",
        // Housekeeping would detach itself and outlive the command, or eat its time.
        "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.askPass=", "-C",
        repository.string()};
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    return arguments;
}
}  // namespace

std::vector<std::string> pull_arguments(const fs::path& repository, std::string_view branch) {
    return arguments_in(repository,
                        {"pull", "--ff-only", "origin",
                         // The whole name, so that no branch can be read as an option, a tag or a
                         // "+forced" one.
                         "refs/heads/" + std::string(branch)});
}

std::vector<std::string> revision_arguments(const fs::path& repository) {
    return arguments_in(repository, {"rev-parse", "--verify", "HEAD^{commit}"});
}

std::vector<std::string> rollback_arguments(const fs::path& repository, std::string_view commit) {
    return arguments_in(repository, {"reset", "--keep", std::string(commit), "--"});
}

std::expected<void, std::string> check_checked_out(const fs::path& repository,
                                                   std::string_view branch) {
    auto directory = repository / ".git";
    std::string line;
    if (fs::is_regular_file(directory)) {
        // A work tree of another repository: gitrepository-layout(5).
        std::getline(std::ifstream(directory), line);
        constexpr std::string_view key = "gitdir: ";
        if (!line.starts_with(key)) return {};
        directory = repository / line.substr(key.size());
    }
    line.clear();
    std::getline(std::ifstream(directory / "HEAD"), line);
    if (line.empty()) return {};
    constexpr std::string_view key = "ref: refs/heads/";
    const bool on_branch = line.starts_with(key);
    const auto there =
        on_branch ? "branch '" + line.substr(key.size()) + "'" : "no branch but commit " + line;
    if (on_branch && line.substr(key.size()) == branch) return {};
    return std::unexpected("repository_path '" + repository.string() + "' is not on branch '" +
                           std::string(branch) + "' but has " + there +
                           " checked out; nothing was changed");
}

std::string pull_output(std::string_view output) {
    std::string kept;
    for (const auto line : lines_of(output)) {
        if (!about_references(line)) kept += (kept.empty() ? "" : "\n") + std::string(line);
    }
    if (without_space_around(kept) == "Already up to date.") return "Already up to date.";
    return std::string(output.substr(0, output.find_last_not_of("\r\n") + 1));
}

std::string git_failure(std::string_view what, std::string_view output, std::string_view exit_text,
                        const fs::path& repository) {
    const auto begin = std::string(what) + " failed (" + std::string(exit_text) + "): ";
    if (output.find("detected dubious ownership") != std::string_view::npos) {
        return begin + "'" + repository.string() +
               "' belongs to another user than the one this agent runs as; give it to the agent's "
               "user, or, as that user, run: git config --global --add safe.directory " +
               repository.string();
    }
    const auto line = last_meaningful_line(output);
    return begin + (line.empty() ? "it wrote no reason" : std::string(line));
}

std::string pull_failure(std::string_view output, std::string_view exit_text,
                         const fs::path& repository, std::string_view branch) {
    const std::string begin = "git pull failed (" + std::string(exit_text) + "): ";
    if (output.find("couldn't find remote ref") != std::string_view::npos) {
        return begin + "the remote 'origin' has no branch '" + std::string(branch) + "'";
    }
    if (output.find("Not possible to fast-forward") != std::string_view::npos) {
        return begin + "the work tree has commits that 'origin' does not have, so branch '" +
               std::string(branch) + "' cannot be fast-forwarded; nothing was merged";
    }
    return git_failure("git pull", output, exit_text, repository);
}

std::string rollback_failure(std::string_view output, std::string_view exit_text,
                             const fs::path& repository, std::string_view commit) {
    const std::string begin = "git reset failed (" + std::string(exit_text) + "): ";
    const auto says = [&](std::string_view words) {
        return output.find(words) != std::string_view::npos;
    };
    if (says("Could not parse object") || says("unknown revision") || says("bad object")) {
        return begin + "the repository has no commit " + std::string(commit);
    }
    if (says("not uptodate") || says("local changes")) {
        return begin +
               "files that would change have local changes, which are never destroyed; look at "
               "'git status' in " +
               repository.string();
    }
    return git_failure("git reset", output, exit_text, repository);
}

}  // namespace cockpit::commands

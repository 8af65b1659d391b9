#include "server/git/mirror_session.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace cockpit::git {
namespace fs = std::filesystem;

using deployments::FileChange;
using deployments::FileDifference;
using deployments::GitCredentials;
using deployments::GitError;
using Kind = GitError::Kind;

namespace {

constexpr std::string_view upstream = "refs/cockpit/upstream";
constexpr std::string_view no_object = "0000000000000000000000000000000000000000";
constexpr std::string_view plain_file = "100644";
constexpr std::string_view symbolic_link = "120000";
constexpr std::string_view submodule = "160000";
constexpr std::string_view directory = "040000";
constexpr std::size_t most_diff = 256UL * 1024;
// A push is found again by its mark among so many commits.
constexpr std::string_view look_back = "200";

std::unexpected<GitError> failed(Kind kind, std::string detail) {
    return std::unexpected(GitError{kind, std::move(detail)});
}

std::unexpected<GitError> failed_here(std::string_view what) {
    return failed(Kind::unreachable, std::string(what) + ": " + std::strerror(errno));
}

std::string without_newline(std::string text) {
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto part = text.substr(0, text.find(at));
        if (!part.empty()) parts.emplace_back(part);
        text.remove_prefix(std::min(part.size() + 1, text.size()));
    }
    return parts;
}

// For GIT_SSH_COMMAND, which git gives to a shell.
std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char c : text) {
        if (c == '\'')
            result += "'\\''";
        else
            result += c;
    }
    return result + "'";
}

std::string first_bytes(std::string text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U)
        --most;
    text.resize(most);
    return text + "\n[cut: the rest is not shown]\n";
}

// It reads both from the environment, which only processes of our own user can see.
constexpr std::string_view password_helper =
    "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' "
    "\"$COCKPIT_GIT_USERNAME\" \"$COCKPIT_GIT_PASSWORD\"; }; f";

}  // namespace

MirrorSession::MirrorSession(const GitSettings& settings, deployments::GitAccess access,
                             const std::atomic<bool>& stopping)
    : settings_(settings),
      access_(std::move(access)),
      patience_{std::chrono::steady_clock::now() + settings.timeout, &stopping},
      mirror_(settings.directory / (access_.service + ".git")) {
    environment_ = {
        {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        {"LC_ALL", "C"},
        {"HOME", "/nonexistent"},
        {"GIT_CONFIG_NOSYSTEM", "1"},
        {"GIT_CONFIG_GLOBAL", "/dev/null"},
        {"GIT_TERMINAL_PROMPT", "0"},
        {"GIT_LITERAL_PATHSPECS", "1"},
        {"GIT_ALLOW_PROTOCOL", settings.allow_local ? "https:ssh:http:file" : "https:ssh"}};
    std::vector<std::pair<std::string, std::string>> configuration = {
        {"core.hooksPath", "/dev/null"},
        {"core.quotePath", "false"},
        {"gc.autoDetach", "false"},
        // To be let in elsewhere with what was given for here would tell it there.
        {"http.followRedirects", "false"},
        {"credential.helper", ""}};
    if (access_.credentials.kind == GitCredentials::Kind::password) {
        configuration.emplace_back("credential.helper", password_helper);
    }
    for (std::size_t i = 0; i < configuration.size(); ++i) {
        environment_["GIT_CONFIG_KEY_" + std::to_string(i)] = configuration[i].first;
        environment_["GIT_CONFIG_VALUE_" + std::to_string(i)] = configuration[i].second;
    }
    environment_["GIT_CONFIG_COUNT"] = std::to_string(configuration.size());
}

MirrorSession::~MirrorSession() {
    std::error_code ignored;
    if (!scratch_.empty()) fs::remove_all(scratch_, ignored);
}

Answer<void> MirrorSession::open() {
    std::error_code error;
    fs::create_directories(settings_.directory, error);
    if (error) {
        return failed(Kind::unreachable,
                      "the directory of git mirrors cannot be made: " + error.message());
    }
    ::chmod(settings_.directory.c_str(), 0700);
    auto pattern = (settings_.directory / (std::string(scratch_prefix) + "XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        return failed_here("a directory for git cannot be made");
    }
    scratch_ = pattern;
    if (!fs::exists(mirror_ / "HEAD", error)) {
        GitCall make{.arguments = {"init", "--quiet", "--bare", "--template=", mirror_.string()},
                     .environment = environment_,
                     .directory = scratch_.string(),
                     .input = {}};
        const auto made = run_git(make, patience_);
        if (!made) return failed(Kind::unreachable, made.error().detail);
        if (!made->success()) return failed(Kind::unreachable, words_of(*made));
    }
    environment_["GIT_DIR"] = mirror_.string();
    environment_["GIT_INDEX_FILE"] = (scratch_ / "index").string();
    if (access_.credentials.kind == GitCredentials::Kind::ssh_key) {
        auto key = access_.credentials.secret;
        if (!key.ends_with('\n')) key += '\n';  // ssh does not read a key without it
        if (auto done = write_private("key", key); !done) return done;
    }
    if (auto done = write_private("known_hosts", access_.credentials.known_hosts); !done) {
        return done;
    }
    add_credentials();
    return {};
}

void MirrorSession::add_credentials() {
    const auto& given = access_.credentials;
    if (given.kind == GitCredentials::Kind::password) {
        environment_["COCKPIT_GIT_USERNAME"] = given.username;
        environment_["COCKPIT_GIT_PASSWORD"] = given.secret;
    }
    std::string ssh =
        "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes"
        " -o GlobalKnownHostsFile=/dev/null -o ConnectTimeout=20"
        " -o IdentityAgent=none -o IdentitiesOnly=yes -o UserKnownHostsFile=" +
        quoted((scratch_ / "known_hosts").string());
    const bool has_key = given.kind == GitCredentials::Kind::ssh_key;
    ssh += " -i " + (has_key ? quoted((scratch_ / "key").string()) : "/dev/null");
    environment_["GIT_SSH_COMMAND"] = ssh;
    environment_["GIT_SSH_VARIANT"] = "ssh";
}

Answer<void> MirrorSession::write_private(const std::string& name, const std::string& text) {
    const auto path = scratch_ / name;
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return failed_here("a file for git cannot be made");
    const auto written = ::write(file, text.data(), text.size());
    const bool whole = written == static_cast<ssize_t>(text.size());
    ::close(file);
    if (!whole) return failed(Kind::unreachable, "a file for git cannot be written");
    return {};
}

std::expected<GitOutput, GitError> MirrorSession::call(std::vector<std::string> arguments,
                                                       std::string input, Environment more) {
    more.insert(environment_.begin(), environment_.end());
    auto output = run_git({.arguments = std::move(arguments),
                           .environment = std::move(more),
                           .directory = mirror_.string(),
                           .input = std::move(input)},
                          patience_);
    if (output) return std::move(*output);
    switch (output.error().kind) {
        case CallFailure::Kind::stopped:
            return failed(Kind::stopped, output.error().detail);
        case CallFailure::Kind::too_slow:
            return failed(Kind::unreachable, "the repository did not answer within " +
                                                 std::to_string(settings_.timeout.count() / 1000) +
                                                 " s");
        default:
            return failed(Kind::unreachable, output.error().detail);
    }
}

Answer<std::string> MirrorSession::tell(std::string_view what, std::vector<std::string> arguments,
                                        std::string input, Environment more) {
    auto output = call(std::move(arguments), std::move(input), std::move(more));
    if (!output) return std::unexpected(output.error());
    if (!output->success()) {
        return failed(Kind::invalid, std::string(what) + ": " + words_of(*output));
    }
    return without_newline(std::move(output->output));
}

Answer<std::string> MirrorSession::fetch() {
    auto output =
        call({"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
              "--", access_.remote, "+refs/heads/" + access_.branch + ":" + std::string(upstream)});
    if (!output) return std::unexpected(output.error());
    if (!output->success()) {
        const auto words = words_of(*output);
        if (words.starts_with("couldn't find remote ref") ||
            words.starts_with("Couldn't find remote ref")) {
            return failed(Kind::unreachable,
                          "the repository has no branch '" + access_.branch + "'");
        }
        return failed(Kind::unreachable, "the repository cannot be fetched: " + words);
    }
    return tell("the branch cannot be read",
                {"rev-parse", "--verify", std::string(upstream) + "^{commit}"});
}

Answer<std::string> MirrorSession::tree_of(const std::string& commit) {
    return tell("the commit cannot be read", {"rev-parse", "--verify", commit + "^{tree}"});
}

Answer<std::string> MirrorSession::parent_of(const std::string& commit) {
    return tell("the commit before cannot be read", {"rev-parse", "--verify", commit + "^"});
}

// Mode by path, of those that are there.
Answer<std::map<std::string, std::string>> MirrorSession::modes_of(
    const std::string& commit, const std::vector<FileChange>& changes) {
    std::vector<std::string> arguments = {"ls-tree", "-z", "--full-tree", commit, "--"};
    for (const auto& change : changes)
        arguments.push_back(change.path);
    const auto listed = tell("the files cannot be read", std::move(arguments));
    if (!listed) return std::unexpected(listed.error());
    std::map<std::string, std::string> modes;
    for (const auto& line : split(*listed, '\0')) {
        const auto tab = line.find('\t');
        if (tab == std::string::npos) continue;
        modes[line.substr(tab + 1)] = line.substr(0, line.find(' '));
    }
    return modes;
}

Answer<std::string> MirrorSession::tree_with(const std::string& commit,
                                             const std::vector<FileChange>& changes) {
    const auto modes = modes_of(commit, changes);
    if (!modes) return std::unexpected(modes.error());
    std::string entries;
    for (const auto& [path, content] : changes) {
        const auto found = modes->find(path);
        std::string mode(found == modes->end() ? plain_file : std::string_view(found->second));
        for (const auto& [other, what] :
             {std::pair{symbolic_link, "a symbolic link"}, std::pair{submodule, "a submodule"},
              std::pair{directory, "a directory"}}) {
            if (mode == other) {
                return failed(Kind::invalid, "'" + path + "' is " + what +
                                                 " in the repository; only files are changed");
            }
        }
        std::string object(no_object);
        if (content) {
            auto stored =
                tell("a file cannot be stored", {"hash-object", "-w", "--stdin"}, *content);
            if (!stored) return stored;
            object = *std::move(stored);
        } else {
            mode = "0";
        }
        entries += mode + " " + object + "\t" + path;
        entries += '\0';
    }
    // Of an earlier attempt.
    std::error_code ignored;
    fs::remove(scratch_ / "index", ignored);
    if (auto read = tell("the commit cannot be read", {"read-tree", commit}); !read) return read;
    auto added = tell("the files cannot be put into the repository",
                      {"update-index", "-z", "--index-info"}, std::move(entries));
    if (!added) return added;
    auto tree = tell("the files cannot be put into the repository", {"write-tree"});
    if (!tree) return tree;
    // Where a file stands in the place of a directory, git would let it go without a word.
    const auto touched = changed_paths(commit, *tree);
    if (!touched) return std::unexpected(touched.error());
    for (const auto& path : *touched) {
        if (std::ranges::find(changes, path, &FileChange::path) != changes.end()) continue;
        return failed(Kind::invalid, "'" + path +
                                         "' is a file in the repository, and would have to become "
                                         "a directory");
    }
    return tree;
}

Answer<std::string> MirrorSession::commit_tree(const std::string& tree, const std::string& parent,
                                               const deployments::CommitOrder& order) {
    std::string message = order.message;
    while (message.ends_with('\n'))
        message.pop_back();
    message += "\n\n" + order.mark + "\n";
    return tell("the commit cannot be made", {"commit-tree", tree, "-p", parent, "-F", "-"},
                std::move(message),
                {{"GIT_AUTHOR_NAME", order.author_name},
                 {"GIT_AUTHOR_EMAIL", order.author_email},
                 {"GIT_COMMITTER_NAME", order.author_name},
                 {"GIT_COMMITTER_EMAIL", order.author_email}});
}

Answer<bool> MirrorSession::push(const std::string& commit) {
    auto output = call({"push", "--porcelain", "--no-verify", "--recurse-submodules=no", "--",
                        access_.remote, commit + ":refs/heads/" + access_.branch});
    if (!output) return std::unexpected(output.error());
    if (output->success()) return true;
    for (const auto& line : split(output->output, '\n')) {
        if (!line.starts_with("!")) continue;
        // [remote rejected] is a hook's or a rule's word, unless another push was quicker there.
        const bool overtaken = line.contains("[rejected]") || line.contains("cannot lock ref") ||
                               line.contains("failed to update ref") ||
                               line.contains("incorrect old value");
        if (overtaken) return false;
        const auto words = line.find("[remote rejected]");
        return failed(Kind::rejected,
                      "the repository does not take the commit: " +
                          (words == std::string::npos ? words_of(*output) : line.substr(words)));
    }
    return failed(Kind::unreachable, "the commit cannot be pushed: " + words_of(*output));
}

Answer<std::string> MirrorSession::find_marked(const std::string& head, const std::string& mark) {
    const auto told =
        tell("the commits cannot be read",
             {"log", "-z", "--format=%H%n%B", "--max-count=" + std::string(look_back), head, "--"});
    if (!told) return told;
    for (const auto& commit : split(*told, '\0')) {
        const auto lines = split(commit, '\n');
        if (std::ranges::find(lines, mark) != lines.end()) return lines.front();
    }
    return std::string();
}

Answer<FileChange> MirrorSession::file_at(const std::string& commit, const std::string& path) {
    FileChange file{path, std::nullopt};
    const auto modes = modes_of(commit, {file});
    if (!modes) return std::unexpected(modes.error());
    const auto mode = modes->find(path);
    if (mode == modes->end()) return file;
    if (mode->second == symbolic_link || mode->second == submodule || mode->second == directory) {
        return failed(Kind::invalid, "'" + path + "' was no plain file in commit " + commit);
    }
    // Not through tell(), which would take the newline at its end for git's own.
    auto output = call({"cat-file", "blob", commit + ":" + path});
    if (!output) return std::unexpected(output.error());
    if (!output->success()) {
        return failed(Kind::invalid, "a file cannot be read: " + words_of(*output));
    }
    file.content = std::move(output->output);
    return file;
}

Answer<std::vector<std::string>> MirrorSession::changed_paths(const std::string& from,
                                                              const std::string& to) {
    const auto told = tell("the commits cannot be compared",
                           {"diff-tree", "-r", "-z", "--name-only", "--no-renames", from, to});
    if (!told) return std::unexpected(told.error());
    return split(*told, '\0');
}

Answer<FileDifference> MirrorSession::difference(const std::string& from_tree,
                                                 const std::string& to_tree,
                                                 const std::string& path) {
    auto told = tell("the files cannot be compared",
                     {"diff-tree", "-r", "-p", "--no-color", "--no-ext-diff", "--no-textconv",
                      "--no-renames", from_tree, to_tree, "--", path});
    if (!told) return std::unexpected(told.error());
    FileDifference difference{.path = path, .kind = FileDifference::Kind::same, .diff = {}};
    if (told->empty()) return difference;
    const auto head = std::string_view(*told).substr(0, told->find("\n@@"));
    difference.kind = head.contains("\nnew file mode")       ? FileDifference::Kind::added
                      : head.contains("\ndeleted file mode") ? FileDifference::Kind::removed
                                                             : FileDifference::Kind::changed;
    difference.diff = first_bytes(*std::move(told) + "\n", most_diff);
    return difference;
}

}  // namespace cockpit::git

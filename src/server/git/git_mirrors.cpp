#include "server/git/git_mirrors.hpp"

#include <algorithm>
#include <set>

#include "log/log.hpp"
#include "server/git/mirror_session.hpp"

namespace cockpit::git {
namespace fs = std::filesystem;

using deployments::CommitOrder;
using deployments::CommitResult;
using deployments::Comparison;
using deployments::FileChange;
using deployments::GitAccess;
using deployments::GitError;

namespace {

// Keys may lie there.
void remove_scratch(const fs::path& directory) {
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        if (!at->path().filename().string().starts_with(scratch_prefix)) continue;
        std::error_code ignored;
        fs::remove_all(at->path(), ignored);
    }
}

Answer<Comparison> compare_here(MirrorSession& session, const std::vector<FileChange>& changes) {
    if (auto opened = session.open(); !opened) return std::unexpected(opened.error());
    const auto head = session.fetch();
    if (!head) return std::unexpected(head.error());
    const auto before = session.tree_of(*head);
    if (!before) return std::unexpected(before.error());
    const auto after = session.tree_with(*head, changes);
    if (!after) return std::unexpected(after.error());
    Comparison comparison{.base = *head, .files = {}};
    for (const auto& change : changes) {
        auto difference = session.difference(*before, *after, change.path);
        if (!difference) return std::unexpected(difference.error());
        comparison.files.push_back(*std::move(difference));
    }
    return comparison;
}

Answer<std::vector<FileChange>> files_here(MirrorSession& session, const std::string& commit,
                                           const std::vector<std::string>& paths) {
    if (auto opened = session.open(); !opened) return std::unexpected(opened.error());
    // The commit may be newer than what this server has seen of the branch.
    if (const auto head = session.fetch(); !head) return std::unexpected(head.error());
    std::vector<FileChange> files;
    for (const auto& path : paths) {
        auto file = session.file_at(commit, path);
        if (!file) return std::unexpected(file.error());
        files.push_back(*std::move(file));
    }
    return files;
}

// Nothing: others did not touch these files between the two commits.
Answer<void> check_conflict(MirrorSession& session, const std::string& from, const std::string& to,
                            const std::vector<FileChange>& changes) {
    const auto paths = session.changed_paths(from, to);
    if (!paths) return std::unexpected(paths.error());
    const std::set<std::string> theirs(paths->begin(), paths->end());
    std::string both;
    for (const auto& change : changes) {
        if (theirs.contains(change.path)) both += (both.empty() ? "'" : ", '") + change.path + "'";
    }
    if (both.empty()) return {};
    return std::unexpected(
        GitError{GitError::Kind::conflict,
                 "somebody else pushed changes of " + both +
                     " at the same time; nothing was pushed: look at what is there now, and deploy "
                     "again"});
}

Answer<CommitResult> commit_here(MirrorSession& session, const CommitOrder& order) {
    if (auto opened = session.open(); !opened) return std::unexpected(opened.error());
    auto head = session.fetch();
    if (!head) return std::unexpected(head.error());
    auto earlier = session.find_marked(*head, order.mark);
    if (!earlier) return std::unexpected(earlier.error());
    if (!earlier->empty()) {
        auto base = session.parent_of(*earlier);
        if (!base) return std::unexpected(base.error());
        return CommitResult{
            .base = *std::move(base), .commit = *std::move(earlier), .changed = true};
    }
    for (int attempt = 1;; ++attempt) {
        const auto tree = session.tree_with(*head, order.changes);
        if (!tree) return std::unexpected(tree.error());
        const auto before = session.tree_of(*head);
        if (!before) return std::unexpected(before.error());
        CommitResult result{.base = *head, .commit = *head, .repeated = attempt > 1};
        if (*tree == *before) return result;
        auto commit = session.commit_tree(*tree, *head, order);
        if (!commit) return std::unexpected(commit.error());
        const auto pushed = session.push(*commit);
        if (!pushed) return std::unexpected(pushed.error());
        if (*pushed) {
            result.commit = *std::move(commit);
            result.changed = true;
            return result;
        }
        if (attempt > 1) {
            return std::unexpected(
                GitError{GitError::Kind::rejected,
                         "others pushed to the branch twice while the commit was made, so it was "
                         "not pushed; try again"});
        }
        auto theirs = session.fetch();
        if (!theirs) return std::unexpected(theirs.error());
        auto apart = check_conflict(session, *head, *theirs, order.changes);
        if (!apart) return std::unexpected(apart.error());
        head = std::move(theirs);
    }
}

}  // namespace

GitMirrors::GitMirrors(boost::asio::any_io_executor io, GitSettings settings)
    : settings_(std::move(settings)), pool_(std::move(io), settings_.threads) {
    remove_scratch(settings_.directory);
}

GitMirrors::~GitMirrors() {
    stop();
}

std::mutex& GitMirrors::turn_of(const std::string& service) {
    const std::lock_guard lock(turns_lock_);
    auto& turn = turns_[service];
    if (!turn) turn = std::make_unique<std::mutex>();
    return *turn;
}

template <typename T, typename Work>
void GitMirrors::run(const std::string& service, Work work,
                     runtime::Callback<deployments::GitAnswer<T>> done) {
    pool_.run(
        [this, service, work = std::move(work)]() mutable -> deployments::GitAnswer<T> {
            const std::lock_guard turn(turn_of(service));
            if (stopping_) {
                return std::unexpected(
                    GitError{GitError::Kind::stopped, "the server is shutting down"});
            }
            try {
                return work();
            } catch (const std::exception& error) {
                log::error("an operation on a git mirror failed",
                           {{"service", service}, {"error", error.what()}});
                return std::unexpected(
                    GitError{GitError::Kind::unreachable,
                             "git could not be used: " + std::string(error.what())});
            }
        },
        std::move(done));
}

void GitMirrors::head(GitAccess access,
                      runtime::Callback<deployments::GitAnswer<std::string>> done) {
    const auto service = access.service;
    run<std::string>(
        service,
        [this, access = std::move(access)]() mutable -> Answer<std::string> {
            MirrorSession session(settings_, std::move(access), stopping_);
            if (auto opened = session.open(); !opened) return std::unexpected(opened.error());
            return session.fetch();
        },
        std::move(done));
}

void GitMirrors::compare(GitAccess access, std::vector<FileChange> changes,
                         runtime::Callback<deployments::GitAnswer<Comparison>> done) {
    const auto service = access.service;
    run<Comparison>(
        service,
        [this, access = std::move(access), changes = std::move(changes)]() mutable {
            MirrorSession session(settings_, std::move(access), stopping_);
            return compare_here(session, changes);
        },
        std::move(done));
}

void GitMirrors::files_at(GitAccess access, std::string commit, std::vector<std::string> paths,
                          runtime::Callback<deployments::GitAnswer<std::vector<FileChange>>> done) {
    const auto service = access.service;
    run<std::vector<FileChange>>(
        service,
        [this, access = std::move(access), commit = std::move(commit),
         paths = std::move(paths)]() mutable {
            MirrorSession session(settings_, std::move(access), stopping_);
            return files_here(session, commit, paths);
        },
        std::move(done));
}

void GitMirrors::commit(CommitOrder order,
                        runtime::Callback<deployments::GitAnswer<CommitResult>> done) {
    const auto service = order.access.service;
    run<CommitResult>(
        service,
        [this, order = std::move(order)]() mutable {
            MirrorSession session(settings_, order.access, stopping_);
            return commit_here(session, order);
        },
        std::move(done));
}

}  // namespace cockpit::git

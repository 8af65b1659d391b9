#pragma once
// The git repositories that services come from. deployments owns this interface, server/git
// implements it. Callbacks come on the I/O thread, once, never from inside the call.
//
// Nothing of it has a work tree: a commit is made of what its parent holds and of changed files,
// and either the branch of the remote has it afterwards, or nothing happened there.

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "runtime/await_callback.hpp"

namespace cockpit::deployments {

/// How the remote lets us in; in clear, so it is made just before it is used and never stored.
struct GitCredentials {
    enum class Kind { none, password, ssh_key };
    Kind kind = Kind::none;
    std::string username;     ///< of password
    std::string secret;       ///< the password or token, or the private key as ssh-keygen wrote it
    std::string known_hosts;  ///< of ssh_key: lines as in ~/.ssh/known_hosts
};

struct GitAccess {
    std::string service;  ///< names the mirror that this server keeps
    std::string remote;   ///< as wrong_remote() allows it
    std::string branch;
    GitCredentials credentials;
};

/// One file, by its path from the root of the repository.
struct FileChange {
    std::string path;
    std::optional<std::string> content;  ///< nothing: the file goes
    bool operator==(const FileChange&) const = default;
};

struct CommitOrder {
    GitAccess access;
    std::vector<FileChange> changes;
    std::string message;
    std::string author_name;
    std::string author_email;
    /// Stands in the message, and by it a commit is found that was pushed before whoever asked for
    /// it could write that down: asked again with the same mark, the answer is the same commit.
    std::string mark;
};

struct CommitResult {
    std::string base;  ///< what the branch was before
    std::string commit;
    bool changed = false;   ///< false: there was nothing to commit, and `commit` is `base`
    bool repeated = false;  ///< somebody else pushed meanwhile: made anew on top of that
};

struct FileDifference {
    enum class Kind { added, changed, removed, same };
    std::string path;
    Kind kind = Kind::same;
    std::string diff;  ///< unified; empty for `same`
};

struct Comparison {
    std::string base;
    std::vector<FileDifference> files;  ///< in the order of the changes
};

struct GitError {
    enum class Kind {
        unreachable,  ///< no answer, not let in, or no such branch
        conflict,     ///< somebody else changed the same files meanwhile
        rejected,     ///< the remote does not take it
        invalid,      ///< the changes cannot be made: a path is a directory there, say
        stopped,      ///< this server is shutting down; what came of it is found out later
    };
    Kind kind;
    std::string detail;  ///< for the person who asked
};

template <typename T>
using GitAnswer = std::expected<T, GitError>;

class GitSource {
  public:
    virtual ~GitSource() = default;
    /// The commit that the branch is at.
    virtual void head(GitAccess access, runtime::Callback<GitAnswer<std::string>> done) = 0;
    /// What commit() would do to each file.
    virtual void compare(GitAccess access, std::vector<FileChange> changes,
                         runtime::Callback<GitAnswer<Comparison>> done) = 0;
    /// The files as they were in a commit of the branch; without content where there was none.
    virtual void files_at(GitAccess access, std::string commit, std::vector<std::string> paths,
                          runtime::Callback<GitAnswer<std::vector<FileChange>>> done) = 0;
    /// Commits and pushes. Of pushes of others that come in between one is dealt with, as long as
    /// it touched other files.
    virtual void commit(CommitOrder order, runtime::Callback<GitAnswer<CommitResult>> done) = 0;
};

}  // namespace cockpit::deployments

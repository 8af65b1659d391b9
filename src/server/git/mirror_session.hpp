#pragma once
// One operation on a mirror: what git is told of the world, and the steps an operation is made of.
// For a thread that may block. The scratch directory with its index and keys goes with the object.

#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/deployments/git_source.hpp"
#include "server/git/git_mirrors.hpp"
#include "server/git/git_process.hpp"

namespace cockpit::git {

/// Scratch directories begin with this; what is left of an earlier life is removed at start.
inline constexpr std::string_view scratch_prefix = "scratch-";

template <typename T>
using Answer = deployments::GitAnswer<T>;

class MirrorSession {
  public:
    MirrorSession(const GitSettings& settings, deployments::GitAccess access,
                  const std::atomic<bool>& stopping);
    MirrorSession(const MirrorSession&) = delete;
    MirrorSession& operator=(const MirrorSession&) = delete;
    ~MirrorSession();

    /// Makes the mirror and the scratch directory where they are missing. Before anything else.
    Answer<void> open();

    /// Brings the branch here; the commit that it is at.
    Answer<std::string> fetch();
    /// The tree of a commit with the changes in it.
    Answer<std::string> tree_with(const std::string& commit,
                                  const std::vector<deployments::FileChange>& changes);
    Answer<std::string> tree_of(const std::string& commit);
    Answer<std::string> commit_tree(const std::string& tree, const std::string& parent,
                                    const deployments::CommitOrder& order);
    /// False: somebody else pushed in between.
    Answer<bool> push(const std::string& commit);
    /// The newest commit up to `head` whose message has this line; empty: none.
    Answer<std::string> find_marked(const std::string& head, const std::string& mark);
    Answer<std::string> parent_of(const std::string& commit);
    /// A file as it was in a commit; without content where there was none.
    Answer<deployments::FileChange> file_at(const std::string& commit, const std::string& path);
    Answer<std::vector<std::string>> changed_paths(const std::string& from, const std::string& to);
    Answer<deployments::FileDifference> difference(const std::string& from_tree,
                                                   const std::string& to_tree,
                                                   const std::string& path);

  private:
    using Environment = std::map<std::string, std::string>;
    std::expected<GitOutput, deployments::GitError> call(std::vector<std::string> arguments,
                                                         std::string input = {},
                                                         Environment more = {});
    /// What it wrote to standard output, without the newline at its end; an error unless exit 0.
    Answer<std::string> tell(std::string_view what, std::vector<std::string> arguments,
                             std::string input = {}, Environment more = {});
    Answer<void> write_private(const std::string& name, const std::string& text);
    void add_credentials();
    Answer<std::map<std::string, std::string>> modes_of(
        const std::string& commit, const std::vector<deployments::FileChange>& changes);

    const GitSettings& settings_;
    const deployments::GitAccess access_;
    const Patience patience_;
    std::filesystem::path mirror_;
    std::filesystem::path scratch_;
    Environment environment_;
};

}  // namespace cockpit::git

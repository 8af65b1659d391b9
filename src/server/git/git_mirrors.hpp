#pragma once
// A GitSource over the program `git`: one bare mirror for each service, and plumbing only. A commit
// is made with an index file of its own that goes away afterwards, so there is no work tree that
// could stay dirty, and what was begun and not pushed is but a few unnamed objects.
//
// Everything runs on threads of a small pool, with a time limit for the whole of an operation; git
// and all it started is ended at the limit. Operations on one mirror come one after the other.
//
// Of the environment nothing is inherited: no configuration of system or user, no agent of ssh, no
// prompt. Credentials never stand in an argument, in a URL or in the mirror: a password goes to a
// credential helper by the environment, a private key into a file of mode 0600 in a directory that
// is removed with the operation, and at the next start where it was not.
//
// Sources: git(1), git-config(1) on GIT_CONFIG_COUNT, gitcredentials(7), git-push(1) on
// --porcelain, ssh_config(5).

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "runtime/blocking_pool.hpp"
#include "server/deployments/git_source.hpp"

namespace cockpit::git {

struct GitSettings {
    std::filesystem::path directory;            ///< of the mirrors; made when it is first needed
    std::chrono::milliseconds timeout{60'000};  ///< of one operation
    bool allow_local = false;                   ///< remotes of file:// and http:// too
    std::size_t threads = 4;
};

class GitMirrors final : public deployments::GitSource {
  public:
    /// Results come on `io`.
    GitMirrors(boost::asio::any_io_executor io, GitSettings settings);
    /// stop(), and waits for what is under way.
    ~GitMirrors() override;

    void head(deployments::GitAccess access,
              runtime::Callback<deployments::GitAnswer<std::string>> done) override;
    void compare(deployments::GitAccess access, std::vector<deployments::FileChange> changes,
                 runtime::Callback<deployments::GitAnswer<deployments::Comparison>> done) override;
    void files_at(deployments::GitAccess access, std::string commit, std::vector<std::string> paths,
                  runtime::Callback<deployments::GitAnswer<std::vector<deployments::FileChange>>>
                      done) override;
    void commit(deployments::CommitOrder order,
                runtime::Callback<deployments::GitAnswer<deployments::CommitResult>> done) override;

    /// Ends what is under way within a moment, as `stopped`. From any thread.
    void stop() { stopping_ = true; }

  private:
    template <typename T, typename Work>
    void run(const std::string& service, Work work,
             runtime::Callback<deployments::GitAnswer<T>> done);
    std::mutex& turn_of(const std::string& service);

    const GitSettings settings_;
    std::atomic<bool> stopping_{false};
    std::mutex turns_lock_;
    std::map<std::string, std::unique_ptr<std::mutex>> turns_;  ///< by service
    runtime::BlockingPool pool_;  ///< last: its end waits for work that uses the rest
};

}  // namespace cockpit::git

#pragma once
// A repository of one branch in memory. Commits are numbered; each holds all files.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/deployments/git_source.hpp"

namespace cockpit::fakes {

class MemoryGitSource final : public deployments::GitSource {
  public:
    explicit MemoryGitSource(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    using Files = std::map<std::string, std::string>;
    std::vector<Files> commits{Files{}};
    std::vector<std::string> marks{""};  ///< of the commits
    std::vector<deployments::CommitOrder> orders;
    std::optional<deployments::GitError> failure;  ///< what every call answers
    bool silent = false;                           ///< nothing is ever answered

    static std::string id_of(std::size_t number) {
        char text[41];
        std::snprintf(text, sizeof text, "%040zx", number + 1);
        return text;
    }
    std::string head_id() const { return id_of(commits.size() - 1); }

    void head(deployments::GitAccess,
              runtime::Callback<deployments::GitAnswer<std::string>> done) override {
        answer(std::move(done), head_id());
    }
    void compare(deployments::GitAccess, std::vector<deployments::FileChange> changes,
                 runtime::Callback<deployments::GitAnswer<deployments::Comparison>> done) override {
        using Kind = deployments::FileDifference::Kind;
        deployments::Comparison comparison{.base = head_id(), .files = {}};
        for (const auto& change : changes) {
            const auto there = commits.back().find(change.path);
            const bool is_there = there != commits.back().end();
            auto kind = is_there ? Kind::changed : Kind::added;
            if (!change.content) kind = is_there ? Kind::removed : Kind::same;
            if (is_there && change.content == there->second) kind = Kind::same;
            comparison.files.push_back({.path = change.path, .kind = kind, .diff = {}});
        }
        answer(std::move(done), std::move(comparison));
    }
    void files_at(deployments::GitAccess, std::string commit, std::vector<std::string> paths,
                  runtime::Callback<deployments::GitAnswer<std::vector<deployments::FileChange>>>
                      done) override {
        std::vector<deployments::FileChange> files;
        for (std::size_t i = 0; i < commits.size(); ++i) {
            if (id_of(i) != commit) continue;
            for (const auto& path : paths) {
                const auto there = commits[i].find(path);
                files.push_back({path, there == commits[i].end() ? std::nullopt
                                                                 : std::optional(there->second)});
            }
        }
        answer(std::move(done), std::move(files));
    }
    void commit(
        deployments::CommitOrder order,
        runtime::Callback<deployments::GitAnswer<deployments::CommitResult>> done) override {
        orders.push_back(order);
        deployments::CommitResult result{.base = head_id(), .commit = head_id()};
        for (std::size_t i = 0; i < marks.size(); ++i) {
            if (marks[i] != order.mark) continue;
            result = {.base = id_of(i - 1), .commit = id_of(i), .changed = true};
            return answer(std::move(done), std::move(result));
        }
        auto files = commits.back();
        for (const auto& change : order.changes) {
            if (change.content) {
                files[change.path] = *change.content;
            } else {
                files.erase(change.path);
            }
        }
        if (files != commits.back() && !failure) {
            commits.push_back(std::move(files));
            marks.push_back(order.mark);
            result.commit = head_id();
            result.changed = true;
        }
        answer(std::move(done), std::move(result));
    }

  private:
    template <typename T>
    void answer(runtime::Callback<deployments::GitAnswer<T>> done, std::type_identity_t<T> value) {
        if (silent) return;
        deployments::GitAnswer<T> result = std::move(value);
        if (failure) result = std::unexpected(*failure);
        boost::asio::post(io_, [done = std::move(done), result = std::move(result)]() mutable {
            done(std::move(result));
        });
    }

    boost::asio::any_io_executor io_;
};

}  // namespace cockpit::fakes

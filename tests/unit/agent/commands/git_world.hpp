#pragma once
// A bare remote, somebody who pushes to it, and the host's work tree, all real.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "fakes/run_program.hpp"
#include "fixture.hpp"
#include "keeping_fixture.hpp"

namespace cockpit::commands {

class GitWorld {
  public:
    GitWorld() {
        git({"init", "-q", "--bare", "-b", "main", remote()});
        git({"clone", "-q", remote_url(), pusher()});
        git({"-C", pusher(), "checkout", "-q", "-b", "main"});
        push("first", "one");
        git({"clone", "-q", remote_url(), work()});
    }

    std::filesystem::path path() const { return root_; }
    std::string remote() const { return root_ / "remote.git"; }
    std::string remote_url() const { return "file://" + remote(); }
    std::string pusher() const { return root_ / "pusher"; }
    std::string work() const { return root_ / "work"; }

    /// git without anybody's configuration.
    std::map<std::string, std::string> environment() const {
        return {{"GIT_CONFIG_GLOBAL", "/dev/null"},
                {"GIT_CONFIG_NOSYSTEM", "1"},
                {"HOME", root_.string()},
                {"GIT_AUTHOR_NAME", "A"},
                {"GIT_AUTHOR_EMAIL", "a@example.org"},
                {"GIT_COMMITTER_NAME", "A"},
                {"GIT_COMMITTER_EMAIL", "a@example.org"}};
    }
    std::string git(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "git");
        auto output = test::must_run(std::move(arguments), environment());
        while (output.ends_with('\n'))
            output.pop_back();
        return output;
    }
    static void write(const std::filesystem::path& file, const std::string& text) {
        std::ofstream(file) << text;
    }
    static std::string read(const std::filesystem::path& file) {
        std::ifstream stream(file);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    void commit(const std::string& tree, const std::string& file, const std::string& text) const {
        write(std::filesystem::path(tree) / file, text);
        git({"-C", tree, "add", "-A"});
        git({"-C", tree, "commit", "-q", "-m", file});
    }
    void push(const std::string& file, const std::string& text,
              const std::string& branch = "main") const {
        commit(pusher(), file, text);
        git({"-C", pusher(), "push", "-q", "origin", "HEAD:refs/heads/" + branch});
    }
    std::filesystem::path script(const std::string& name, const std::string& text) const {
        write(root_ / name, text);
        std::filesystem::permissions(root_ / name, std::filesystem::perms::owner_all);
        return root_ / name;
    }

    executor::CommandHandlers handlers(boost::asio::io_context& io,
                                       std::map<std::string, std::string> extra = {}) const {
        auto own = environment();
        own["PATH"] = "/usr/local/bin:/usr/bin:/bin";
        for (auto& [name, value] : extra)
            own[name] = value;
        return built_in_commands(io.get_executor(), {.git_repositories = {work()},
                                                     .docker_containers = {},
                                                     .docker_socket = {},
                                                     .command_timeout = std::chrono::seconds(60),
                                                     .environment = std::move(own),
                                                     .keeping = keeping(path())});
    }

    executor::Outcome pull(const std::string& branch = "main",
                           std::map<std::string, std::string> extra = {}) const {
        boost::asio::io_context io;
        auto all = handlers(io, std::move(extra));
        return CommandRun(io, handler_named(all, "git_pull"),
                          {{"repository_path", work()}, {"branch", branch}})
            .outcome();
    }

  private:
    test::TemporaryDirectory directory_;
    std::filesystem::path root_ = std::filesystem::canonical(directory_.path());
};

}  // namespace cockpit::commands

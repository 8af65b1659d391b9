// git_pull against real repositories.

#include <gmock/gmock.h>
#include <unistd.h>

#include "git_world.hpp"

namespace cockpit::commands {
namespace {

namespace fs = std::filesystem;
using protocol::CommandState;
using testing::HasSubstr;
using testing::StartsWith;

TEST(GitPull, brings_what_was_pushed_and_then_is_up_to_date) {
    const GitWorld world;
    world.push("second", "two");
    const auto outcome = world.pull();
    EXPECT_EQ(outcome.state, CommandState::success) << outcome.error.value_or("");
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.error, std::nullopt);
    EXPECT_THAT(outcome.output, HasSubstr("Fast-forward"));
    EXPECT_THAT(outcome.output, StartsWith("From file://"));
    EXPECT_EQ(GitWorld::read(fs::path(world.work()) / "second"), "two");

    const auto again = world.pull();
    EXPECT_EQ(again.state, CommandState::success);
    EXPECT_EQ(again.output, "Already up to date.");
}

TEST(GitPull, takes_the_branch_that_was_named) {
    const GitWorld world;
    world.git({"-C", world.pusher(), "checkout", "-q", "-b", "release/1.0"});
    world.push("released", "yes", "release/1.0");
    EXPECT_EQ(world.pull("release/1.0").state, CommandState::success);
    EXPECT_EQ(GitWorld::read(fs::path(world.work()) / "released"), "yes");
}

TEST(GitPull, diverged_history_is_an_error_and_nothing_is_merged) {
    const GitWorld world;
    world.push("theirs", "1");
    world.commit(world.work(), "ours", "2");
    const auto before = world.git({"-C", world.work(), "rev-parse", "HEAD"});
    const auto outcome = world.pull();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_EQ(outcome.exit_code, 128);
    EXPECT_EQ(outcome.error,
              "git pull failed (exit code 128): the work tree has commits that 'origin' does not "
              "have, so branch 'main' cannot be fast-forwarded; nothing was merged");
    EXPECT_EQ(world.git({"-C", world.work(), "rev-parse", "HEAD"}), before);
    EXPECT_FALSE(fs::exists(fs::path(world.work()) / "theirs"));

    // Whatever the repository's own configuration would rather do.
    world.git({"-C", world.work(), "config", "pull.rebase", "true"});
    EXPECT_EQ(world.pull().state, CommandState::error);
    EXPECT_EQ(world.git({"-C", world.work(), "rev-parse", "HEAD"}), before);
}

TEST(GitPull, branch_that_the_remote_does_not_have_is_named) {
    const GitWorld world;
    const auto outcome = world.pull("nope");
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.error,
              "git pull failed (exit code 1): the remote 'origin' has no branch 'nope'");
    // A "+" would ask git to overwrite, were it not part of a whole name.
    EXPECT_THAT(*world.pull("+main").error, HasSubstr("has no branch '+main'"));
}

TEST(GitPull, local_change_in_the_way_is_kept_and_told) {
    const GitWorld world;
    world.push("first", "changed there");
    GitWorld::write(fs::path(world.work()) / "first", "changed here");
    const auto outcome = world.pull();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_THAT(*outcome.error, HasSubstr("would be overwritten by merge"));
    EXPECT_THAT(outcome.output, HasSubstr("first"));
    EXPECT_EQ(GitWorld::read(fs::path(world.work()) / "first"), "changed here");
}

TEST(GitPull, remote_that_is_gone_is_told) {
    const GitWorld world;
    fs::remove_all(world.remote());
    const auto outcome = world.pull();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_THAT(*outcome.error, StartsWith("git pull failed (exit code 1): fatal: "));
}

TEST(GitPull, injection_through_the_branch_runs_nothing) {
    const GitWorld world;
    const auto trace = world.path() / "trace";
    const std::string touch = "touch " + trace.string();
    const auto before = world.git({"-C", world.work(), "rev-parse", "HEAD"});
    world.push("second", "two");
    boost::asio::io_context io;
    auto all = world.handlers(io);
    auto& handler = handler_named(all, "git_pull");
    for (const std::string& branch :
         {"--upload-pack=" + touch, "-u" + touch, std::string("-c"), "-c core.sshCommand=" + touch,
          std::string("--rebase"), std::string("a..b"), "main\n" + touch, "main;" + touch,
          "$(" + touch + ")", "`" + touch + "`", "ext::" + touch, std::string("main:main"),
          std::string("-"), std::string("main --force"), std::string()}) {
        const boost::json::object params{{"repository_path", world.work()}, {"branch", branch}};
        EXPECT_THAT(refusal(handler, params), HasSubstr("is not a branch name: ")) << branch;
        // Even if it were started all the same.
        const auto outcome = CommandRun(io, handler, params).outcome();
        EXPECT_EQ(outcome.state, CommandState::error);
        EXPECT_THAT(*outcome.error, HasSubstr("is not a branch name: "));
    }
    EXPECT_FALSE(fs::exists(trace));
    EXPECT_EQ(world.git({"-C", world.work(), "rev-parse", "HEAD"}), before);
}

TEST(GitPull, remote_address_that_is_a_program_runs_nothing) {
    const GitWorld world;
    const auto trace = world.path() / "trace";
    world.git({"-C", world.work(), "config", "remote.origin.url", "ext::touch " + trace.string()});
    world.git({"-C", world.work(), "config", "protocol.ext.allow", "always"});
    EXPECT_THAT(*world.pull().error, HasSubstr("transport 'ext' not allowed"));
    EXPECT_FALSE(fs::exists(trace));
}

TEST(GitPull, damaged_repository_does_not_lead_to_one_further_up) {
    const GitWorld world;
    world.git({"init", "-q", world.path()});
    world.git({"-C", world.path(), "remote", "add", "origin", world.remote_url()});
    fs::remove(fs::path(world.work()) / ".git/HEAD");
    const auto outcome = world.pull();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_THAT(*outcome.error, HasSubstr("not a git repository"));
    EXPECT_FALSE(fs::exists(world.path() / "first"));
}

TEST(GitPull, path_that_stops_being_right_before_the_start_is_an_error) {
    const GitWorld world;
    boost::asio::io_context io;
    auto all = world.handlers(io);
    auto& handler = handler_named(all, "git_pull");
    const boost::json::object params{{"repository_path", world.work()}, {"branch", "main"}};
    EXPECT_EQ(refusal(handler, params), "allowed");
    fs::remove_all(world.work());
    const auto outcome = CommandRun(io, handler, params).outcome();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_EQ(outcome.error, "repository_path '" + world.work() + "' does not exist on this host");
}

TEST(GitPull, one_repository_is_one_resource_however_it_is_spelled) {
    const GitWorld world;
    boost::asio::io_context io;
    auto all = world.handlers(io);
    auto& handler = handler_named(all, "git_pull");
    EXPECT_EQ(handler.resource({{"repository_path", world.work()}}), "git:" + world.work());
    EXPECT_EQ(handler.resource({{"repository_path", world.work() + "/../work/"}}),
              "git:" + world.work());
}

TEST(GitPull, repository_of_another_user_is_explained) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a work tree to another user";
    const GitWorld world;
    ASSERT_EQ(::chown(world.work().c_str(), 65534, 65534), 0);
    ASSERT_EQ(::chown((world.work() + "/.git").c_str(), 65534, 65534), 0);
    const auto outcome = world.pull();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_THAT(*outcome.error, HasSubstr("'" + world.work() +
                                          "' belongs to another user than "
                                          "the one this agent runs as"));
    EXPECT_THAT(*outcome.error,
                HasSubstr("git config --global --add safe.directory " + world.work()));
}

TEST(GitPull, missing_git_is_told) {
    const GitWorld world;
    const auto outcome = world.pull("main", {{"PATH", "/nonexistent"}});
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_EQ(outcome.error,
              "git pull could not be started: program 'git' was not found in PATH (/nonexistent)");
}

TEST(GitPull, much_output_is_bounded_with_a_mark) {
    const GitWorld world;
    world.script("git",
                 "#!/bin/sh\necho begin; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end\n");
    const auto outcome = world.pull("main", {{"PATH", world.path().string() + ":/usr/bin:/bin"}});
    EXPECT_EQ(outcome.state, CommandState::success);
    EXPECT_THAT(outcome.output, StartsWith("begin\nxxx"));
    EXPECT_THAT(outcome.output, HasSubstr(" bytes are missing here ...]\nxxx"));
    EXPECT_TRUE(outcome.output.ends_with("x\nend"));
    EXPECT_LT(outcome.output.size(), 1'100'000U);
}

}  // namespace
}  // namespace cockpit::commands

// git_revision and git_rollback on a real work tree with a real remote.

#include <gmock/gmock.h>

#include "git_world.hpp"

namespace cockpit::commands {
namespace {

using protocol::CommandState;
using testing::HasSubstr;

class GitRollbackTest : public testing::Test {
  protected:
    executor::Outcome run(const std::string& command, boost::json::object params) {
        boost::asio::io_context io;
        auto all = world.handlers(io);
        params["repository_path"] = world.work();
        return CommandRun(io, handler_named(all, command), params).outcome();
    }
    std::string revision() { return run("git_revision", {}).output; }
    executor::Outcome rollback(const std::string& commit, const std::string& branch = "main") {
        return run("git_rollback", {{"commit", commit}, {"branch", branch}});
    }
    std::string head() { return world.git({"-C", world.work(), "rev-parse", "HEAD"}); }

    GitWorld world;
};

TEST_F(GitRollbackTest, TheRevisionIsTheCommitAndNothingElse) {
    EXPECT_EQ(revision(), head() + "\n");
}

TEST_F(GitRollbackTest, BackToWhereItWasAndForwardAgain) {
    const auto before = head();
    world.push("first", "two");
    ASSERT_EQ(world.pull().state, CommandState::success);
    ASSERT_NE(head(), before);
    const auto back = rollback(before);
    EXPECT_EQ(back.state, CommandState::success) << back.error.value_or("");
    EXPECT_EQ(head(), before);
    EXPECT_EQ(GitWorld::read(world.work() + "/first"), "one");
    EXPECT_EQ(rollback(before).state, CommandState::success) << "it is there already";
    world.push("second", "three");
    ASSERT_EQ(world.pull().state, CommandState::success);
    EXPECT_EQ(GitWorld::read(world.work() + "/first"), "two");
    EXPECT_EQ(GitWorld::read(world.work() + "/second"), "three");
}

TEST_F(GitRollbackTest, LocalChangesAreNeverDestroyed) {
    const auto before = head();
    world.push("first", "two");
    ASSERT_EQ(world.pull().state, CommandState::success);
    const auto after = head();
    GitWorld::write(world.work() + "/first", "mine");
    const auto refused = rollback(before);
    EXPECT_EQ(refused.state, CommandState::error);
    EXPECT_THAT(refused.error.value_or(""), HasSubstr("have local changes, which are never"));
    EXPECT_EQ(GitWorld::read(world.work() + "/first"), "mine");
    EXPECT_EQ(head(), after);
}

TEST_F(GitRollbackTest, OtherFilesMayHaveLocalChanges) {
    world.push("other", "theirs");
    ASSERT_EQ(world.pull().state, CommandState::success);
    const auto before = head();
    world.push("first", "two");
    ASSERT_EQ(world.pull().state, CommandState::success);
    GitWorld::write(world.work() + "/other", "mine");
    EXPECT_EQ(rollback(before).state, CommandState::success);
    EXPECT_EQ(GitWorld::read(world.work() + "/other"), "mine");
}

TEST_F(GitRollbackTest, AnUnknownCommitAndAnotherBranchAreSaidSo) {
    const auto unknown = rollback(std::string(40, 'a'));
    EXPECT_EQ(unknown.state, CommandState::error);
    EXPECT_THAT(unknown.error.value_or(""), HasSubstr("the repository has no commit aaaa"));
    boost::asio::io_context io;
    auto all = world.handlers(io);
    auto& handler = handler_named(all, "git_rollback");
    const auto refused = [&](const std::string& commit, const std::string& branch) {
        return refusal(handler,
                       {{"repository_path", world.work()}, {"branch", branch}, {"commit", commit}});
    };
    EXPECT_THAT(refused(head(), "next"),
                HasSubstr("is not on branch 'next' but has branch 'main' checked out"));
    EXPECT_THAT(refused("HEAD~1", "main"), HasSubstr("'commit'"));
    EXPECT_THAT(refused("--hard", "main"), HasSubstr("'commit'"));
    EXPECT_THAT(refused(head().substr(0, 12), "main"), HasSubstr("'commit'"));
    EXPECT_EQ(refused(head(), "main"), "allowed");
    world.git({"-C", world.work(), "checkout", "-q", "--detach"});
    EXPECT_THAT(refused(head(), "main"), HasSubstr("has no branch but commit"));
}

TEST_F(GitRollbackTest, AllGitCommandsOfARepositoryTakeTurns) {
    boost::asio::io_context io;
    auto all = world.handlers(io);
    const boost::json::object params{
        {"repository_path", world.work() + "/"}, {"branch", "main"}, {"commit", head()}};
    const auto resource = handler_named(all, "git_pull").resource(params);
    ASSERT_TRUE(resource);
    EXPECT_EQ(handler_named(all, "git_revision").resource(params), resource);
    EXPECT_EQ(handler_named(all, "git_rollback").resource(params), resource);
    EXPECT_THAT(refusal(handler_named(all, "git_revision"), {{"repository_path", "/etc"}}),
                HasSubstr("is not one of this host's GIT_REPO_PATH"));
}

}  // namespace
}  // namespace cockpit::commands

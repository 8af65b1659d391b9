#include "server/git/git_process.hpp"

#include <gmock/gmock.h>

namespace cockpit::git {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

GitCall call(std::vector<std::string> arguments) {
    return {.arguments = std::move(arguments),
            .environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LC_ALL", "C"}},
            .directory = "/",
            .input = {}};
}
Patience patience(std::chrono::milliseconds time = 30s,
                  const std::atomic<bool>* stopping = nullptr) {
    return {std::chrono::steady_clock::now() + time, stopping};
}

TEST(GitProcessTest, OutputErrorAndExitCode) {
    const auto well = run_git(call({"--version"}), patience());
    ASSERT_TRUE(well) << well.error().detail;
    EXPECT_TRUE(well->success());
    EXPECT_THAT(well->output, HasSubstr("git version"));
    const auto wrong = run_git(call({"rev-parse", "--verify", "HEAD"}), patience());
    ASSERT_TRUE(wrong);
    EXPECT_FALSE(wrong->success());
    EXPECT_THAT(words_of(*wrong), HasSubstr("not a git repository"));
}

TEST(GitProcessTest, LargeInputIsReadInTheirOrder) {
    auto big = call({"hash-object", "--stdin"});
    big.input = std::string(4'000'000, 'x');
    const auto told = run_git(big, patience());
    ASSERT_TRUE(told) << told.error().detail;
    EXPECT_EQ(told->output.size(), 41u);
}

TEST(GitProcessTest, WhatTakesTooLongIsEndedWithAllItStarted) {
    // An alias of git is a shell that starts another process.
    const auto slow =
        run_git(call({"-c", "alias.wait=!sleep 600 & sleep 600", "wait"}), patience(300ms));
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().kind, CallFailure::Kind::too_slow);
}

TEST(GitProcessTest, AServerThatStopsDoesNotWait) {
    const std::atomic<bool> stopping{true};
    const auto stopped =
        run_git(call({"-c", "alias.wait=!sleep 600", "wait"}), patience(600s, &stopping));
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, CallFailure::Kind::stopped);
}

TEST(GitProcessTest, TheFirstLineThatSaysWhatFailed) {
    const auto words = [](std::string error) {
        return words_of({.exit_code = 128, .output = {}, .error = std::move(error)});
    };
    EXPECT_EQ(words("warning: x\nfatal: no way\nerror: later\n"), "no way");
    EXPECT_EQ(words("git@h: Permission denied (publickey).\r\nfatal: Could not read from remote "
                    "repository.\n\nPlease make sure\n"),
              "git@h: Permission denied (publickey).");
    EXPECT_EQ(words("one\ntwo\r\n"), "two");
    EXPECT_EQ(words(""), "git ended with exit code 128");
}

}  // namespace
}  // namespace cockpit::git

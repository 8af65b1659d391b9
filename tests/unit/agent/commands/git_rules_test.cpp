#include "agent/commands/git_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "fakes/run_program.hpp"

namespace cockpit::commands {
namespace {

namespace fs = std::filesystem;

struct BranchRow {
    std::string branch;
    std::string why;  // empty: right
};

TEST(GitBranch, follows_the_rules_of_git) {
    const std::string characters = "it must not contain a space or any of ~ ^ : ? * [ \\";
    const std::vector<BranchRow> rows{
        {"main", ""},
        {"feature/a-b_c.d", ""},
        {"ümläut", ""},
        {"a@b", ""},
        {"+main", ""},
        {"a--b", ""},
        {"", "it is empty"},
        {"--upload-pack=touch /x", "it must not begin with '-'"},
        {"-c", "it must not begin with '-'"},
        {"a..b", "it must not contain '..'"},
        {"a//b", "it must not contain '//'"},
        {"a@{1}", "it must not contain '@{'"},
        {"/main", "it must not begin or end with '/'"},
        {"main/", "it must not begin or end with '/'"},
        {"main.", "it must not end with '.'"},
        {"a/.b", "no part of it may begin with '.'"},
        {".a", "no part of it may begin with '.'"},
        {"a.lock", "no part of it may end with '.lock'"},
        {"a.lock/b", "no part of it may end with '.lock'"},
        {"a\nb", "it must not contain control characters"},
        {"a\x7f", "it must not contain control characters"},
        {"a b", characters},
        {"a~1", characters},
        {"a^", characters},
        {"main:evil", characters},
        {"a?", characters},
        {"a*", characters},
        {"a[b", characters},
        {"a\\b", characters},
    };
    for (const auto& row : rows) {
        const auto checked = check_branch(row.branch);
        EXPECT_EQ(checked.has_value(), row.why.empty()) << row.branch;
        if (!checked) EXPECT_THAT(checked.error(), testing::EndsWith("branch name: " + row.why));
        const auto git = test::run_program({"git", "check-ref-format", "--branch", row.branch});
        EXPECT_EQ(git.exit_code == 0, row.why.empty()) << row.branch << ": " << git.output;
    }
    EXPECT_EQ(check_branch(std::string(256, 'a')).error().substr(256),
              std::string(8, 'a') + "' is not a branch name: it is longer than 255 bytes");
    // git would have it here but not as a name on its command line.
    EXPECT_EQ(check_branch("@").error(),
              "branch '@' is not a branch name: '@' alone means something else to git");
    EXPECT_EQ(check_branch("a\nb").error(),
              "branch 'a?b' is not a branch name: it must not contain control characters");
}

class GitPath : public testing::Test {
  protected:
    GitPath() {
        for (const auto* name : {"listed", "other", "plain"})
            fs::create_directories(root_ / name);
        for (const auto* name : {"listed", "other"})
            fs::create_directories(root_ / name / ".git");
        fs::create_directories(root_ / "listed/inside/.git");
        std::ofstream(root_ / "file") << "text";
        fs::create_directory_symlink(root_ / "listed", root_ / "to-listed");
        fs::create_directory_symlink(root_ / "other", root_ / "listed/out");
    }

    std::string error(const std::string& path) const {
        const auto found = find_repository(path, listed_);
        return found ? "found " + found->string() : found.error();
    }

    test::TemporaryDirectory directory_;
    fs::path root_ = fs::canonical(directory_.path());
    std::vector<fs::path> listed_{root_ / "listed/", root_ / "plain", root_ / "file",
                                  root_ / "missing"};
};

TEST_F(GitPath, every_spelling_of_a_listed_repository_is_accepted) {
    const std::string listed = (root_ / "listed").string();
    for (const auto& path : {listed, listed + "/", listed + "//", listed + "/.",
                             root_.string() + "/other/../listed", root_.string() + "//listed",
                             root_.string() + "/to-listed", root_.string() + "/to-listed/"}) {
        EXPECT_EQ(error(path), "found " + listed) << path;
    }
    listed_ = {root_ / "to-listed"};
    EXPECT_EQ(error(listed), "found " + listed);
}

TEST_F(GitPath, everything_outside_the_list_is_refused) {
    const std::string listed = (root_ / "listed").string();
    const std::string list = (root_ / "listed/").string() + ", " + (root_ / "plain").string() +
                             ", " + (root_ / "file").string() + ", " + (root_ / "missing").string();
    for (const auto& path : {(root_ / "other").string(), listed + "/..", listed + "/../other",
                             listed + "/out", listed + "/out/../listed/..", listed + "/inside",
                             listed + "x", std::string("/"), root_.string(), listed + "\n"}) {
        EXPECT_EQ(error(path), "repository_path '" + path +
                                   "' is not one of this host's GIT_REPO_PATH: " + list);
    }
    for (const std::string path : {"listed", "./listed", "../listed", "", "~/listed"}) {
        EXPECT_EQ(error(path), "repository_path '" + path + "' must be an absolute path");
    }
}

TEST_F(GitPath, listed_path_that_is_no_work_tree_is_named) {
    const auto begin = [&](const char* name) {
        return "repository_path '" + (root_ / name).string() + "' ";
    };
    EXPECT_EQ(error(root_ / "missing"), begin("missing") + "does not exist on this host");
    EXPECT_EQ(error(root_ / "file"),
              begin("file") + "cannot be used: it is not a directory this agent can see");
    EXPECT_EQ(error(root_ / "plain"),
              begin("plain") + "is not a git work tree: it has no .git of its own");
}

TEST(GitEnvironment, passes_only_what_git_needs) {
    const auto environment = git_environment({{"PATH", "/bin"},
                                              {"HOME", "/home/x"},
                                              {"SSH_AUTH_SOCK", "/s"},
                                              {"https_proxy", "http://p"},
                                              {"GIT_SSH_COMMAND", "ssh -i k"},
                                              {"LANG", "de_DE"},
                                              {"GIT_DIR", "/evil"},
                                              {"REDIS_PASSWORD", "secret"},
                                              {"LD_PRELOAD", "/evil.so"}},
                                             "/srv/repo");
    const std::map<std::string, std::string> expected{{"PATH", "/bin"},
                                                      {"HOME", "/home/x"},
                                                      {"SSH_AUTH_SOCK", "/s"},
                                                      {"https_proxy", "http://p"},
                                                      {"GIT_SSH_COMMAND", "ssh -i k"},
                                                      {"LANG", "C.UTF-8"},
                                                      {"LC_ALL", "C.UTF-8"},
                                                      {"GIT_TERMINAL_PROMPT", "0"},
                                                      {"GIT_ASKPASS", ""},
                                                      {"SSH_ASKPASS_REQUIRE", "never"},
                                                      {"GIT_CEILING_DIRECTORIES", "/srv"}};
    EXPECT_EQ(environment, expected);
}

TEST(GitOutput, up_to_date_stands_alone_and_everything_else_is_kept) {
    EXPECT_EQ(pull_output("From file:///r\n * branch  main -> FETCH_HEAD\nAlready up to date.\n"),
              "Already up to date.");
    EXPECT_EQ(pull_output("warning: w\nAlready up to date.\n"), "warning: w\nAlready up to date.");
    EXPECT_EQ(pull_output("From x\nUpdating a..b\nFast-forward\n"),
              "From x\nUpdating a..b\nFast-forward");
}

TEST(GitFailure, is_a_sentence) {
    const auto why = [](std::string_view output) {
        return pull_failure(output, "exit code 1", "/srv/repo", "main");
    };
    EXPECT_EQ(why("noise\nfatal: unable to access 'x'\n\nPlease make sure\n"),
              "git pull failed (exit code 1): fatal: unable to access 'x'");
    EXPECT_EQ(why("one\ntwo\n\n"), "git pull failed (exit code 1): two");
    EXPECT_EQ(why("  \n"), "git pull failed (exit code 1): it wrote no reason");
}

}  // namespace
}  // namespace cockpit::commands

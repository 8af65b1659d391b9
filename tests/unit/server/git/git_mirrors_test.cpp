// Against a real bare repository, and somebody else who pushes to it.

#include "server/git/git_mirrors.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

#include "fakes/run_program.hpp"

namespace cockpit::git {
namespace {

namespace fs = std::filesystem;
using namespace deployments;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

class GitMirrorsTest : public testing::Test {
  protected:
    GitMirrorsTest() {
        auto pattern = (fs::temp_directory_path() / "mirrors-XXXXXX").string();
        root = ::mkdtemp(pattern.data());
        git({"init", "-q", "--bare", "-b", "main", remote()});
        git({"clone", "-q", "file://" + remote(), other()});
        git({"-C", other(), "checkout", "-q", "-b", "main"});
        push_of_others("first", "one\n");
        start();
    }
    ~GitMirrorsTest() override {
        mirrors.reset();
        fs::remove_all(root);
    }

    void start(std::chrono::milliseconds timeout = 30s) {
        mirrors.reset();
        mirrors.emplace(
            io.get_executor(),
            GitSettings{.directory = root / "mirrors", .timeout = timeout, .allow_local = true});
    }
    std::string remote() const { return root / "remote.git"; }
    std::string other() const { return root / "other"; }

    std::string git(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "git");
        auto output =
            test::must_run(std::move(arguments), {{"GIT_CONFIG_GLOBAL", "/dev/null"},
                                                  {"GIT_CONFIG_NOSYSTEM", "1"},
                                                  {"HOME", root.string()},
                                                  {"GIT_AUTHOR_NAME", "O"},
                                                  {"GIT_AUTHOR_EMAIL", "o@example.org"},
                                                  {"GIT_COMMITTER_NAME", "O"},
                                                  {"GIT_COMMITTER_EMAIL", "o@example.org"}});
        while (output.ends_with('\n'))
            output.pop_back();
        return output;
    }
    void push_of_others(const std::string& file, const std::string& text) const {
        fs::create_directories((fs::path(other()) / file).parent_path());
        std::ofstream(fs::path(other()) / file) << text;
        git({"-C", other(), "add", "-A"});
        git({"-C", other(), "commit", "-q", "-m", "by others"});
        git({"-C", other(), "push", "-q", "origin", "HEAD:main"});
    }
    /// Somebody is quicker: between our look and our push the branch gets this commit.
    void overtake(const std::string& file, const std::string& text, bool each_time = false) const {
        std::ofstream(fs::path(other()) / file) << text;
        git({"-C", other(), "add", "-A"});
        git({"-C", other(), "commit", "-q", "-m", "quicker"});
        git({"-C", other(), "push", "-q", "origin", "HEAD:refs/heads/quicker"});
        hook("update",
             "test -e done && exit 0\n"
             "export GIT_AUTHOR_NAME=O GIT_AUTHOR_EMAIL=o GIT_COMMITTER_NAME=O "
             "GIT_COMMITTER_EMAIL=o\n" +
                 std::string(each_time ? "" : "touch done\n") +
                 "new=$(git commit-tree refs/heads/quicker^{tree} -p refs/heads/main "
                 "-m quicker-$$)\n"
                 "git update-ref refs/heads/main $new\n");
    }
    void hook(const std::string& name, const std::string& script) const {
        const auto path = fs::path(remote()) / "hooks" / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path) << "#!/bin/sh\n" << script;
        fs::permissions(path, fs::perms::owner_all);
    }
    std::string show(const std::string& what) const { return git({"-C", remote(), "show", what}); }
    std::string head() const { return git({"-C", remote(), "rev-parse", "main"}); }

    template <typename T>
    GitAnswer<T> answer(auto begin) {
        const auto work = boost::asio::make_work_guard(io);
        std::optional<GitAnswer<T>> got;
        begin([&](GitAnswer<T> result) { got.emplace(std::move(result)); });
        io.restart();
        while (!got)
            io.run_one();
        return *std::move(got);
    }
    GitAccess access(std::string branch = "main") const {
        return {.service = "x",
                .remote = "file://" + remote(),
                .branch = std::move(branch),
                .credentials = {}};
    }
    GitAnswer<CommitResult> commit(std::vector<FileChange> changes,
                                   std::string mark = "Cockpit-Deployment: 1") {
        return answer<CommitResult>([&](auto done) {
            mirrors->commit({.access = access(),
                             .changes = std::move(changes),
                             .message = "Deploy x",
                             .author_name = "Cockpit",
                             .author_email = "c@example.org",
                             .mark = std::move(mark)},
                            std::move(done));
        });
    }
    /// What an operation left beside the mirror.
    std::vector<std::string> scratch() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(root / "mirrors")) {
            if (entry.path().filename() != "x.git") names.push_back(entry.path().filename());
        }
        return names;
    }

    fs::path root;
    boost::asio::io_context io;
    std::optional<GitMirrors> mirrors;
};

TEST_F(GitMirrorsTest, CommitsAndPushesAndLeavesNothingBehind) {
    const auto base = head();
    const auto done = commit({{"conf/a.ini", "new\n"}, {"first", std::nullopt}});
    ASSERT_TRUE(done) << done.error().detail;
    EXPECT_TRUE(done->changed);
    EXPECT_EQ(done->base, base);
    EXPECT_EQ(done->commit, head());
    EXPECT_EQ(show("main:conf/a.ini"), "new");
    EXPECT_EQ(git({"-C", remote(), "ls-tree", "-r", "--name-only", "main"}), "conf/a.ini");
    EXPECT_EQ(git({"-C", remote(), "log", "-1", "--format=%an <%ae> %cn|%B", "main"}),
              "Cockpit <c@example.org> Cockpit|Deploy x\n\nCockpit-Deployment: 1");
    EXPECT_EQ(git({"-C", remote(), "rev-parse", "main^"}), base);
    EXPECT_THAT(scratch(), IsEmpty());
}

TEST_F(GitMirrorsTest, TheSameAgainIsNothingToCommit) {
    ASSERT_TRUE(commit({{"a", "x"}}));
    const auto before = head();
    const auto again = commit({{"a", "x"}}, "Cockpit-Deployment: 2");
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_FALSE(again->changed);
    EXPECT_EQ(again->commit, before);
    EXPECT_EQ(head(), before);
}

TEST_F(GitMirrorsTest, TheSameMarkIsTheSameCommitWhateverCameSince) {
    const auto first = commit({{"a", "x"}});
    ASSERT_TRUE(first);
    git({"-C", other(), "pull", "-q", "origin", "main"});
    push_of_others("b", "y");
    const auto before = head();
    start();
    const auto again = commit({{"a", "x"}});
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_TRUE(again->changed);
    EXPECT_EQ(again->commit, first->commit);
    EXPECT_EQ(again->base, first->base);
    EXPECT_EQ(head(), before);
}

TEST_F(GitMirrorsTest, WhoWasQuickerWithOtherFilesIsBuiltUpon) {
    overtake("theirs", "t\n");
    const auto done = commit({{"ours", "o\n"}});
    ASSERT_TRUE(done) << done.error().detail;
    EXPECT_TRUE(done->repeated);
    EXPECT_EQ(show("main:ours"), "o");
    EXPECT_EQ(show("main:theirs"), "t");
}

TEST_F(GitMirrorsTest, WhoWasQuickerWithTheSameFileIsNotOverwritten) {
    overtake("same", "theirs\n");
    const auto done = commit({{"same", "ours\n"}});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, GitError::Kind::conflict);
    EXPECT_THAT(done.error().detail, HasSubstr("somebody else pushed changes of 'same'"));
    EXPECT_EQ(show("main:same"), "theirs");
    EXPECT_THAT(scratch(), IsEmpty());
}

TEST_F(GitMirrorsTest, TwiceOvertakenIsGivenUp) {
    overtake("theirs", "t\n", true);
    const auto done = commit({{"ours", "o\n"}});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, GitError::Kind::rejected);
    EXPECT_THAT(done.error().detail, HasSubstr("others pushed to the branch twice"));
}

TEST_F(GitMirrorsTest, WhatTheRepositoryDoesNotTakeIsSaidInItsWords) {
    const auto before = head();
    hook("pre-receive", "echo 'policy: no' >&2\nexit 1\n");
    const auto done = commit({{"a", "x"}});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, GitError::Kind::rejected);
    EXPECT_THAT(done.error().detail, HasSubstr("does not take the commit"));
    EXPECT_THAT(done.error().detail, HasSubstr("pre-receive hook declined"));
    EXPECT_EQ(head(), before);
    hook("pre-receive", "exit 0\n");
    EXPECT_TRUE(commit({{"a", "x"}})) << "nothing is in the way of the next one";
}

TEST_F(GitMirrorsTest, OneThatHangsIsGivenUpAndEnded) {
    start(1500ms);
    hook("pre-receive", "sleep 600\n");
    const auto done = commit({{"a", "x"}});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, GitError::Kind::unreachable);
    EXPECT_THAT(done.error().detail, HasSubstr("did not answer within 1 s"));
    EXPECT_THAT(scratch(), IsEmpty());
}

TEST_F(GitMirrorsTest, ADifferenceChangesNothing) {
    const auto before = head();
    const auto compared = answer<Comparison>([&](auto done) {
        mirrors->compare(access(), {{"first", "two\n"}, {"new", "n\n"}, {"gone", std::nullopt}},
                         std::move(done));
    });
    ASSERT_TRUE(compared) << compared.error().detail;
    EXPECT_EQ(compared->base, before);
    ASSERT_EQ(compared->files.size(), 3u);
    EXPECT_EQ(compared->files[0].kind, FileDifference::Kind::changed);
    EXPECT_THAT(compared->files[0].diff, HasSubstr("-one\n+two"));
    EXPECT_EQ(compared->files[1].kind, FileDifference::Kind::added);
    EXPECT_EQ(compared->files[2].kind, FileDifference::Kind::same);
    EXPECT_EQ(head(), before);
    EXPECT_THAT(scratch(), IsEmpty());
}

TEST_F(GitMirrorsTest, BinaryFilesAndModesStayAsTheyAre) {
    std::ofstream(fs::path(other()) / "run.sh") << "#!/bin/sh\n";
    fs::permissions(fs::path(other()) / "run.sh", fs::perms::owner_all);
    push_of_others("x", "y");
    const std::string bytes("\0\xff\n\0", 4);
    ASSERT_TRUE(commit({{"bin", bytes}, {"run.sh", "#!/bin/sh\ntrue\n"}}));
    EXPECT_THAT(git({"-C", remote(), "ls-tree", "main", "run.sh"}), HasSubstr("100755"));
    EXPECT_EQ(git({"-C", remote(), "cat-file", "-s", "main:bin"}), "4");
}

TEST_F(GitMirrorsTest, FilesAreReadAsTheyWereInACommit) {
    const std::string binary("\0\xff\n\n", 4);
    const auto first = commit({{"conf/a", binary}, {"conf/b", "b"}}, "mark: 1").value();
    ASSERT_TRUE(commit({{"conf/a", "new"}, {"conf/b", std::nullopt}}, "mark: 2"));
    const auto files = answer<std::vector<FileChange>>([&](auto done) {
        mirrors->files_at(access(), first.commit, {"conf/a", "conf/b", "conf/none"},
                          std::move(done));
    });
    ASSERT_TRUE(files) << files.error().detail;
    EXPECT_EQ(*files, (std::vector<FileChange>{
                          {"conf/a", binary}, {"conf/b", "b"}, {"conf/none", std::nullopt}}));
    const auto folder = answer<std::vector<FileChange>>(
        [&](auto done) { mirrors->files_at(access(), first.commit, {"conf"}, std::move(done)); });
    EXPECT_FALSE(folder);
    const auto nothing = answer<std::vector<FileChange>>([&](auto done) {
        mirrors->files_at(access(), std::string(40, 'a'), {"conf/a"}, std::move(done));
    });
    EXPECT_FALSE(nothing);
}

TEST_F(GitMirrorsTest, APathThatIsADirectoryIsRefused) {
    push_of_others("dir/file", "y");
    const auto before = head();
    const auto as_file = commit({{"dir", "x"}});
    ASSERT_FALSE(as_file);
    EXPECT_EQ(as_file.error().kind, GitError::Kind::invalid);
    EXPECT_THAT(as_file.error().detail, HasSubstr("'dir' is a directory"));
    const auto below_file = commit({{"first/x", "x"}});
    ASSERT_FALSE(below_file);
    EXPECT_THAT(below_file.error().detail, HasSubstr("'first' is a file in the repository"));
    EXPECT_EQ(head(), before);
}

TEST_F(GitMirrorsTest, ABranchThatIsNotThereIsSaidSo) {
    const auto found =
        answer<std::string>([&](auto done) { mirrors->head(access("nowhere"), std::move(done)); });
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().detail, "the repository has no branch 'nowhere'");
    const auto there =
        answer<std::string>([&](auto done) { mirrors->head(access(), std::move(done)); });
    EXPECT_EQ(there, head());
}

TEST_F(GitMirrorsTest, LocalRemotesAreOnlyForThoseWhoAllowThem) {
    mirrors.reset();
    mirrors.emplace(
        io.get_executor(),
        GitSettings{.directory = root / "mirrors", .timeout = 30s, .allow_local = false});
    const auto found =
        answer<std::string>([&](auto done) { mirrors->head(access(), std::move(done)); });
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().detail, HasSubstr("transport 'file' not allowed"));
}

TEST_F(GitMirrorsTest, WhatAnEarlierLifeLeftIsRemoved) {
    fs::create_directories(root / "mirrors" / "scratch-abc");
    std::ofstream(root / "mirrors" / "scratch-abc" / "key") << "secret";
    start();
    EXPECT_THAT(scratch(), IsEmpty());
}

}  // namespace
}  // namespace cockpit::git

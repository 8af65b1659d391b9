#include "cli/contexts.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

#include "cli/failure.hpp"

namespace cockpit::cli {
namespace {

class ContextsTest : public testing::Test {
  protected:
    ContextsTest() {
        std::string made = testing::TempDir() + "contextsXXXXXX";
        directory = ::mkdtemp(made.data());
        file = directory / "config" / "cockpit" / "contexts.json";
        ::unsetenv("COCKPIT_URL");
        ::unsetenv("COCKPIT_TOKEN");
    }
    ~ContextsTest() override {
        std::filesystem::remove_all(directory);
        ::unsetenv("COCKPIT_URL");
        ::unsetenv("COCKPIT_TOKEN");
    }
    std::filesystem::path directory;
    std::filesystem::path file;
    const Contexts two{.current = "prod",
                       .named = {{"prod", {"https://prod.example.org", "ann", "ckp_1"}},
                                 {"test", {"http://localhost:8000", "bob", ""}}}};
};

TEST_F(ContextsTest, AreKeptWhereOnlyTheirOwnerReadsThem) {
    save_contexts(file, two);
    struct stat status{};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    ASSERT_EQ(::stat(file.parent_path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    const auto loaded = load_contexts(file);
    EXPECT_EQ(loaded.current, "prod");
    EXPECT_EQ(loaded.named.at("prod").token, "ckp_1");
    EXPECT_EQ(loaded.named.at("test").url, "http://localhost:8000");
}

TEST_F(ContextsTest, AFileThatOthersReadIsRefused) {
    save_contexts(file, two);
    ::chmod(file.c_str(), 0644);
    try {
        load_contexts(file);
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.what(), "others may read '" + file.string() + "', which holds tokens");
        EXPECT_THAT(failure.hint, testing::StartsWith("chmod 600 '"));
    }
}

TEST_F(ContextsTest, AFileOfSomethingElseIsNotOverwrittenInSilence) {
    save_contexts(file, two);
    std::ofstream(file) << "not JSON";
    EXPECT_THROW(load_contexts(file), Failure);
    EXPECT_TRUE(load_contexts(directory / "none").named.empty());
}

TEST_F(ContextsTest, TheEnvironmentWinsOverTheFileAndANameOverBoth) {
    EXPECT_EQ(choose_context(two, "").url, "https://prod.example.org");
    ::setenv("COCKPIT_TOKEN", "ckp_env", 1);
    EXPECT_EQ(choose_context(two, "").token, "ckp_env");
    ::setenv("COCKPIT_URL", "http://other:1/", 1);
    EXPECT_EQ(choose_context(two, "").url, "http://other:1");
    EXPECT_EQ(choose_context(two, "test").url, "http://localhost:8000");
    EXPECT_THROW(choose_context(two, "none"), Failure);
}

TEST_F(ContextsTest, WithoutAnyServerItSaysWhatToDo) {
    try {
        choose_context({}, "");
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.code, Exit::not_permitted);
        EXPECT_EQ(failure.hint, "cockpitctl login URL, or set COCKPIT_URL and COCKPIT_TOKEN");
    }
}

TEST_F(ContextsTest, AddressesOfServers) {
    EXPECT_EQ(server_url("https://a.example.org//"), "https://a.example.org");
    for (const auto* wrong : {"", "a.example.org", "ftp://a", "http://", "https:///"})
        EXPECT_THROW(server_url(wrong), Failure) << wrong;
}

}  // namespace
}  // namespace cockpit::cli

#include "server/deployments/repository_rules.hpp"

#include <gmock/gmock.h>

namespace cockpit::deployments {
namespace {

using testing::HasSubstr;

TEST(RepositoryRulesTest, NamesOfServices) {
    for (const auto* right : {"a", "grafana-eu.1", "9", "A_b"})
        EXPECT_FALSE(wrong_service_name(right)) << right;
    for (const auto& wrong : {std::string(), std::string("-a"), std::string("a/b"),
                              std::string("a b"), std::string(101, 'a'), std::string("..")}) {
        EXPECT_THAT(wrong_service_name(wrong).value_or("<right>"), HasSubstr("'name' must have"))
            << wrong;
    }
}

TEST(RepositoryRulesTest, Remotes) {
    for (const auto* right : {"https://git.example.org/team/x.git", "ssh://git@host:2222/x",
                              "git@host:team/x.git", "https://host:8443/x"}) {
        EXPECT_FALSE(wrong_remote(right, false)) << right;
    }
    for (const auto* wrong :
         {"", "-oProxyCommand=x", "ext::sh -c id", "ext::sh", "user@ext::sh", "file:///etc",
          "http://host/x", "/srv/x", "https://user:secret@host/x", "git@-oProxyCommand=x:y",
          "https://ho st/x", "ftp://h/x"}) {
        EXPECT_TRUE(wrong_remote(wrong, false)) << wrong;
    }
    EXPECT_FALSE(wrong_remote("file:///srv/x.git", true));
    EXPECT_FALSE(wrong_remote("http://127.0.0.1:3000/x", true));
    EXPECT_TRUE(wrong_remote("ext::sh -c id", true));
}

TEST(RepositoryRulesTest, Branches) {
    for (const auto* right : {"main", "release/1.2", "a_b-c"})
        EXPECT_FALSE(wrong_branch(right)) << right;
    for (const auto* wrong : {"", "-x", "a..b", "a b", "a~1", "x.lock", "/a", "a/", "a//b", "@{"})
        EXPECT_TRUE(wrong_branch(wrong)) << wrong;
}

TEST(RepositoryRulesTest, PathsOfFiles) {
    for (const auto* right : {"a", "a/b.ini", ".hidden", "a b/c"})
        EXPECT_FALSE(wrong_file_path(right)) << right;
    for (const auto* wrong : {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".git/config",
                              "x/.GIT/hooks/y", "a\\b", "a\nb", "./a"}) {
        EXPECT_TRUE(wrong_file_path(wrong)) << wrong;
    }
    EXPECT_TRUE(wrong_file_path(std::string(1001, 'a')));
}

TEST(RepositoryRulesTest, TheSameRepositoryByAnyName) {
    const auto key = same_repository_key("https://git.example.org/team/x.git");
    for (const auto* same :
         {"https://git.example.org/team/x", "git@git.example.org:team/x.git",
          "ssh://git@git.example.org:22/team/x.git", "https://GIT.example.org:443/team/x/"}) {
        EXPECT_EQ(same_repository_key(same), key) << same;
    }
    for (const auto* other :
         {"https://git.example.org/team/y", "https://git.example.com/team/x",
          "https://git.example.org:8443/team/x", "https://git.example.org/Team/x"}) {
        EXPECT_NE(same_repository_key(other), key) << other;
    }
}

}  // namespace
}  // namespace cockpit::deployments

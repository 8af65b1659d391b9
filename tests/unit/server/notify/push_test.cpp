#include "server/notify/push.hpp"

#include <gmock/gmock.h>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace cockpit::notify {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string secret = "It's a Secret to Everybody";

std::string hex_hmac(const std::string& key, const std::string& body) {
    return crypto::to_hex(crypto::hmac_sha256(key, body));
}

// The example of GitHub's "Validating webhook deliveries".
TEST(IncomingSignature, GitHubsOwnExample) {
    HeaderMap headers{{"x-hub-signature-256",
                       "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}};
    EXPECT_TRUE(is_authentic(Provider::github, secret, headers, "Hello, World!"));
    EXPECT_FALSE(is_authentic(Provider::github, secret, headers, "Hello, World?"));
    EXPECT_FALSE(is_authentic(Provider::github, "another", headers, "Hello, World!"));
    EXPECT_FALSE(is_authentic(Provider::github, secret, {}, "Hello, World!"));
    headers["x-hub-signature-256"] = hex_hmac(secret, "Hello, World!");
    EXPECT_FALSE(is_authentic(Provider::github, secret, headers, "Hello, World!"))
        << "the prefix is missing";
}

TEST(IncomingSignature, GitLabSendsTheSecret) {
    EXPECT_TRUE(is_authentic(Provider::gitlab, secret, {{"x-gitlab-token", secret}}, "x"));
    EXPECT_FALSE(is_authentic(Provider::gitlab, secret, {{"x-gitlab-token", secret + "x"}}, "x"));
    EXPECT_FALSE(is_authentic(Provider::gitlab, secret, {}, "x"));
}

TEST(IncomingSignature, GiteaHasTwoHeaders) {
    const auto digest = hex_hmac(secret, "body");
    EXPECT_TRUE(is_authentic(Provider::gitea, secret, {{"x-gitea-signature", digest}}, "body"));
    EXPECT_TRUE(is_authentic(Provider::gitea, secret, {{"x-hub-signature-256", "sha256=" + digest}},
                             "body"));
    EXPECT_FALSE(is_authentic(Provider::gitea, secret, {{"x-gitea-signature", digest}}, "b"));
    EXPECT_FALSE(is_authentic(Provider::gitea, secret, {}, "body"));
}

TEST(IncomingSignature, AnEmptySecretVerifiesNothing) {
    EXPECT_FALSE(is_authentic(Provider::gitlab, "", {{"x-gitlab-token", ""}}, "x"));
    EXPECT_FALSE(
        is_authentic(Provider::gitea, "", {{"x-gitea-signature", hex_hmac("", "x")}}, "x"));
}

const std::string github_push = R"({"ref":"refs/heads/feature/x","before":"aa","after":"bb",
    "repository":{"full_name":"o/r","clone_url":"https://g/o/r.git","ssh_url":"git@g:o/r.git"},
    "pusher":{"name":"vera"}})";

TEST(ReadPush, GitHub) {
    const auto read = read_push(
        Provider::github, {{"x-github-event", "push"}, {"x-github-delivery", "d1"}}, github_push);
    ASSERT_TRUE(read && read->push);
    EXPECT_EQ(read->push->repository, "o/r");
    EXPECT_EQ(read->push->branch, "feature/x");
    EXPECT_EQ(read->push->before, "aa");
    EXPECT_EQ(read->push->after, "bb");
    EXPECT_EQ(read->push->pusher, "vera");
    EXPECT_EQ(read->push->delivery_id, "d1");
    EXPECT_THAT(read->push->urls, ElementsAre("https://g/o/r.git", "git@g:o/r.git"));
}

TEST(ReadPush, GitLab) {
    const auto read = read_push(
        Provider::gitlab, {{"x-gitlab-event", "Push Hook"}},
        R"({"ref":"refs/heads/main","before":"aa","after":"bb","user_username":"vera","project":
           {"path_with_namespace":"g/s/r","git_http_url":"https://l/r.git","git_ssh_url":"git@l:r"}})");
    ASSERT_TRUE(read && read->push);
    EXPECT_EQ(read->push->repository, "g/s/r");
    EXPECT_EQ(read->push->pusher, "vera");
    EXPECT_EQ(read->push->delivery_id.size(), 64u) << "a digest of the body stands for the id";
}

TEST(ReadPush, Gitea) {
    const auto read =
        read_push(Provider::gitea, {{"x-gitea-event", "push"}, {"x-gitea-delivery", "d2"}},
                  R"({"ref":"refs/heads/main","before":"aa","after":"bb","pusher":{"login":"vera"},
           "repository":{"full_name":"o/r","clone_url":"https://t/o/r.git"}})");
    ASSERT_TRUE(read && read->push);
    EXPECT_EQ(read->push->pusher, "vera");
    EXPECT_EQ(read->push->delivery_id, "d2");
}

std::string ignored(const HeaderMap& headers, const std::string& body) {
    const auto read = read_push(Provider::github, headers, body);
    EXPECT_TRUE(read.has_value()) << read.error();
    EXPECT_FALSE(read->push);
    return read->ignored_because;
}

TEST(ReadPush, WhatIsNoPushOfABranchIsIgnored) {
    const HeaderMap push{{"x-github-event", "push"}};
    EXPECT_THAT(ignored({{"x-github-event", "ping"}}, "{}"),
                HasSubstr("the event is 'ping'; only 'push'"));
    EXPECT_THAT(ignored({}, "no json"), HasSubstr("the event is ''"));
    EXPECT_THAT(
        ignored(push, R"({"ref":"refs/tags/v1","after":"bb","repository":{"full_name":"r"}})"),
        HasSubstr("'refs/tags/v1' is no branch"));
    EXPECT_THAT(ignored(push, R"({"ref":"refs/heads/old","after":"0000000000",
                                  "repository":{"full_name":"r"}})"),
                HasSubstr("branch 'old' was removed"));
}

TEST(ReadPush, WhatCannotBeUnderstoodSaysWhy) {
    const HeaderMap push{{"x-github-event", "push"}};
    for (const auto* body : {"", "payload=%7B%7D", "[]", "{"}) {
        EXPECT_THAT(read_push(Provider::github, push, body).error(), HasSubstr("application/json"));
    }
    for (const auto* body : {"{}", R"({"ref":7,"after":"b","repository":{"full_name":"r"}})",
                             R"({"ref":"refs/heads/m","after":"b","repository":"r"})"}) {
        EXPECT_THAT(read_push(Provider::github, push, body).error(),
                    HasSubstr("no repository name, no 'ref' or no 'after'"));
    }
}

}  // namespace
}  // namespace cockpit::notify

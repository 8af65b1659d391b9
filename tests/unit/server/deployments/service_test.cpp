#include "server/deployments/service.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "host_world.hpp"
#include "server/deployments/service_book.hpp"

namespace cockpit::deployments {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

const std::string least =
    R"("remote": "https://h/x.git", "targets": "*", "repository_path": "/srv/x")";

std::string refusal(const std::string& more) {
    const auto draft =
        service_draft_of("x", json::parse("{" + least + more + "}").as_object(), false);
    return draft ? "<accepted>" : draft.error();
}

TEST(ServiceTest, TheLeastThereIsGetsItsDefaults) {
    const auto draft = service_draft_of("x", json::parse("{" + least + "}").as_object(), false);
    ASSERT_TRUE(draft) << draft.error();
    EXPECT_EQ(draft->service.branch, "main");
    EXPECT_EQ(draft->service.author_name, "Cockpit");
    EXPECT_FALSE(draft->names_credentials);
    EXPECT_EQ(draft->service.credentials, GitCredentials::Kind::none);
}

TEST(ServiceTest, WhatIsWrongIsNamed) {
    EXPECT_EQ(refusal(""), "<accepted>");
    EXPECT_THAT(refusal(R"(, "branch": "a b")"), HasSubstr("'branch'"));
    EXPECT_THAT(refusal(R"(, "path": "../x")"), HasSubstr("must not have . or .."));
    EXPECT_THAT(refusal(R"(, "author_name": "A <b>")"), HasSubstr("'author_name'"));
    EXPECT_THAT(refusal(R"(, "check": {"kind": "dns"})"),
                HasSubstr("'check' needs 'kind': http, tcp or container"));
    EXPECT_THAT(refusal(R"(, "check": {"kind": "http"})"), HasSubstr("needs 'url'"));
    EXPECT_THAT(refusal(R"(, "check": {"kind": "tcp", "host": "h"})"),
                HasSubstr("needs 'host' and 'port'"));
    EXPECT_THAT(refusal(R"(, "credentials": {"kind": "pin"})"),
                HasSubstr("needs 'kind': none, password or ssh_key"));
    EXPECT_THAT(refusal(R"(, "credentials": {"kind": "password", "secret": "s"})"),
                HasSubstr("needs 'username'"));
    EXPECT_THAT(refusal(R"(, "credentials": {"kind": "ssh_key", "secret": "s"})"),
                HasSubstr("needs 'known_hosts'"));
    EXPECT_THAT(refusal(R"(, "concurrency": 0)"), HasSubstr("'concurrency'"));
    EXPECT_THAT(refusal(R"(, "templates": [{"path": "a"}])"),
                HasSubstr("must be a list of objects with 'path' and 'body'"));
    EXPECT_THAT(refusal(R"(, "templates": [{"path": "a", "body": "{{#x}}"}])"),
                HasSubstr("in 'templates', the template of 'a' is wrong"));
    EXPECT_THAT(refusal(R"(, "variables": {"a b": "c"})"),
                HasSubstr("in 'variables', the variable"));
    EXPECT_THAT(refusal(R"(, "group_variables": {"eu": {"x": []}})"),
                HasSubstr("in 'group_variables.eu', the variable 'x'"));
    EXPECT_THAT(refusal(R"(, "host_variables": [])"), HasSubstr("'host_variables' must be"));
}

TEST(ServiceTest, WhatIsKeptComesBackAndHasNoSecretInIt) {
    const auto draft = service_draft_of(
        "x",
        json::parse("{" + least + R"(, "container": "c", "check": {"kind": "tcp", "host": "h",
            "port": 1}, "concurrency": "10%", "canary": 2, "deploy_on_push": true,
            "templates": [{"path": "a", "body": "{{b}}"}], "variables": {"b": "c"},
            "group_variables": {"g": {"b": "d"}}, "host_variables": {"w": {"b": true}},
            "credentials": {"kind": "password", "username": "u", "secret": "hush"}})")
            .as_object(),
        false);
    ASSERT_TRUE(draft) << draft.error();
    EXPECT_EQ(draft->secret, "hush");
    const auto text = json::serialize(draft->definition);
    EXPECT_THAT(text, Not(HasSubstr("hush")));
    const auto back = service_of("x", text);
    ASSERT_TRUE(back) << back.error();
    EXPECT_EQ(back->container, "c");
    EXPECT_EQ(back->check.at("port"), 1);
    EXPECT_EQ(back->manner.limits.concurrency.text(), "10%");
    EXPECT_EQ(back->manner.limits.canary, 2);
    EXPECT_TRUE(back->deploy_on_push);
    EXPECT_EQ(back->templates[0].body, "{{b}}");
    EXPECT_EQ(back->group_variables.at("g").at("b"), "d");
    EXPECT_EQ(back->host_variables.at("w").at("b"), true);
    EXPECT_EQ(back->credentials, GitCredentials::Kind::password);
    EXPECT_THAT(service_of("x", "[]").error(), HasSubstr("was altered in the database"));
}

class ServiceBookTest : public DeploymentTest {
  protected:
    std::expected<ServiceRecord, Error> change(bool is_new, const std::string& more,
                                               const std::string& remote = "https://h/x.git") {
        const auto request =
            json::parse(R"({"remote": ")" + remote +
                        R"(", "targets": "*", "repository_path": "/srv/x")" + more + "}");
        return answer<ServiceRecord>([&](auto done) {
            if (is_new) return book.create("x", request.as_object(), "vera", std::move(done));
            book.replace("x", request.as_object(), "otto", std::move(done));
        });
    }
    std::string secret() {
        const auto& record = store.services.at("x");
        const auto service = service_of("x", record.definition);
        const auto access = access_to(*service, record, box);
        return access ? access->credentials.secret : access.error().detail;
    }
    const std::string password =
        R"(, "credentials": {"kind": "password", "username": "u", "secret": "hush"})";
};

TEST_F(ServiceBookTest, ASecretIsSealedAndStaysUntilItIsGivenAnew) {
    ASSERT_TRUE(change(true, password));
    EXPECT_EQ(secret(), "hush");
    EXPECT_THAT(store.services.at("x").sealed_secret.value_or(""), Not(HasSubstr("hush")));
    const auto taken = change(true, "");
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, Error::Kind::conflict);

    ASSERT_TRUE(change(false, R"(, "branch": "next")"));
    EXPECT_EQ(secret(), "hush") << "not mentioned";
    EXPECT_EQ(store.services.at("x").updated_by, "otto");
    ASSERT_TRUE(change(false, R"(, "credentials": {"kind": "password", "username": "v"})"));
    EXPECT_EQ(secret(), "hush") << "only the name changed";
    ASSERT_TRUE(change(false, R"(, "credentials": {"kind": "none"})"));
    EXPECT_FALSE(store.services.at("x").sealed_secret);
    const auto without = change(false, R"(, "credentials": {"kind": "password", "username": "v"})");
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error().detail, "'credentials' needs 'secret'");
}

// Whoever may write services but does not know the secret could have it sent to a server of theirs.
TEST_F(ServiceBookTest, ForAnotherRemoteTheSecretMustBeGivenAgain) {
    ASSERT_TRUE(change(true, password));
    for (const auto* more : {"", R"(, "credentials": {"kind": "password", "username": "u"})"}) {
        const auto stolen = change(false, more, "https://evil.example.org/x.git");
        ASSERT_FALSE(stolen);
        EXPECT_THAT(stolen.error().detail, HasSubstr("'remote' is another one than before"));
    }
    EXPECT_EQ(secret(), "hush");
    ASSERT_TRUE(change(false, password, "https://new.example.org/x.git"));
    EXPECT_EQ(secret(), "hush");
}

TEST_F(ServiceBookTest, ASealedSecretOfAnotherKeyIsSaidSo) {
    ASSERT_TRUE(change(true, password));
    store.services.at("x").sealed_secret =
        crypto::SecretBox(std::string(32, 'z')).seal("hush", secret_place("x"));
    EXPECT_THAT(secret(), HasSubstr("sealed with another key than this server's server.key"));
}

TEST_F(ServiceBookTest, TargetsAreLookedAtAndRemovalWaitsForTheEnd) {
    const auto made = change(true, "");
    ASSERT_TRUE(made) << made.error().detail;
    const auto request = json::parse(
        R"({"remote": "https://h/x.git", "targets": "a and", "repository_path": "/s"})");
    const auto column = answer<ServiceRecord>(
        [&](auto done) { book.create("y", request.as_object(), "vera", std::move(done)); });
    ASSERT_FALSE(column);
    EXPECT_TRUE(column.error().column);
    const auto none =
        answer<ServiceRecord>([&](auto done) { book.remove("nowhere", std::move(done)); });
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().detail, HasSubstr("there is no service 'nowhere'"));
    EXPECT_TRUE(answer<ServiceRecord>([&](auto done) { book.remove("x", std::move(done)); }));
    EXPECT_TRUE(store.services.empty());
}

}  // namespace
}  // namespace cockpit::deployments

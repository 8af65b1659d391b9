#include "server/notify/target.hpp"

#include <gmock/gmock.h>

namespace cockpit::notify {
namespace {

using testing::HasSubstr;
using testing::Optional;

Event ended(const std::string& agent, const std::string& outcome) {
    return {.id = "e",
            .kind = std::string(command_ended),
            .subject = "s",
            .text = "t",
            .agent = agent,
            .outcome = outcome,
            .data = {}};
}

TEST(Target, WantsTheEventsItChose) {
    TargetRecord target{.name = "t", .events = {"command.ended:error", "command.ended:timeout"}};
    EXPECT_TRUE(wants(target, ended("web-1", "error")));
    EXPECT_FALSE(wants(target, ended("web-1", "success")));
    target.events = {"command.ended"};
    EXPECT_TRUE(wants(target, ended("web-1", "success")));
    target.events = {"host.changed"};
    EXPECT_FALSE(wants(target, ended("web-1", "success")));
    target.events = {"*"};
    EXPECT_TRUE(wants(target, ended("web-1", "success")));
    target.enabled = false;
    EXPECT_FALSE(wants(target, ended("web-1", "success")));
}

TEST(Target, WantsTheHostsItChose) {
    TargetRecord target{.name = "t", .events = {"*"}, .agents = {"web-*", "db-1"}};
    EXPECT_TRUE(wants(target, ended("web-17", "error")));
    EXPECT_TRUE(wants(target, ended("db-1", "error")));
    EXPECT_FALSE(wants(target, ended("db-12", "error")));
    auto without_host = ended("", "error");
    without_host.agent = std::nullopt;
    EXPECT_FALSE(wants(target, without_host));
}

TEST(Target, PatternsWithStars) {
    EXPECT_TRUE(matches_pattern("*", ""));
    EXPECT_TRUE(matches_pattern("a*c", "abbc"));
    EXPECT_TRUE(matches_pattern("a*b*c", "axxbxbxc"));
    EXPECT_FALSE(matches_pattern("a*c", "abb"));
    EXPECT_FALSE(matches_pattern("", "a"));
    EXPECT_TRUE(matches_pattern("**a**", "a"));
    EXPECT_FALSE(matches_pattern(std::string(200, '*') + "b", std::string(5'000, 'a')));
}

TEST(Target, WrongEventsAreNamed) {
    EXPECT_EQ(wrong_events({"*", "command.ended", "host.changed:offline"}), std::nullopt);
    EXPECT_THAT(wrong_events({}), Optional(HasSubstr("'events' must not be empty; there are '*'")));
    EXPECT_THAT(wrong_events({"comand.ended"}),
                Optional(HasSubstr("'events' has 'comand.ended'; there are '*', 'command.ended'")));
    EXPECT_THAT(wrong_events({"command.ended:"}), Optional(HasSubstr("'command.ended:'")));
}

TEST(Target, UrlsAreHttpWithoutUser) {
    EXPECT_EQ(wrong_url("https://example.org/hook?x=1"), std::nullopt);
    EXPECT_EQ(wrong_url("http://[2001:db8::1]:8080/"), std::nullopt);
    for (const auto* url : {"", "example.org", "ftp://example.org/", "file:///etc/passwd",
                            "https:///path", "https://exa mple.org/", "gopher://x/"}) {
        EXPECT_THAT(wrong_url(url), Optional(HasSubstr("must be http://host/path"))) << url;
    }
    EXPECT_THAT(wrong_url("https://me:pw@example.org/"), Optional(HasSubstr("no user name")));
    EXPECT_THAT(wrong_url("https://example.org/#x"), Optional(HasSubstr("#fragment")));
    EXPECT_THAT(wrong_url("https://example.org/" + std::string(2048, 'x')),
                Optional(HasSubstr("2048")));
}

TEST(Target, AddressesCannotChangeTheDialogue) {
    EXPECT_EQ(wrong_addresses({"a@example.org", "b+c@x"}), std::nullopt);
    for (const auto* address : {"a", "a@", "@b", "a@b@c", "a@b\r\nRCPT TO:<x>", "a b@c", "<a@b>",
                                "a@b,c@d", "a\xc3\xa4@b"}) {
        EXPECT_THAT(wrong_addresses({address}), Optional(HasSubstr("no e-mail address")))
            << address;
    }
    EXPECT_THAT(wrong_addresses({}), Optional(HasSubstr("1 to 50")));
}

TEST(Target, WhatIsASecretIsNotShown) {
    EXPECT_EQ(shown_url(TargetKind::slack, "https://hooks.slack.com/services/T/B/X"),
              "https://hooks.slack.com/…");
    EXPECT_EQ(shown_url(TargetKind::webhook, "https://x.org:8443/in?token=1"),
              "https://x.org:8443/in?…");
    EXPECT_EQ(host_of("http://[::1]:80/x"), "::1");
    EXPECT_EQ(host_of("http://Example.org/x"), "Example.org");
}

TEST(Target, NamesAndSecrets) {
    EXPECT_EQ(wrong_name("chat.ops_1"), std::nullopt);
    for (const auto* name : {"", ".x", "-x", "a b", "a/b", "ä"})
        EXPECT_THAT(wrong_name(name), Optional(HasSubstr("'name' must be"))) << name;
    EXPECT_EQ(wrong_secret(std::string(16, 's')), std::nullopt);
    EXPECT_THAT(wrong_secret("short"), Optional(HasSubstr("16 to 255 bytes")));
}

}  // namespace
}  // namespace cockpit::notify

#include "config/notify_settings.hpp"

#include <gmock/gmock.h>

namespace cockpit::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

NotifySettings read(const Environment& environment, std::vector<std::string>* errors = nullptr) {
    Reader reader(environment);
    auto settings = read_notify_settings(reader);
    if (errors != nullptr) {
        *errors = reader.errors();
    } else {
        EXPECT_THAT(reader.errors(), IsEmpty());
    }
    return settings;
}

TEST(NotifySettings, DefaultsSendNothingToThisHost) {
    const auto settings = read({});
    EXPECT_EQ(settings.first_retry_ms, 10'000);
    EXPECT_EQ(settings.longest_retry_ms, 3'600'000);
    EXPECT_EQ(settings.give_up_ms, 86'400'000);
    EXPECT_EQ(settings.timeout_ms, 10'000);
    EXPECT_EQ(settings.at_once, 8);
    EXPECT_EQ(settings.host_stable_ms, 30'000);
    EXPECT_FALSE(settings.allow_local);
    EXPECT_TRUE(settings.allow_hosts.empty());
    EXPECT_EQ(settings.smtp_url, "");
    EXPECT_TRUE(settings.smtp_require_tls);
}

TEST(NotifySettings, EveryKeyIsRead) {
    const auto settings = read({{"NOTIFY_FIRST_RETRY_MS", "100"},
                                {"NOTIFY_LONGEST_RETRY_MS", "200"},
                                {"NOTIFY_GIVE_UP_MS", "300"},
                                {"NOTIFY_TIMEOUT_MS", "400"},
                                {"NOTIFY_AT_ONCE", "2"},
                                {"NOTIFY_HOST_STABLE_MS", "0"},
                                {"NOTIFY_ALLOW_LOCAL", "yes"},
                                {"NOTIFY_ALLOW_HOSTS", "a, 127.0.0.1"},
                                {"NOTIFY_SMTP_URL", "smtps://mail.lan"},
                                {"NOTIFY_SMTP_USER", "u"},
                                {"NOTIFY_SMTP_PASSWORD", "p"},
                                {"NOTIFY_SMTP_FROM", "c@x.org"},
                                {"NOTIFY_SMTP_REQUIRE_TLS", "no"}});
    EXPECT_EQ(settings.first_retry_ms, 100);
    EXPECT_EQ(settings.longest_retry_ms, 200);
    EXPECT_EQ(settings.give_up_ms, 300);
    EXPECT_EQ(settings.timeout_ms, 400);
    EXPECT_EQ(settings.at_once, 2);
    EXPECT_EQ(settings.host_stable_ms, 0);
    EXPECT_TRUE(settings.allow_local);
    EXPECT_THAT(settings.allow_hosts, ElementsAre("a", "127.0.0.1"));
    EXPECT_EQ(settings.smtp_url, "smtps://mail.lan");
    EXPECT_EQ(settings.smtp_user, "u");
    EXPECT_EQ(settings.smtp_password, "p");
    EXPECT_EQ(settings.smtp_from, "c@x.org");
    EXPECT_FALSE(settings.smtp_require_tls);
}

TEST(NotifySettings, WrongMailSettingsAreNamed) {
    std::vector<std::string> errors;
    read({{"NOTIFY_SMTP_URL", "mail.lan"}, {"NOTIFY_SMTP_USER", "u"}}, &errors);
    EXPECT_THAT(errors,
                ElementsAre(HasSubstr("NOTIFY_SMTP_URL: write smtp://host:port or smtps://"),
                            HasSubstr("NOTIFY_SMTP_FROM: must be the sender's address"),
                            HasSubstr("and NOTIFY_SMTP_PASSWORD are set both or not at all")));
    read({{"NOTIFY_SMTP_URL", "smtp://me:hush@mail.lan"}, {"NOTIFY_SMTP_FROM", "a@b\r\nx"}},
         &errors);
    EXPECT_THAT(errors, ElementsAre(testing::AllOf(HasSubstr("must hold no user"),
                                                   testing::Not(HasSubstr("hush"))),
                                    HasSubstr("NOTIFY_SMTP_FROM")));
}

}  // namespace
}  // namespace cockpit::config

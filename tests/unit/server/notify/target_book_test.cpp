#include "unit/server/notify/notify_fixture.hpp"

namespace cockpit::notify {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = TargetError::Kind;

class TargetBookTest : public NotifyTest {
  protected:
    void expect_invalid(TargetKind kind, TargetFields fields, std::string_view says) {
        const auto made = create("t", kind, std::move(fields));
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().kind, Kind::invalid);
        EXPECT_THAT(made.error().detail, HasSubstr(says));
        EXPECT_TRUE(store.targets.empty());
    }
    const std::string url = "https://example.org/secret-path";
    const std::string secret{some_secret};
};

TEST_F(TargetBookTest, SecretsAreSealedAndOpenedAgain) {
    add_webhook("t");
    const auto& stored = store.targets.at("t");
    EXPECT_THAT(*stored.sealed_secret, Not(HasSubstr(std::string(some_secret))));
    EXPECT_THAT(*stored.sealed_url, Not(HasSubstr("example.org")));
    const auto opened = targets.open(stored);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->url, "https://example.org/hook");
    EXPECT_EQ(opened->secret, some_secret);
    auto moved = stored;
    moved.name = "other";
    EXPECT_FALSE(targets.open(moved)) << "a sealed text copied to another row does not open";
}

TEST_F(TargetBookTest, WhatDoesNotFitTheKindIsRefused) {
    expect_invalid(TargetKind::webhook, {.url = url, .events = {{"*"}}}, "'secret' is missing");
    expect_invalid(TargetKind::webhook, {.secret = secret, .events = {{"*"}}}, "'url' is missing");
    expect_invalid(TargetKind::webhook, {.url = url, .secret = secret}, "'events' is missing");
    expect_invalid(TargetKind::webhook, {.url = url, .secret = "short", .events = {{"*"}}},
                   "16 to 255 bytes");
    expect_invalid(TargetKind::webhook, {.addresses = {{"a@b"}}}, "has 'url', not 'addresses'");
    expect_invalid(TargetKind::slack, {.url = url, .secret = secret}, "takes no 'secret'");
    expect_invalid(TargetKind::email, {.url = url}, "has 'addresses', not 'url'");
    expect_invalid(TargetKind::email, {.events = {{"*"}}}, "'addresses' is missing");
    EXPECT_EQ(create("a b", TargetKind::slack, {.url = url, .events = {{"*"}}}).error().kind,
              Kind::invalid);
}

TEST_F(TargetBookTest, WithoutAMailServerThereIsNoMail) {
    TargetBook book(store, clock, box, "");
    const auto made = wait<TargetBook::Changed>([&](auto done) {
        book.create("m", TargetKind::email, {.addresses = {{"a@b"}}, .events = {{"*"}}}, "admin",
                    std::move(done));
    });
    EXPECT_THAT(made.error().detail, HasSubstr("NOTIFY_SMTP_URL and NOTIFY_SMTP_FROM"));
}

TEST_F(TargetBookTest, ANameIsTakenOnce) {
    add_webhook("t");
    const auto again = create("t", TargetKind::slack, {.url = url, .events = {{"*"}}});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, Kind::exists);
}

TEST_F(TargetBookTest, WhatIsNotGivenStays) {
    add_webhook("t", {"command.ended"});
    const auto changed = wait<TargetBook::Changed>(
        [&](auto done) { targets.change("t", {.enabled = false}, std::move(done)); });
    ASSERT_TRUE(changed);
    EXPECT_FALSE(changed->enabled);
    EXPECT_EQ(changed->events, std::vector<std::string>{"command.ended"});
    EXPECT_EQ(targets.open(*changed)->secret, some_secret);
    EXPECT_FALSE(targets.find("t")->enabled);
}

TEST_F(TargetBookTest, ChangesOfAnotherServerAreSeen) {
    TargetBook other(store, clock, box, "");
    add_webhook("t");
    EXPECT_EQ(other.find("t"), nullptr);
    EXPECT_TRUE(wait<bool>([&](auto done) { other.refresh(std::move(done)); }));
    EXPECT_NE(other.find("t"), nullptr);
    EXPECT_TRUE(wait<TargetBook::Changed>([&](auto done) { other.remove("t", std::move(done)); }));
    const auto changed = wait<TargetBook::Changed>(
        [&](auto done) { targets.change("t", {.enabled = false}, std::move(done)); });
    EXPECT_EQ(changed.error().kind, Kind::unknown);
}

TEST_F(TargetBookTest, AFailingStoreKeepsTheBook) {
    add_webhook("t");
    store.broken = true;
    EXPECT_FALSE(wait<bool>([&](auto done) { targets.refresh(std::move(done)); }));
    EXPECT_NE(targets.find("t"), nullptr);
    EXPECT_EQ(create("u", TargetKind::slack, {.url = url, .events = {{"*"}}}).error().kind,
              Kind::store_unavailable);
}

}  // namespace
}  // namespace cockpit::notify

#include "server/notify/deliverer.hpp"

#include "unit/server/notify/notify_fixture.hpp"

namespace cockpit::notify {
namespace {

using testing::HasSubstr;

class DelivererTest : public NotifyTest {
  protected:
    void publish(const std::string& event, std::vector<std::string> to) {
        Publication publication{.event_id = event,
                                .event = "command.ended",
                                .subject = event,
                                .body = R"({"text":"t"})",
                                .now_ms = clock.wall_ms(),
                                .give_up_at_ms = clock.wall_ms() + 100'000};
        for (auto& target : to)
            publication.to.push_back({.target = std::move(target), .delivery_id = new_id()});
        store.publish_event(std::move(publication), [](auto) {});
        turn();
    }
    Deliverer make(std::string owner = "me", std::size_t at_once = 8) {
        return Deliverer(
            {.schedule = {.first_ms = 10'000, .longest_ms = 40'000, .give_up_ms = 100'000},
             .at_once = at_once,
             .lease_ms = 30'000,
             .owner = std::move(owner)},
            {.store = store,
             .targets = targets,
             .sender = sender,
             .clock = clock,
             .chance = [] { return 0.5; },
             .new_id = new_id});
    }
    void look(Deliverer& deliverer) {
        deliverer.look();
        turn();
    }
    const Delivery& row(std::size_t n = 0) { return store.rows.at(n).delivery; }
    std::string header(std::size_t n, std::string_view name) {
        for (const auto& [key, value] : sender.sent.at(n).headers) {
            if (key == name) return value;
        }
        return "<absent>";
    }
    fakes::RecordingSender sender{io.get_executor()};
};

TEST_F(DelivererTest, WhatIsTakenIsDelivered) {
    add_webhook("t");
    publish("e", {"t"});
    auto deliverer = make();
    look(deliverer);
    ASSERT_EQ(sender.sent.size(), 1u);
    EXPECT_EQ(sender.sent[0].url, "https://example.org/hook");
    EXPECT_EQ(row().state, DeliveryState::delivered);
    EXPECT_EQ(row().attempts, 1);
    clock.advance(1'000'000);
    look(deliverer);
    EXPECT_EQ(sender.sent.size(), 1u);
    EXPECT_EQ(deliverer.under_way(), 0u);
}

TEST_F(DelivererTest, FailuresFollowTheScheduleAndThenItIsDead) {
    add_webhook("t");
    publish("e", {"t"});
    sender.outcome = {.delivered = false, .status = 500, .error = "the receiver answered 500"};
    auto deliverer = make();
    std::vector<std::int64_t> at;
    const auto began = clock.wall_ms();
    for (int second = 0; second < 200; ++second) {
        const auto before = sender.sent.size();
        look(deliverer);
        if (sender.sent.size() > before) at.push_back((clock.wall_ms() - began) / 1'000);
        clock.advance(1'000);
    }
    EXPECT_EQ(at, (std::vector<std::int64_t>{0, 10, 30, 70}));
    EXPECT_EQ(row().state, DeliveryState::dead);
    EXPECT_EQ(row().attempts, 4);
    EXPECT_EQ(row().last_status, 500);
    EXPECT_EQ(row().last_error, "the receiver answered 500");
    EXPECT_EQ(header(0, "X-Cockpit-Delivery"), header(3, "X-Cockpit-Delivery"));
    EXPECT_NE(header(0, "X-Cockpit-Timestamp"), header(3, "X-Cockpit-Timestamp"));
}

TEST_F(DelivererTest, ADeadOneIsSentAgainWithAWholeSchedule) {
    add_webhook("t");
    publish("e", {"t"});
    sender.outcome = {.delivered = false, .error = "refused", .refused = true};
    auto deliverer = make();
    look(deliverer);
    EXPECT_EQ(row().state, DeliveryState::dead) << "trying again would be of no use";
    EXPECT_EQ(row().attempts, 1);
    sender.outcome = {.delivered = false, .status = 503, .error = "the receiver answered 503"};
    clock.advance(500'000);
    EXPECT_EQ(wait<StoreResult<bool>>([&](auto done) { deliverer.resend(1, std::move(done)); }),
              true);
    EXPECT_EQ(row().state, DeliveryState::pending);
    EXPECT_EQ(row().attempts, 2);
    EXPECT_EQ(row().next_attempt_at_ms, clock.wall_ms() + 10'000);
    EXPECT_EQ(wait<StoreResult<bool>>([&](auto done) { deliverer.resend(1, std::move(done)); }),
              false)
        << "it is pending";
}

TEST_F(DelivererTest, ASlowReceiverKeepsOnlyItsOwnWaiting) {
    add_webhook("slow");
    publish("1", {"slow"});
    publish("2", {"slow"});
    auto deliverer = make();
    sender.hold = true;
    look(deliverer);
    EXPECT_EQ(sender.held.size(), 1u) << "one at a time for each target";
    sender.hold = false;
    add_webhook("quick");
    publish("3", {"quick"});
    look(deliverer);
    EXPECT_EQ(sender.sent.size(), 2u);
    EXPECT_EQ(row(2).state, DeliveryState::delivered);
    sender.held[0]({.delivered = true, .status = 200});
    turn();
    EXPECT_EQ(row(0).state, DeliveryState::delivered);
    EXPECT_EQ(row(1).state, DeliveryState::delivered) << "its next follows at once";
}

TEST_F(DelivererTest, NoMoreThanSoManyAtOnce) {
    for (const auto* name : {"a", "b", "c"})
        add_webhook(name);
    publish("e", {"a", "b", "c"});
    sender.hold = true;
    auto deliverer = make("me", 2);
    look(deliverer);
    EXPECT_EQ(sender.held.size(), 2u);
    sender.held[0]({.delivered = true});
    turn();
    EXPECT_EQ(sender.held.size(), 3u);
    // What is held must be answered before its deliverer goes.
    sender.held[1]({.delivered = true});
    sender.held[2]({.delivered = true});
    turn();
}

TEST_F(DelivererTest, OfTwoServersOneSends) {
    add_webhook("t");
    publish("e", {"t"});
    auto a = make("a");
    auto b = make("b");
    sender.hold = true;
    a.look();
    b.look();
    turn();
    EXPECT_EQ(sender.sent.size(), 1u);
    clock.advance(29'999);
    look(b);
    EXPECT_EQ(sender.sent.size(), 1u);
    clock.advance(1);
    look(b);
    EXPECT_EQ(sender.sent.size(), 2u) << "a is dead, as far as anybody knows";
    EXPECT_EQ(row().attempts, 2);
    for (auto& answer : sender.held)
        answer({.delivered = true, .status = 200});
    turn();
    EXPECT_EQ(row().state, DeliveryState::delivered);
    EXPECT_EQ(a.under_way() + b.under_way(), 0u);
}

TEST_F(DelivererTest, WhatAStopInterruptedDoesNotCountAsFailure) {
    add_webhook("t");
    publish("e", {"t"});
    sender.hold = true;
    auto deliverer = make();
    look(deliverer);
    deliverer.stop();
    sender.held[0]({.error = "the server stopped during the attempt", .aborted = true});
    turn();
    EXPECT_EQ(row().state, DeliveryState::pending);
    EXPECT_EQ(row().failures, 0);
    EXPECT_EQ(row().next_attempt_at_ms, clock.wall_ms());
    look(deliverer);
    EXPECT_EQ(sender.sent.size(), 1u) << "nothing begins after stop()";
}

TEST_F(DelivererTest, AnOutcomeTheDatabaseWouldNotTakeIsWrittenLater) {
    add_webhook("t");
    publish("1", {"t"});
    publish("2", {"t"});
    sender.hold = true;
    auto deliverer = make();
    look(deliverer);
    store.broken = true;
    sender.held[0]({.delivered = true, .status = 200});
    turn();
    EXPECT_EQ(row().state, DeliveryState::pending);
    clock.advance(5'000);
    look(deliverer);
    EXPECT_EQ(sender.sent.size(), 1u) << "the target gets nothing more meanwhile";
    store.broken = false;
    sender.hold = false;
    look(deliverer);
    EXPECT_EQ(row().state, DeliveryState::delivered);
    EXPECT_EQ(sender.sent.size(), 2u);
    EXPECT_EQ(row(1).state, DeliveryState::delivered);
}

TEST_F(DelivererTest, SecretsOfAnotherServerKeyAreToldOf) {
    add_webhook("t");
    publish("e", {"t"});
    const crypto::SecretBox other(crypto::SigningKey::generate().derive("test"));
    TargetBook book(store, clock, other, "");
    wait<bool>([&](auto done) { book.refresh(std::move(done)); });
    Deliverer deliverer({.owner = "x"}, {.store = store,
                                         .targets = book,
                                         .sender = sender,
                                         .clock = clock,
                                         .chance = [] { return 0.5; },
                                         .new_id = new_id});
    look(deliverer);
    EXPECT_TRUE(sender.sent.empty());
    EXPECT_EQ(row().state, DeliveryState::pending);
    EXPECT_THAT(row().last_error.value_or(""), HasSubstr("sealed with another server key"));
}

TEST_F(DelivererTest, ATestGoesPastTheOutbox) {
    add_webhook("t");
    auto deliverer = make();
    const auto outcome = wait<SendOutcome>([&](auto done) {
        deliverer.send_now(*targets.find("t"),
                           {.id = "x",
                            .kind = "test",
                            .subject = "t",
                            .text = "hello",
                            .agent = std::nullopt,
                            .outcome = {},
                            .data = {}},
                           std::move(done));
    });
    EXPECT_TRUE(outcome.delivered);
    EXPECT_THAT(sender.sent.at(0).body, HasSubstr("hello"));
    EXPECT_TRUE(store.rows.empty());
}

}  // namespace
}  // namespace cockpit::notify

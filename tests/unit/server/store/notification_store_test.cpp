#include <algorithm>

#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using notify::Delivery;
using notify::DeliveryState;
using notify::Publication;
using notify::TargetRecord;
template <typename T>
using Result = dispatch::StoreResult<T>;

constexpr std::int64_t now_ms = 1'790'000'000'000;

class NotificationStoreTest : public StoreTest {
  protected:
    template <typename T, typename Start>
    T ask(Start start) {
        auto result = store_.wait<Result<T>>(std::move(start));
        if (!result) throw std::runtime_error(result.error().message);
        return *std::move(result);
    }
    bool add(const std::string& name, bool enabled = true) {
        return ask<bool>(
            [&](auto done) { store_->add_target(target(name, enabled), std::move(done)); });
    }
    static TargetRecord target(const std::string& name, bool enabled = true) {
        return {.name = name,
                .kind = notify::TargetKind::webhook,
                .sealed_url = "sealed url",
                .sealed_secret = "sealed secret",
                .addresses = {},
                .events = {"command.ended", "host.changed:offline"},
                .agents = {"web-*"},
                .enabled = enabled,
                .created_by = "admin",
                .created_at_ms = now_ms,
                .changed_at_ms = now_ms + 1};
    }
    std::int64_t publish(const std::string& event, const std::vector<std::string>& to,
                         std::optional<Publication::HostChange> change = std::nullopt) {
        Publication publication{.event_id = event,
                                .event = "command.ended",
                                .subject = "subject",
                                .body = "{}",
                                .now_ms = now_ms,
                                .give_up_at_ms = now_ms + 100'000,
                                .host_change = std::move(change)};
        for (const auto& name : to)
            publication.to.push_back(
                {.target = name, .delivery_id = "id-" + std::to_string(++ids_)});
        return ask<std::int64_t>(
            [&](auto done) { store_->publish_event(publication, std::move(done)); });
    }
    std::vector<Delivery> due(std::int64_t at_ms = now_ms) {
        return ask<std::vector<Delivery>>(
            [&](auto done) { store_->due_deliveries(at_ms, std::move(done)); });
    }
    std::optional<Delivery> claim(std::int64_t id, const std::string& owner,
                                  std::int64_t at_ms = now_ms) {
        return ask<std::optional<Delivery>>([&](auto done) {
            store_->claim_delivery(id, owner, at_ms, at_ms + 30'000, std::move(done));
        });
    }
    bool settle(std::int64_t id, const std::string& owner, DeliveryState state,
                std::int64_t next_ms = now_ms) {
        return ask<bool>([&](auto done) {
            store_->settle_delivery({.id = id,
                                     .owner = owner,
                                     .state = state,
                                     .next_attempt_at_ms = next_ms,
                                     .failed = state != DeliveryState::delivered,
                                     .status = 500,
                                     .error = "no",
                                     .response = std::string("a\0b", 3),
                                     .at_ms = now_ms + 5},
                                    std::move(done));
        });
    }
    Delivery find(std::int64_t id) {
        return ask<std::optional<Delivery>>(
                   [&](auto done) { store_->find_delivery(id, std::move(done)); })
            .value();
    }
    std::vector<std::int64_t> listed(notify::DeliveryQuery query) {
        std::vector<std::int64_t> ids;
        for (const auto& delivery : ask<std::vector<Delivery>>(
                 [&](auto done) { store_->list_deliveries(query, std::move(done)); }))
            ids.push_back(delivery.id);
        return ids;
    }

    OpenStore store_{url_};
    int ids_ = 0;
};
COCKPIT_BOTH_DATABASES(NotificationStoreTest);

TEST_P(NotificationStoreTest, TargetsAreKeptAsTheyWereGiven) {
    EXPECT_TRUE(add("b"));
    EXPECT_TRUE(add("a", false));
    EXPECT_FALSE(add("a")) << "the name is taken";
    const auto load = [&] {
        return ask<std::vector<TargetRecord>>(
            [&](auto done) { store_->load_notification_targets(std::move(done)); });
    };
    auto list = load();
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0].name, "a");
    EXPECT_FALSE(list[0].enabled);
    EXPECT_EQ(list[1].sealed_secret, "sealed secret");
    EXPECT_EQ(list[1].events, target("b").events);
    EXPECT_EQ(list[1].agents, target("b").agents);
    EXPECT_EQ(list[1].created_at_ms, now_ms);
    EXPECT_EQ(list[1].changed_at_ms, now_ms + 1);

    auto changed = target("a");
    changed.sealed_secret = std::nullopt;
    changed.addresses = {"x@y"};
    EXPECT_TRUE(ask<bool>([&](auto done) { store_->change_target(changed, std::move(done)); }));
    list = load();
    EXPECT_TRUE(list[0].enabled);
    EXPECT_EQ(list[0].sealed_secret, std::nullopt);
    EXPECT_EQ(list[0].addresses, std::vector<std::string>{"x@y"});
    changed.name = "nobody";
    EXPECT_FALSE(ask<bool>([&](auto done) { store_->change_target(changed, std::move(done)); }));
}

TEST_P(NotificationStoreTest, AnEventIsAddedOnceForEachTarget) {
    add("a");
    add("b");
    EXPECT_EQ(publish("e", {"a", "b"}), 2);
    EXPECT_EQ(publish("e", {"a", "b"}), 0);
    EXPECT_EQ(publish("e", {"removed"}), 0) << "the target is gone meanwhile";
    const auto delivery = find(1);
    EXPECT_EQ(delivery.event_id, "e");
    EXPECT_EQ(delivery.state, DeliveryState::pending);
    EXPECT_EQ(delivery.attempts, 0);
    EXPECT_EQ(delivery.created_at_ms, now_ms);
    EXPECT_EQ(delivery.give_up_at_ms, now_ms + 100'000);
}

TEST_P(NotificationStoreTest, OfEachEnabledTargetTheOldestIsDue) {
    add("a");
    add("b");
    add("off", false);
    publish("1", {"a", "b", "off"});
    publish("2", {"a"});
    ASSERT_EQ(due().size(), 2u);
    EXPECT_EQ(due()[0].id, 1);
    EXPECT_TRUE(due(now_ms - 1).empty());
    ASSERT_TRUE(claim(1, "me"));
    ASSERT_EQ(due().size(), 2u) << "the next one of a; who sends keeps to one at a time";
    EXPECT_TRUE(std::ranges::none_of(due(), [](const Delivery& d) { return d.id == 1; }));
}

TEST_P(NotificationStoreTest, OneOfTwoClaimsIt) {
    add("a");
    publish("1", {"a"});
    const auto claimed = claim(1, "me");
    ASSERT_TRUE(claimed);
    EXPECT_EQ(claimed->attempts, 1);
    EXPECT_FALSE(claim(1, "other"));
    EXPECT_FALSE(claim(1, "other", now_ms + 29'999));
    EXPECT_TRUE(claim(1, "other", now_ms + 30'000));
    EXPECT_FALSE(settle(1, "me", DeliveryState::delivered)) << "it was taken away";
    EXPECT_TRUE(settle(1, "other", DeliveryState::delivered));
    EXPECT_FALSE(claim(1, "me", now_ms + 60'000)) << "it is done";
    const auto done = find(1);
    EXPECT_EQ(done.state, DeliveryState::delivered);
    EXPECT_EQ(done.delivered_at_ms, now_ms + 5);
    EXPECT_EQ(done.attempts, 2);
    EXPECT_EQ(done.failures, 0);
    EXPECT_EQ(done.last_status, 500);
    EXPECT_EQ(done.last_response,
              "a\xef\xbf\xbd"
              "b");
}

TEST_P(NotificationStoreTest, AFailureWaitsForItsNextAttempt) {
    add("a");
    publish("1", {"a"});
    claim(1, "me");
    EXPECT_TRUE(settle(1, "me", DeliveryState::pending, now_ms + 10'000));
    EXPECT_TRUE(due(now_ms + 9'999).empty());
    EXPECT_FALSE(claim(1, "me", now_ms + 9'999));
    ASSERT_EQ(due(now_ms + 10'000).size(), 1u);
    EXPECT_EQ(due(now_ms + 10'000)[0].failures, 1);
    EXPECT_EQ(find(1).delivered_at_ms, std::nullopt);
}

TEST_P(NotificationStoreTest, ADeadOneIsMadePendingAgain) {
    add("a");
    publish("1", {"a"});
    const auto resend = [&](std::int64_t id) {
        return ask<bool>([&](auto done) {
            store_->resend_delivery(id, now_ms + 1, now_ms + 2, std::move(done));
        });
    };
    EXPECT_FALSE(resend(1)) << "it is pending";
    EXPECT_FALSE(resend(2)) << "there is none";
    claim(1, "me");
    settle(1, "me", DeliveryState::dead);
    EXPECT_TRUE(due(now_ms + 1'000'000).empty());
    EXPECT_TRUE(resend(1));
    EXPECT_EQ(find(1).failures, 0);
    EXPECT_EQ(find(1).give_up_at_ms, now_ms + 2);
    ASSERT_EQ(due(now_ms + 1).size(), 1u);
    EXPECT_TRUE(
        ask<bool>([&](auto done) { store_->remove_target("a", now_ms + 3, std::move(done)); }));
    EXPECT_EQ(find(1).state, DeliveryState::dead);
    EXPECT_EQ(find(1).last_error, "the target was removed");
    EXPECT_FALSE(resend(1)) << "nobody is there to get it";
}

TEST_P(NotificationStoreTest, ListsByStateAndTargetNewestFirst) {
    add("a");
    add("b");
    publish("1", {"a", "b"});
    publish("2", {"a"});
    claim(1, "me");
    settle(1, "me", DeliveryState::dead);
    using Ids = std::vector<std::int64_t>;
    EXPECT_EQ(listed({}), (Ids{3, 2, 1}));
    EXPECT_EQ(listed({.limit = 2}), (Ids{3, 2}));
    EXPECT_EQ(listed({.before_id = 3}), (Ids{2, 1}));
    EXPECT_EQ(listed({.state = DeliveryState::dead}), (Ids{1}));
    EXPECT_EQ(listed({.state = DeliveryState::pending, .target = "a"}), (Ids{3}));
}

TEST_P(NotificationStoreTest, AHostsChangeIsPublishedByWhoNotesItFirst) {
    add("a");
    const auto change = [&](const std::string& event, const std::string& state) {
        return publish(event, {"a"}, Publication::HostChange{.agent_id = "web-1", .state = state});
    };
    EXPECT_EQ(change("h1", "online"), 0) << "the first time is no change";
    EXPECT_EQ(change("h2", "online"), 0);
    EXPECT_EQ(change("h3", "offline"), 1);
    EXPECT_EQ(change("h4", "offline"), 0) << "another server saw the same";
    EXPECT_EQ(change("h5", "online"), 1);
}

TEST_P(NotificationStoreTest, OldOnesAreSwept) {
    add("a");
    for (const auto* event : {"1", "2", "3"})
        publish(event, {"a"});
    claim(1, "me");
    settle(1, "me", DeliveryState::delivered);
    claim(2, "me");
    settle(2, "me", DeliveryState::dead);
    const auto sweep = [&](std::int64_t delivered, std::int64_t dead) {
        return ask<std::int64_t>(
            [&](auto done) { store_->sweep_deliveries(delivered, dead, std::move(done)); });
    };
    EXPECT_EQ(sweep(now_ms, now_ms), 0);
    EXPECT_EQ(sweep(now_ms + 1, now_ms), 1);
    EXPECT_EQ(sweep(now_ms + 1, now_ms + 1), 1);
    EXPECT_EQ(listed({}), (std::vector<std::int64_t>{3}));
}

}  // namespace
}  // namespace cockpit::store

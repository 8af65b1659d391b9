#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using schedules::FiringRecord;
using schedules::ScheduleRecord;
using schedules::ScheduleRecords;
using schedules::WindowRecord;

constexpr std::int64_t now_ms = 1'790'000'000'123;

class ScheduleStoreTest : public StoreTest {
  protected:
    template <typename T, typename Start>
    T wait(Start start) {
        return store_.wait<dispatch::StoreResult<T>>(std::move(start)).value();
    }
    ScheduleRecords loaded() {
        return wait<ScheduleRecords>([&](auto done) { store_->load_schedules(std::move(done)); });
    }
    bool add(const ScheduleRecord& record) {
        return wait<bool>([&](auto done) { store_->add_schedule(record, std::move(done)); });
    }
    bool add(const FiringRecord& record) {
        return wait<bool>([&](auto done) { store_->add_firing(record, std::move(done)); });
    }
    bool add(const WindowRecord& record) {
        return wait<bool>([&](auto done) { store_->add_window(record, std::move(done)); });
    }
    bool take(const FiringRecord& firing, std::int64_t at_ms) {
        return wait<bool>([&](auto done) {
            store_->take_firing(firing, "b", at_ms + 10, at_ms, std::move(done));
        });
    }
    bool end(const FiringRecord& firing) {
        return wait<bool>([&](auto done) { store_->end_firing(firing, std::move(done)); });
    }
    std::vector<FiringRecord> firings(int limit = 10) {
        return wait<std::vector<FiringRecord>>(
            [&](auto done) { store_->firings("nightly", limit, std::move(done)); });
    }
    std::vector<FiringRecord> abandoned(std::int64_t at_ms) {
        return wait<std::vector<FiringRecord>>(
            [&](auto done) { store_->abandoned_firings(at_ms, std::move(done)); });
    }
    static ScheduleRecord nightly() {
        return {.name = "nightly",
                .description = "züri",
                .kind = "command",
                .request = R"({"agent_id":"web-1"})",
                .cron = "0 2 * * *",
                .zone = "Europe/Berlin",
                .enabled = false,
                .missed = "once",
                .missed_within_s = 60,
                .overlap = "allow",
                .armed_at_ms = now_ms,
                .created_by = "vera",
                .created_at_ms = now_ms,
                .updated_by = "vera",
                .updated_at_ms = now_ms};
    }
    static FiringRecord firing(std::int64_t due_ms) {
        return {.schedule = "nightly",
                .due_at_ms = due_ms,
                .by = "schedule:nightly",
                .created_at_ms = now_ms,
                .lease_owner = "a",
                .lease_until_ms = now_ms + 100};
    }

    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(ScheduleStoreTest);

TEST_P(ScheduleStoreTest, AScheduleComesBackAsItWasAddedAndReplaced) {
    EXPECT_TRUE(add(nightly()));
    EXPECT_FALSE(add(nightly()));
    auto all = loaded().schedules;
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].description, "züri");
    EXPECT_EQ(all[0].request, R"({"agent_id":"web-1"})");
    EXPECT_EQ(all[0].zone, "Europe/Berlin");
    EXPECT_FALSE(all[0].enabled);
    EXPECT_EQ(all[0].missed_within_s, 60);
    EXPECT_EQ(all[0].overlap, "allow");
    EXPECT_EQ(all[0].armed_at_ms, now_ms);
    EXPECT_EQ(all[0].created_at_ms, now_ms);
    EXPECT_EQ(all[0].last_due_ms, std::nullopt);

    auto changed = nightly();
    changed.enabled = true;
    changed.cron = "@daily";
    changed.created_by = "nobody";
    EXPECT_TRUE(wait<bool>([&](auto done) { store_->replace_schedule(changed, std::move(done)); }));
    all = loaded().schedules;
    EXPECT_TRUE(all.at(0).enabled);
    EXPECT_EQ(all[0].cron, "@daily");
    EXPECT_EQ(all[0].created_by, "vera");
    changed.name = "other";
    EXPECT_FALSE(
        wait<bool>([&](auto done) { store_->replace_schedule(changed, std::move(done)); }));
}

TEST_P(ScheduleStoreTest, OneOfTwoHasAFiring) {
    ASSERT_TRUE(add(nightly()));
    EXPECT_TRUE(add(firing(5'000)));
    auto second = firing(5'000);
    second.lease_owner = "b";
    EXPECT_FALSE(add(second));
    auto by_hand = firing(9'001);
    by_hand.manual = true;
    EXPECT_TRUE(add(by_hand));
    ASSERT_EQ(firings().size(), 2u);
    EXPECT_TRUE(firings()[0].manual);
    EXPECT_EQ(firings()[1].lease_owner, "a");
    EXPECT_EQ(firings(1).size(), 1u);
    EXPECT_EQ(loaded().schedules.at(0).last_due_ms, 5'000);  // not the one by hand
}

TEST_P(ScheduleStoreTest, WhatNobodyEndedIsTakenOverOnce) {
    ASSERT_TRUE(add(firing(5'000)));
    EXPECT_TRUE(abandoned(now_ms + 100).empty());
    EXPECT_FALSE(take(firing(5'000), now_ms + 100));
    const auto late = now_ms + 101;
    ASSERT_EQ(abandoned(late).size(), 1u);
    EXPECT_TRUE(take(firing(5'000), late));
    EXPECT_FALSE(take(firing(5'000), late));

    auto ended = firing(5'000);
    ended.state = "launched";
    ended.launched_id = "an id";
    EXPECT_FALSE(end(ended)) << "a does not hold it any more";
    ended.lease_owner = "b";
    EXPECT_TRUE(end(ended));
    EXPECT_EQ(firings().at(0).state, "launched");
    EXPECT_EQ(firings()[0].launched_id, "an id");
    EXPECT_TRUE(abandoned(late + 1'000).empty());
}

TEST_P(ScheduleStoreTest, TheOneBeforeIsTheLatestThatWasLaunched) {
    const auto before = [&](std::int64_t due_ms) {
        return wait<std::optional<FiringRecord>>(
            [&](auto done) { store_->firing_before("nightly", due_ms, std::move(done)); });
    };
    ASSERT_TRUE(add(firing(1'000)));
    auto skipped = firing(2'000);
    skipped.state = "skipped";
    ASSERT_TRUE(add(skipped));
    EXPECT_EQ(before(3'000)->due_at_ms, 1'000);
    EXPECT_FALSE(before(1'000));
}

TEST_P(ScheduleStoreTest, ARemovedScheduleTakesItsFiringsWithIt) {
    ASSERT_TRUE(add(nightly()));
    ASSERT_TRUE(add(firing(1'000)));
    const auto remove = [&] {
        return wait<bool>([&](auto done) { store_->remove_schedule("nightly", std::move(done)); });
    };
    EXPECT_TRUE(remove());
    EXPECT_FALSE(remove());
    EXPECT_TRUE(firings().empty());
    EXPECT_TRUE(loaded().schedules.empty());
}

TEST_P(ScheduleStoreTest, WindowsComeBackAsTheyWereAddedAndReplaced) {
    WindowRecord window{.name = "nights",
                        .targets = "group:web",
                        .reason = "backup",
                        .cron = "0 1 * * *",
                        .zone = "Europe/Berlin",
                        .duration_s = 3'600,
                        .created_by = "vera",
                        .created_at_ms = now_ms,
                        .updated_by = "vera",
                        .updated_at_ms = now_ms};
    EXPECT_TRUE(add(window));
    EXPECT_FALSE(add(window));
    EXPECT_EQ(loaded().windows.at(0).cron, "0 1 * * *");
    EXPECT_EQ(loaded().windows[0].duration_s, 3'600);
    window.cron.reset();
    window.duration_s = 0;
    window.from_ms = now_ms;
    window.until_ms = now_ms + 5;
    EXPECT_TRUE(wait<bool>([&](auto done) { store_->replace_window(window, std::move(done)); }));
    EXPECT_EQ(loaded().windows.at(0).cron, std::nullopt);
    EXPECT_EQ(loaded().windows[0].until_ms, now_ms + 5);
    EXPECT_TRUE(wait<bool>([&](auto done) { store_->remove_window("nights", std::move(done)); }));
    EXPECT_FALSE(wait<bool>([&](auto done) { store_->remove_window("nights", std::move(done)); }));
}

}  // namespace
}  // namespace cockpit::store

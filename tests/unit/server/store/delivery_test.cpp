// What the store keeps for the guarantees of delivery: waiting, cancelling, trying again, repeated
// requests.

#include <gtest/gtest.h>

#include "unit/server/store/store_fixture.hpp"

namespace cockpit::store {
namespace {

using dispatch::CommandRecord;
using dispatch::StoreResult;
using dispatch::UpdateOutcome;
using protocol::CommandState;

class DeliveryTest : public StoreTest {
  protected:
    CommandRecord waiting(unsigned n) {
        auto record = command_record(n);
        record.dispatched = false;
        return *store_.insert(record);
    }
    UpdateOutcome mark_dispatched(unsigned n, int attempt = 1) {
        return *store_.wait<StoreResult<UpdateOutcome>>([&](auto done) {
            store_->mark_dispatched({command_id(n), attempt}, 1'700'000'500'000, std::move(done));
        });
    }
    UpdateOutcome request_cancel(unsigned n) {
        return *store_.wait<StoreResult<UpdateOutcome>>([&](auto done) {
            store_->request_cancel(command_id(n), "bob", 1'700'000'600'000, std::move(done));
        });
    }
    std::optional<CommandRecord> find_by_key(std::string sent_by, std::string key) {
        return *store_.wait<StoreResult<std::optional<CommandRecord>>>([&](auto done) {
            store_->find_by_key(std::move(sent_by), std::move(key), std::move(done));
        });
    }
    std::vector<dispatch::AttemptRecord> attempts(unsigned n) {
        return *store_.wait<StoreResult<std::vector<dispatch::AttemptRecord>>>(
            [&](auto done) { store_->attempts(command_id(n), std::move(done)); });
    }

    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(DeliveryTest);

TEST_P(DeliveryTest, OfTwoServersOneSendsWhatWaited) {
    EXPECT_FALSE(waiting(1).dispatched);
    const auto first = mark_dispatched(1);
    EXPECT_TRUE(first.changed);
    EXPECT_TRUE(first.record->dispatched);
    EXPECT_EQ(first.record->expires_at_ms, 1'700'000'500'000);
    EXPECT_FALSE(mark_dispatched(1).changed);
    EXPECT_FALSE(mark_dispatched(1, 2).changed);
    EXPECT_FALSE(mark_dispatched(9).record.has_value());
}

TEST_P(DeliveryTest, WhatWasNeverSentIsCancelledByTheRequestItself) {
    waiting(1);
    const auto cancelled = request_cancel(1);
    EXPECT_TRUE(cancelled.changed);
    EXPECT_EQ(cancelled.record->state, CommandState::cancelled);
    EXPECT_EQ(cancelled.record->completed_at_ms, 1'700'000'600'000);
    EXPECT_FALSE(mark_dispatched(1).changed) << "and is never sent";
    EXPECT_FALSE(request_cancel(1).changed);
}

TEST_P(DeliveryTest, WhatWasSentStaysOpenAndRemembersWhoWantsItStopped) {
    store_.insert(command_record(1));
    const auto asked = request_cancel(1);
    EXPECT_TRUE(asked.changed);
    EXPECT_EQ(asked.record->state, CommandState::pending);
    EXPECT_EQ(asked.record->cancel_requested_by, "bob");
    EXPECT_EQ(asked.record->cancel_requested_at_ms, 1'700'000'600'000);
}

TEST_P(DeliveryTest, WhatAnotherServerSentIsNotEndedAsNeverSent) {
    waiting(1);
    auto expired = command_update(1, CommandState::expired);
    expired.only_undispatched = true;
    mark_dispatched(1);
    const auto outcome = *store_.update(expired);
    EXPECT_FALSE(outcome.changed);
    EXPECT_EQ(outcome.record->state, CommandState::pending);
    waiting(2);
    expired = command_update(2, CommandState::expired);
    expired.only_undispatched = true;
    EXPECT_EQ(store_.update(expired)->record->state, CommandState::expired);
}

TEST_P(DeliveryTest, NothingIsTriedAgainOnceSomebodyAskedToCancel) {
    store_.insert(command_record(1));
    request_cancel(1);
    auto failed = command_update(1, CommandState::error);
    failed.retry_at_ms = 1'700'000'700'000;
    const auto outcome = *store_.update(failed);
    EXPECT_FALSE(outcome.changed);
    EXPECT_EQ(outcome.record->attempt, 1);
    EXPECT_TRUE(attempts(1).empty());
    failed.retry_at_ms.reset();
    EXPECT_EQ(store_.update(failed)->record->state, CommandState::error);
}

TEST_P(DeliveryTest, AnAttemptThatIsTriedAgainKeepsItsOutcome) {
    auto record = command_record(1);
    record.retry = {
        .max_attempts = 3, .backoff_ms = 1'000, .on = {CommandState::error, CommandState::timeout}};
    store_.insert(record);
    auto failed = command_update(1, CommandState::error);
    failed.output = "half";
    failed.error = "no route";
    failed.exit_code = 128;
    failed.retry_at_ms = 1'700'000'700'000;
    const auto outcome = *store_.update(failed);
    ASSERT_TRUE(outcome.changed);
    EXPECT_EQ(outcome.record->state, CommandState::pending);
    EXPECT_EQ(outcome.record->attempt, 2);
    EXPECT_FALSE(outcome.record->dispatched);
    EXPECT_EQ(outcome.record->next_attempt_at_ms, 1'700'000'700'000);
    EXPECT_EQ(outcome.record->retry.max_attempts, 3);
    EXPECT_EQ(outcome.record->retry.on, record.retry.on);
    EXPECT_FALSE(store_.update(failed)->changed) << "the same news again";
    const auto kept = attempts(1);
    ASSERT_EQ(kept.size(), 1u);
    EXPECT_EQ(kept[0].attempt, 1);
    EXPECT_EQ(kept[0].state, CommandState::error);
    EXPECT_EQ(kept[0].output, "half");
    EXPECT_EQ(kept[0].error, "no route");
    EXPECT_EQ(kept[0].exit_code, 128);
    EXPECT_TRUE(kept[0].completed_at_ms.has_value());
    EXPECT_TRUE(mark_dispatched(1, 2).changed);
}

TEST_P(DeliveryTest, AKeyIsOneCommandOfOneAsker) {
    auto record = command_record(1);
    record.sent_by = "alice";
    record.idempotency_key = "k";
    record.request_digest = "d";
    ASSERT_TRUE(store_.insert(record).has_value());
    auto again = command_record(2);
    again.sent_by = "alice";
    again.idempotency_key = "k";
    EXPECT_FALSE(store_.insert(again).has_value());
    EXPECT_EQ(find_by_key("alice", "k")->command_id, record.command_id);
    EXPECT_EQ(find_by_key("alice", "k")->request_digest, "d");
    again.sent_by = "bob";
    EXPECT_TRUE(store_.insert(again).has_value());
    EXPECT_FALSE(find_by_key("carol", "k").has_value());
    EXPECT_EQ(store_.history({})->total, 2);
}

TEST_P(DeliveryTest, WhoIsRefusedAKeyFindsTheRowThatHasIt) {
    // Given at the same time, so both may stand in one group.
    int refused = 0;
    int answered = 0;
    for (unsigned n = 1; n <= 20; ++n) {
        auto record = command_record(n);
        record.sent_by = "alice";
        record.idempotency_key = "k";
        store_->insert(record, [&](StoreResult<CommandRecord> result) {
            if (result) {
                ++answered;
                return;
            }
            ++refused;
            store_->find_by_key("alice", "k", [&](auto found) {
                EXPECT_TRUE(found && *found);
                ++answered;
            });
        });
    }
    store_.run_until([&] { return answered == 20; });
    EXPECT_EQ(refused, 19);
}

TEST_P(DeliveryTest, WhatACommandUsedIsKept) {
    store_.insert(command_record(1));
    auto ended = command_update(1, CommandState::error);
    ended.signal = 9;
    ended.cpu_ms = 1'234;
    ended.peak_memory_bytes = 5'000'000'000;
    ended.containment = "cgroup";
    const auto record = *store_.update(ended)->record;
    EXPECT_EQ(record.signal, 9);
    EXPECT_EQ(record.cpu_ms, 1'234);
    EXPECT_EQ(record.peak_memory_bytes, 5'000'000'000);
    EXPECT_EQ(record.containment, "cgroup");
}

TEST_P(DeliveryTest, HistoryOfWhatIsOpen) {
    for (unsigned n = 1; n <= 4; ++n)
        store_.insert(command_record(n, n % 2 ? "host-1" : "host-2"));
    store_.update(command_update(1, CommandState::success));
    const auto all = *store_.history({.only_open = true, .limit = 2});
    ASSERT_EQ(all.records.size(), 2u);
    EXPECT_EQ(all.total, 3);
    EXPECT_TRUE(all.next_before_id.has_value());
    const auto one = *store_.history({.agent_id = "host-1", .only_open = true});
    ASSERT_EQ(one.records.size(), 1u);
    EXPECT_EQ(one.records[0].command_id, command_id(3).text());
    EXPECT_EQ(one.total, 1);
}

}  // namespace
}  // namespace cockpit::store

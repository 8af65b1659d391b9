#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using protocol::CommandState;
using Inserted = dispatch::StoreResult<dispatch::CommandRecord>;

class GroupCommitTest : public StoreTest {
  protected:
    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(GroupCommitTest);

TEST_P(GroupCommitTest, WritesThatWaitTogetherShareTransactions) {
    constexpr unsigned writes = 1'000;
    unsigned answered = 0;
    std::int64_t last_id = 0;
    for (unsigned n = 1; n <= writes; ++n) {
        store_->insert(command_record(n, "host-" + std::to_string(n % 3)), [&](Inserted inserted) {
            ASSERT_TRUE(inserted) << inserted.error().message;
            EXPECT_GT(inserted->id, last_id) << "answered in the order of asking";
            last_id = inserted->id;
            ++answered;
        });
    }
    store_.run_until([&] { return answered == writes; });
    const auto groups = store_->write_figures().group_sizes;
    EXPECT_EQ(groups.sum(), writes);
    EXPECT_GE(groups.count(), 1u);
    EXPECT_LE(groups.count(), writes / 10);
    EXPECT_EQ(store_.history({}).value().total, writes);
    EXPECT_EQ(store_.history({.agent_id = "host-0"}).value().total, 333);
}

TEST_P(GroupCommitTest, ABrokenRowFailsAlone) {
    constexpr unsigned writes = 300;
    // One is there already; and one in the group comes twice.
    ASSERT_TRUE(store_.insert(command_record(7)));
    std::vector<unsigned> failed;
    unsigned answered = 0;
    const auto insert = [&](unsigned n) {
        store_->insert(command_record(n), [&, n](Inserted inserted) {
            if (!inserted) failed.push_back(n);
            ++answered;
        });
    };
    for (unsigned n = 1; n <= writes; ++n)
        insert(n);
    insert(200);
    store_.run_until([&] { return answered == writes + 1; });
    EXPECT_EQ(failed, (std::vector<unsigned>{7, 200}));
    EXPECT_EQ(store_.history({}).value().total, writes);
    EXPECT_LE(store_->write_figures().group_sizes.count(), 30u)
        << "the others still shared transactions";
}

TEST_P(GroupCommitTest, ManyBrokenRowsFailEachForItself) {
    for (unsigned n = 1; n <= 20; ++n)
        ASSERT_TRUE(store_.insert(command_record(n)));
    unsigned failed = 0;
    unsigned answered = 0;
    for (unsigned n = 1; n <= 40; ++n) {
        store_->insert(command_record(n), [&](Inserted inserted) {
            failed += inserted ? 0 : 1;
            ++answered;
        });
    }
    store_.run_until([&] { return answered == 40; });
    EXPECT_EQ(failed, 20u);
    EXPECT_EQ(store_.history({}).value().total, 40);
}

TEST_P(GroupCommitTest, InsertAndNewsOfOneCommandInOneGroupKeepTheirOrder) {
    std::vector<CommandState> states;
    const auto keep = [&](dispatch::StoreResult<dispatch::UpdateOutcome> outcome) {
        ASSERT_TRUE(outcome && outcome->changed && outcome->record);
        states.push_back(outcome->record->state);
    };
    store_->insert(command_record(1), [](Inserted inserted) { EXPECT_TRUE(inserted); });
    store_->update(command_update(1, CommandState::delivered), keep);
    store_->update(command_update(1, CommandState::running), keep);
    store_->update(command_update(1, CommandState::success), keep);
    store_.run_until([&] { return states.size() == 3; });
    EXPECT_EQ(states,
              (std::vector{CommandState::delivered, CommandState::running, CommandState::success}));
}

TEST_P(GroupCommitTest, CloseAnswersWhatWaits) {
    unsigned answered = 0;
    for (unsigned n = 1; n <= 100; ++n) {
        store_->insert(command_record(n), [&](Inserted inserted) {
            EXPECT_TRUE(inserted);
            ++answered;
        });
    }
    store_->close();
    EXPECT_EQ(answered, 0u) << "callbacks come on the I/O thread";
    store_.run_until([&] { return answered == 100; });
    EXPECT_EQ(OpenStore(url_).history({}).value().total, 100);
}

TEST_P(GroupCommitTest, AReaderDoesNotWaitForTheWriter) {
    ASSERT_TRUE(store_.insert(command_record(1)));
    const auto blocker = connect();
    blocker->execute(postgres() ? "BEGIN" : "BEGIN IMMEDIATE");
    blocker->execute("UPDATE cockpit_agent_commands SET output = 'held'");
    bool updated = false;
    store_->update(command_update(1, CommandState::success),
                   [&](dispatch::StoreResult<dispatch::UpdateOutcome> outcome) {
                       EXPECT_TRUE(outcome);
                       updated = true;
                   });
    const auto found = store_.find(command_id(1).text());
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->state, CommandState::pending);
    EXPECT_FALSE(updated);
    blocker->execute("ROLLBACK");
    store_.run_until([&] { return updated; });
}

}  // namespace
}  // namespace cockpit::store

// The filters of the history; what it does without any is in command_store_test.

#include <gmock/gmock.h>

#include "server/store/history_queries.hpp"
#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using protocol::CommandState;
using testing::ElementsAre;
using testing::IsEmpty;

class HistoryStoreTest : public StoreTest {
  protected:
    HistoryStoreTest() {
        add(1, "web-1", "echo", "ann", 1'000'000);
        add(2, "web-2", "git_pull", "ann", 2'000'000);
        add(3, "web-1", "git_pull", "bob", 3'000'000);
        add(4, "web-1", "echo", "bob", 4'000'000);
    }
    void add(unsigned n, const std::string& agent, const std::string& command,
             const std::string& by, std::int64_t at_ms) {
        auto record = command_record(n, agent);
        record.command = command;
        record.sent_by = by;
        record.sent_at_ms = at_ms;
        if (n == 2) record.state = CommandState::error;
        EXPECT_TRUE(store_.insert(record));
    }
    std::vector<std::int64_t> ids(dispatch::HistoryQuery query) {
        std::vector<std::int64_t> found;
        const auto page = store_.history(std::move(query)).value();
        EXPECT_EQ(page.total, std::nullopt) << "nobody counts what a filter lets through";
        for (const auto& record : page.records)
            found.push_back(record.id);
        return found;
    }
    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(HistoryStoreTest);

TEST_P(HistoryStoreTest, EachFilterAndAllOfThemTogether) {
    EXPECT_THAT(ids({.command = "echo"}), ElementsAre(4, 1));
    EXPECT_THAT(ids({.state = CommandState::error}), ElementsAre(2));
    EXPECT_THAT(ids({.sent_by = "bob"}), ElementsAre(4, 3));
    EXPECT_THAT(ids({.since_ms = 2'000'000}), ElementsAre(4, 3, 2));
    EXPECT_THAT(ids({.until_ms = 2'000'000}), ElementsAre(2, 1));
    EXPECT_THAT(ids({.since_ms = 2'000'000, .until_ms = 3'000'000}), ElementsAre(3, 2));
    EXPECT_THAT(ids({.agent_id = "web-1", .command = "git_pull"}), ElementsAre(3));
    EXPECT_THAT(ids({.only_open = true, .sent_by = "ann"}), ElementsAre(1));
    EXPECT_THAT(ids({.agent_id = "web-1", .only_open = true, .sent_by = "ann"}), ElementsAre(1));
    EXPECT_THAT(ids({.agent_id = "web-1",
                     .command = "echo",
                     .state = CommandState::pending,
                     .sent_by = "bob",
                     .since_ms = 4'000'000,
                     .until_ms = 4'000'000}),
                ElementsAre(4));
    EXPECT_THAT(ids({.command = "echo' OR 1=1 --"}), IsEmpty());
    EXPECT_THAT(ids({.since_ms = 5'000'000}), IsEmpty());
    EXPECT_THAT(ids({.until_ms = 1'000}), IsEmpty());
}

TEST_P(HistoryStoreTest, FilteredPagesFollowEachOther) {
    const auto first = store_.history({.limit = 1, .command = "echo"}).value();
    ASSERT_EQ(first.records.size(), 1u);
    EXPECT_EQ(first.records[0].id, 4);
    const auto second =
        store_.history({.limit = 1, .before_id = first.next_before_id, .command = "echo"}).value();
    ASSERT_EQ(second.records.size(), 1u);
    EXPECT_EQ(second.records[0].id, 1);
    EXPECT_EQ(second.next_before_id, std::nullopt);
}

// A page that nothing fits looks at so many ids and says where to go on; it does not look at all.
TEST_P(HistoryStoreTest, APageLooksAtSoManyRowsOnly) {
    connect()->execute("UPDATE cockpit_agent_commands SET id = id + " +
                       std::to_string(3 * ids_per_search) + " WHERE id > 1");
    dispatch::HistoryQuery query{.limit = 3, .command = "echo"};
    std::vector<std::int64_t> found;
    int pages = 0;
    do {
        const auto page = store_.history(query).value();
        for (const auto& record : page.records)
            found.push_back(record.id);
        query.before_id = page.next_before_id;
        ++pages;
    } while (query.before_id);
    EXPECT_THAT(found, ElementsAre(3 * ids_per_search + 4, 1));
    EXPECT_EQ(pages, 4);
}

}  // namespace
}  // namespace cockpit::store

#include <array>

#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using namespace std::literals;
using protocol::CommandState;

class CommandStoreTest : public StoreTest {
  protected:
    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(CommandStoreTest);

constexpr std::array every_state{
    CommandState::pending,   CommandState::delivered,     CommandState::running,
    CommandState::success,   CommandState::error,         CommandState::timeout,
    CommandState::cancelled, CommandState::cancel_failed, CommandState::interrupted,
    CommandState::expired,   CommandState::refused};

void expect_same(const dispatch::CommandRecord& a, const dispatch::CommandRecord& b) {
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.agent_id, b.agent_id);
    EXPECT_EQ(a.command_id, b.command_id);
    EXPECT_EQ(a.command, b.command);
    EXPECT_EQ(a.params, b.params);
    EXPECT_EQ(a.state, b.state);
    EXPECT_EQ(a.output, b.output);
    EXPECT_EQ(a.error, b.error);
    EXPECT_EQ(a.execution_time_ms, b.execution_time_ms);
    EXPECT_EQ(a.sent_at_ms, b.sent_at_ms);
    EXPECT_EQ(a.completed_at_ms, b.completed_at_ms);
    EXPECT_EQ(a.sent_by, b.sent_by);
    EXPECT_EQ(a.attempt, b.attempt);
    EXPECT_EQ(a.expires_at_ms, b.expires_at_ms);
    EXPECT_EQ(a.timeout_ms, b.timeout_ms);
    EXPECT_EQ(a.delivered_at_ms, b.delivered_at_ms);
    EXPECT_EQ(a.started_at_ms, b.started_at_ms);
    EXPECT_EQ(a.exit_code, b.exit_code);
}

TEST_P(CommandStoreTest, AnInsertedCommandIsFoundWithEveryColumn) {
    auto record = command_record(1);
    record.state = CommandState::error;
    record.output = "out";
    record.error = "bad";
    record.execution_time_ms = 1234;
    record.completed_at_ms = 1'790'000'009'999;
    record.attempt = 3;
    record.timeout_ms = 60'000;
    record.delivered_at_ms = 1'790'000'002'001;
    record.started_at_ms = 1'790'000'003'000;
    record.exit_code = -9;
    const auto inserted = store_.insert(record);
    ASSERT_TRUE(inserted) << inserted.error().message;
    EXPECT_GT(inserted->id, 0);
    record.id = inserted->id;
    expect_same(*inserted, record);
    const auto found = store_.find(record.command_id);
    ASSERT_TRUE(found && *found);
    expect_same(**found, record);
}

TEST_P(CommandStoreTest, AbsentValuesStayAbsent) {
    const auto inserted = store_.insert(command_record(1));
    ASSERT_TRUE(inserted);
    const auto found = store_.find(inserted->command_id);
    ASSERT_TRUE(found && *found);
    expect_same(**found, *inserted);
    EXPECT_EQ((*found)->output, std::nullopt);
    EXPECT_EQ((*found)->exit_code, std::nullopt);
    EXPECT_EQ(store_.find(command_id(2).text()).value(), std::nullopt);
}

TEST_P(CommandStoreTest, TheDatabaseHoldsItsOwnTimestampsAndTheOriginalsColumns) {
    ASSERT_TRUE(store_.insert(command_record(0)));
    const auto rows = connect()->query(
        {"SELECT CAST(sent_at AS VARCHAR(40)), status, agent_id, command, params, sent_by, output, "
         "error, execution_time_ms, completed_at FROM cockpit_agent_commands",
         {}});
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].text(0), "2026-09-21 14:13:20.123");
    EXPECT_EQ(rows[0].text(1), "pending");
    EXPECT_EQ(rows[0].text(4), R"({"message":"hello"})");
    EXPECT_EQ(rows[0].cell(9), std::nullopt);
}

TEST_P(CommandStoreTest, AnyBytesOfAHostAreKeptAsText) {
    auto record = command_record(1);
    record.params = "a\0b"s;
    const auto inserted = store_.insert(record);
    ASSERT_TRUE(inserted) << inserted.error().message;
    EXPECT_EQ(inserted->params,
              "a\xef\xbf\xbd"
              "b");
    auto update = command_update(1, CommandState::success);
    update.output = "gr\xc3\xbc\xc3\x9f\x65\0\xff\xfe'; DROP TABLE x; --"s;
    update.error = std::string(2'000'000, 'x');
    const auto outcome = store_.update(update);
    ASSERT_TRUE(outcome && outcome->record) << outcome.error().message;
    EXPECT_EQ(outcome->record->params,
              "a\xef\xbf\xbd"
              "b");
    EXPECT_EQ(outcome->record->output,
              "grüße\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd'; DROP TABLE x; --");
    EXPECT_EQ(outcome->record->error->size(), 2'000'000u);
}

TEST_P(CommandStoreTest, ACommandIdIsThereOnlyOnce) {
    ASSERT_TRUE(store_.insert(command_record(1)));
    const auto again = store_.insert(command_record(1));
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().message.find(postgres() ? "unique" : "UNIQUE"), std::string::npos)
        << again.error().message;
    EXPECT_EQ(store_.history({}).value().total, 1);
}

TEST_P(CommandStoreTest, NewsMovesTheStateOnlyWhereTheProtocolAllowsIt) {
    unsigned n = 0;
    for (const auto current : every_state) {
        for (const auto next : every_state) {
            auto record = command_record(++n);
            record.state = current;
            ASSERT_TRUE(store_.insert(record));
            const auto outcome = store_.update(command_update(n, next));
            const auto pair = std::string(to_text(current)) + " to " + std::string(to_text(next));
            ASSERT_TRUE(outcome && outcome->record) << pair;
            const bool allowed = protocol::may_follow(current, next);
            EXPECT_EQ(outcome->changed, allowed) << pair;
            EXPECT_EQ(outcome->record->state, allowed ? next : current) << pair;
            const auto found = store_.find(record.command_id);
            EXPECT_EQ((*found)->state, allowed ? next : current) << pair;
        }
    }
}

TEST_P(CommandStoreTest, EachStepLeavesItsTime) {
    ASSERT_TRUE(store_.insert(command_record(1)));
    auto delivered = command_update(1, CommandState::delivered);
    delivered.at_ms = 1'790'000'001'000;
    auto running = command_update(1, CommandState::running);
    running.at_ms = 1'790'000'002'000;
    auto success = command_update(1, CommandState::success);
    success.at_ms = 1'790'000'003'007;
    success.output = "pong";
    success.execution_time_ms = 1007;
    success.exit_code = 0;
    ASSERT_TRUE(store_.update(delivered)->changed);
    ASSERT_TRUE(store_.update(running)->changed);
    const auto outcome = store_.update(success);
    ASSERT_TRUE(outcome && outcome->changed);
    const auto& record = *outcome->record;
    EXPECT_EQ(record.delivered_at_ms, 1'790'000'001'000);
    EXPECT_EQ(record.started_at_ms, 1'790'000'002'000);
    EXPECT_EQ(record.completed_at_ms, 1'790'000'003'007);
    EXPECT_EQ(record.output, "pong");
    EXPECT_EQ(record.error, std::nullopt);
    EXPECT_EQ(record.execution_time_ms, 1007);
    EXPECT_EQ(record.exit_code, 0);
}

TEST_P(CommandStoreTest, NewsOfAnotherAttemptHostOrCommandChangesNothing) {
    ASSERT_TRUE(store_.insert(command_record(1)));
    auto other_attempt = command_update(1, CommandState::success);
    other_attempt.attempt.attempt = 2;
    auto other_host = command_update(1, CommandState::success);
    other_host.agent_id = "host-2";
    for (const auto& update : {other_attempt, other_host}) {
        const auto outcome = store_.update(update);
        ASSERT_TRUE(outcome && outcome->record);
        EXPECT_FALSE(outcome->changed);
        EXPECT_EQ(outcome->record->state, CommandState::pending);
    }
    const auto unknown = store_.update(command_update(2, CommandState::success));
    ASSERT_TRUE(unknown);
    EXPECT_FALSE(unknown->changed);
    EXPECT_FALSE(unknown->record);
}

TEST_P(CommandStoreTest, OfTwoServersWithFinalNewsOneWins) {
    OpenStore other(url_);
    constexpr unsigned commands = 50;
    for (unsigned n = 1; n <= commands; ++n)
        ASSERT_TRUE(store_.insert(command_record(n)));
    unsigned changed = 0;
    unsigned answered = 0;
    const auto count = [&](dispatch::StoreResult<dispatch::UpdateOutcome> outcome) {
        ASSERT_TRUE(outcome) << outcome.error().message;
        changed += outcome->changed ? 1 : 0;
        ++answered;
    };
    for (unsigned n = 1; n <= commands; ++n) {
        store_->update(command_update(n, CommandState::success), count);
        other->update(command_update(n, CommandState::timeout), count);
    }
    store_.run_until([&] {
        other.io().restart();
        other.io().poll();
        return answered == 2 * commands;
    });
    EXPECT_EQ(changed, commands);
}

TEST_P(CommandStoreTest, HistoryIsNewestFirstInPagesWithTotals) {
    for (unsigned n = 1; n <= 7; ++n) {
        ASSERT_TRUE(store_.insert(command_record(n, n % 2 == 0 ? "even" : "odd")));
    }
    const auto ids = [](const dispatch::HistoryPage& page) {
        std::vector<std::string> list;
        for (const auto& record : page.records)
            list.push_back(record.command_id);
        return list;
    };
    const auto id = [](unsigned n) { return command_id(n).text(); };

    const auto first = store_.history({.limit = 3}).value();
    EXPECT_EQ(ids(first), (std::vector{id(7), id(6), id(5)}));
    EXPECT_EQ(first.total, 7);
    EXPECT_TRUE(first.next_before_id.has_value());
    const auto second = store_.history({.limit = 4, .before_id = first.records.back().id}).value();
    EXPECT_EQ(ids(second), (std::vector{id(4), id(3), id(2), id(1)}));
    EXPECT_EQ(second.total, 7);
    EXPECT_FALSE(second.next_before_id.has_value());

    const auto odd = store_.history({.agent_id = "odd", .limit = 3}).value();
    EXPECT_EQ(ids(odd), (std::vector{id(7), id(5), id(3)}));
    EXPECT_EQ(odd.total, 4);
    EXPECT_TRUE(odd.next_before_id.has_value());
    const auto rest =
        store_.history({.agent_id = "odd", .limit = 3, .before_id = odd.records.back().id}).value();
    EXPECT_EQ(ids(rest), (std::vector{id(1)}));
    EXPECT_FALSE(rest.next_before_id.has_value());

    const auto nobody = store_.history({.agent_id = "nobody"}).value();
    EXPECT_TRUE(nobody.records.empty());
    EXPECT_EQ(nobody.total, 0);
    EXPECT_EQ(store_.history({.limit = 0}).value().records.size(), 1u) << "limit is at least 1";
}

TEST_P(CommandStoreTest, HistoryIsReadFromIndexes) {
    const auto plan_of = [&](std::string_view sql) {
        const auto connection = connect();
        std::string plan;
        // Tables of a test are too small for PostgreSQL to bother with an index.
        if (postgres()) connection->execute("SET enable_seqscan = off; SET enable_sort = off");
        const auto rows = connection->query({sql, {}});
        for (std::size_t i = 0; i < rows.size(); ++i)
            plan += rows[i].text(rows.columns - 1) + "\n";
        return plan;
    };
    const auto agent_plan =
        postgres() ? plan_of(
                         "EXPLAIN SELECT output FROM cockpit_agent_commands WHERE agent_id = 'a' "
                         "AND id < CAST(9 AS BIGINT) ORDER BY id DESC LIMIT 5")
                   : plan_of(
                         "EXPLAIN QUERY PLAN SELECT output FROM cockpit_agent_commands WHERE "
                         "agent_id = 'a' AND id < CAST(9 AS BIGINT) ORDER BY id DESC LIMIT 5");
    EXPECT_NE(agent_plan.find("ix_cockpit_agent_commands_history"), std::string::npos)
        << agent_plan;
    EXPECT_EQ(agent_plan.find("B-TREE"), std::string::npos) << "sorted by hand: " << agent_plan;
    const auto open_plan =
        postgres()
            ? plan_of(
                  "EXPLAIN SELECT output FROM cockpit_agent_commands WHERE COALESCE(status, "
                  "'pending') IN ('pending', 'delivered', 'running') ORDER BY id")
            : plan_of(
                  "EXPLAIN QUERY PLAN SELECT output FROM cockpit_agent_commands WHERE "
                  "COALESCE(status, 'pending') IN ('pending', 'delivered', 'running') ORDER BY id");
    EXPECT_NE(open_plan.find("ix_cockpit_agent_commands_open"), std::string::npos) << open_plan;
}

TEST_P(CommandStoreTest, OpenCommandsAreThoseInNoFinalStateOldestFirst) {
    unsigned n = 0;
    for (const auto state : every_state) {
        auto record = command_record(++n);
        record.state = state;
        ASSERT_TRUE(store_.insert(record));
    }
    const auto open = store_.open_commands().value();
    ASSERT_EQ(open.size(), 3u);
    EXPECT_EQ(open[0].state, CommandState::pending);
    EXPECT_EQ(open[1].state, CommandState::delivered);
    EXPECT_EQ(open[2].state, CommandState::running);
}

TEST_P(CommandStoreTest, AfterCloseEveryCallIsAnswered) {
    EXPECT_TRUE(store_.ping().value());
    store_->close();
    EXPECT_EQ(store_.ping().error().message, "the store is closed");
    EXPECT_EQ(store_.insert(command_record(1)).error().message, "the store is closed");
    store_->close();
}

}  // namespace
}  // namespace cockpit::store

#include "server/store/migrations.hpp"

#include <sys/stat.h>

#include <thread>

#include "server/store/sqlite_connection.hpp"
#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using protocol::CommandState;

class MigrationsTest : public StoreTest {
  protected:
    // What the original's migration 002 left, with rows as its Python wrote them.
    void make_original_database(bool recorded) {
        const auto connection = connect();
        const std::string serial =
            postgres() ? "SERIAL PRIMARY KEY" : "INTEGER NOT NULL PRIMARY KEY";
        connection->execute("CREATE TABLE cockpit_agent_commands (id " + serial +
                            R"(, agent_id VARCHAR(255) NOT NULL,
                command_id VARCHAR(36) NOT NULL UNIQUE, command VARCHAR(50) NOT NULL, params TEXT,
                status VARCHAR(20), output TEXT, error TEXT, execution_time_ms INTEGER,
                sent_at TIMESTAMP NOT NULL, completed_at TIMESTAMP, sent_by VARCHAR(255)))");
        connection->execute(
            "CREATE INDEX ix_cockpit_agent_commands_agent_id ON cockpit_agent_commands (agent_id)");
        connection->execute(
            "INSERT INTO cockpit_agent_commands (agent_id, command_id, command, params, status, "
            "output, execution_time_ms, sent_at, completed_at, sent_by) VALUES "
            "('grafana', '" +
            command_id(1).text() +
            "', 'git_pull', '{\"branch\": \"main\"}', "
            "'success', 'Already up to date.', 1234, '2026-09-21 14:13:20.123456', "
            "'2026-09-21 14:13:21', 'admin'), "
            "('grafana', '" +
            command_id(2).text() +
            "', 'echo', NULL, NULL, NULL, NULL, "
            "'2026-09-21 14:14:00', NULL, NULL), "
            "('other', '" +
            command_id(3).text() +
            "', 'echo', '{}', 'lost in space', NULL, NULL, "
            "'2026-09-21 14:15:00', NULL, NULL)");
        if (!recorded) return;
        connection->execute(
            "CREATE TABLE schema_migrations (migration_name VARCHAR(255) PRIMARY KEY, "
            "applied_at TIMESTAMP NOT NULL, description TEXT)");
        connection->execute(
            "INSERT INTO schema_migrations VALUES ('001_initial', "
            "'2026-01-01 00:00:00', 'Base'), ('002_cockpit_agent', "
            "'2026-01-01 00:00:00', 'Cockpit agent')");
    }
};
COCKPIT_BOTH_DATABASES(MigrationsTest);

TEST_P(MigrationsTest, EachRunsOnceAndIsRecorded) {
    const std::vector<std::string> all{"001_accounts",
                                       "002_cockpit_agent",
                                       "003_command_delivery",
                                       "004_agents",
                                       "005_delivery_guarantees",
                                       "006_output",
                                       "007_groups_and_labels",
                                       "008_runs",
                                       "009_deployments",
                                       "010_notifications",
                                       "011_schedules",
                                       "012_forced_and_host_labels",
                                       "013_command_tallies"};
    const auto connection = connect();
    EXPECT_EQ(migrate(*connection), all);
    EXPECT_EQ(migrate(*connection), std::vector<std::string>{});
    const auto rows = connection->query(
        {"SELECT migration_name, description, applied_at FROM schema_migrations ORDER BY 1", {}});
    ASSERT_EQ(rows.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(rows[i].text(0), all[i]);
        EXPECT_EQ(rows[i].text(1), migrations()[i].description);
        EXPECT_TRUE(rows[i].cell(2));
    }
}

TEST_P(MigrationsTest, AStoreOpensItsOwnDatabaseAgainAndFindsItsRows) {
    {
        ASSERT_TRUE(OpenStore(url_).insert(command_record(1)));
    }
    OpenStore again(url_);
    EXPECT_EQ(again.history({}).value().total, 1);
}

TEST_P(MigrationsTest, TheOriginalsDatabaseIsTakenOver) {
    for (const bool recorded : {true, false}) {
        if (!recorded) {  // a second, new database
            url_ = postgres() ? shared_postgres().create_database() : url_ + "2";
        }
        make_original_database(recorded);
        OpenStore store(url_);
        const auto page = store.history({.agent_id = "grafana"}).value();
        EXPECT_EQ(page.total, 2);
        ASSERT_EQ(page.records.size(), 2u);
        const auto& pulled = page.records[1];
        EXPECT_EQ(pulled.command, "git_pull");
        EXPECT_EQ(pulled.params, "{\"branch\": \"main\"}");
        EXPECT_EQ(pulled.state, CommandState::success);
        EXPECT_EQ(pulled.output, "Already up to date.");
        EXPECT_EQ(pulled.execution_time_ms, 1234);
        EXPECT_EQ(pulled.sent_at_ms, 1'790'000'000'123);
        EXPECT_EQ(pulled.completed_at_ms, 1'790'000'001'000);
        EXPECT_EQ(pulled.sent_by, "admin");
        EXPECT_EQ(pulled.attempt, 1);

        // No status: nothing was heard of it. An unknown word: it ended, nobody knows how.
        const auto& unheard = page.records[0];
        EXPECT_EQ(unheard.state, CommandState::pending);
        EXPECT_EQ(unheard.params, "{}");
        EXPECT_EQ(unheard.sent_by, "");
        EXPECT_EQ(unheard.expires_at_ms, unheard.sent_at_ms);
        EXPECT_EQ(store.find(command_id(3).text()).value()->state, CommandState::interrupted);
        const auto open = store.open_commands().value();
        ASSERT_EQ(open.size(), 1u);
        EXPECT_EQ(open[0].command_id, command_id(2).text());

        auto expired = command_update(2, CommandState::expired);
        expired.agent_id = "grafana";
        EXPECT_TRUE(store.update(expired)->changed);
        ASSERT_TRUE(store.insert(command_record(4, "grafana")));
        EXPECT_EQ(store.history({.agent_id = "grafana"}).value().total, 3);
        EXPECT_EQ(store.history({}).value().total, 4);
    }
}

TEST_P(MigrationsTest, AMigrationThatFailsLeavesNothingOfItself) {
    {
        const auto connection = connect();
        connection->execute("CREATE TABLE cockpit_join_tokens (mine INTEGER)");
    }
    boost::asio::io_context io;
    const auto opened = open(io.get_executor(), url_);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("migration 004_agents failed: "), std::string::npos)
        << opened.error();
    const auto connection = connect();
    EXPECT_EQ(connection->query({"SELECT migration_name FROM schema_migrations", {}}).size(), 3u);
    EXPECT_THROW(connection->query({"SELECT 1 FROM cockpit_agents", {}}), DatabaseError);
}

TEST_P(MigrationsTest, ServersThatStartAtTheSameTimeDoNotFight) {
    constexpr int servers = 4;
    std::array<std::vector<std::string>, servers> applied;
    std::array<std::string, servers> errors;
    std::vector<std::thread> threads;
    for (int i = 0; i < servers; ++i) {
        threads.emplace_back([&, i] {
            try {
                applied[i] = migrate(*connect());
            } catch (const std::exception& error) {
                errors[i] = error.what();
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    std::size_t total = 0;
    for (int i = 0; i < servers; ++i) {
        EXPECT_EQ(errors[i], "");
        total += applied[i].size();
    }
    EXPECT_EQ(total, migrations().size());
}

TEST(SqliteFile, IsForItsOwnerAloneAndItsDirectoryMustExist) {
    const TemporaryDirectory directory;
    const auto file = directory.path() / "cockpit.db";
    {
        OpenStore store("sqlite://" + file.string());
    }
    struct stat facts{};
    ASSERT_EQ(::stat(file.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600u);

    boost::asio::io_context io;
    EXPECT_EQ(
        open(io.get_executor(), "sqlite:///nowhere/at/all.db").error(),
        "cannot open the database sqlite:///nowhere/at/all.db: cannot create the database file "
        "/nowhere/at/all.db: No such file or directory; its directory must exist and be "
        "writable");
}

TEST(SqliteFile, LockedByAnotherProcessIsAClearError) {
    const TemporaryDirectory directory;
    const auto file = (directory.path() / "cockpit.db").string();
    OpenStore store("sqlite://" + file);
    const auto other = connect_sqlite(file, SqliteUse::writing);
    other->execute("BEGIN IMMEDIATE");
    const auto inserted = store.insert(command_record(1));
    ASSERT_FALSE(inserted);
    EXPECT_EQ(inserted.error().message,
              "SQLite: the database " + file +
                  " is locked by another process for more than 5 seconds; "
                  "stop that process");
    EXPECT_TRUE(store.ping()) << "reading goes on";
    other->execute("ROLLBACK");
    EXPECT_TRUE(store.insert(command_record(1)));
}

TEST(SqliteFile, SyncsEveryCommit) {
    const TemporaryDirectory directory;
    const auto connection =
        connect_sqlite((directory.path() / "cockpit.db").string(), SqliteUse::writing);
    EXPECT_EQ(connection->query({"PRAGMA journal_mode", {}})[0].text(0), "wal");
    EXPECT_EQ(connection->query({"PRAGMA synchronous", {}})[0].text(0), "2");
    EXPECT_EQ(connection->query({"PRAGMA foreign_keys", {}})[0].text(0), "1");
}

}  // namespace
}  // namespace cockpit::store

// What survives: kill -9 of the server's process over SQLite, and of PostgreSQL under us.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

TEST(Recovery, WhatSqliteAnsweredOutlivesKill9OfTheProcess) {
    const TemporaryDirectory directory;
    const std::string url = "sqlite://" + (directory.path() / "cockpit.db").string();
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        // Inserts until it is killed, and tells of each row only after it was answered.
        OpenStore store(url);
        for (unsigned n = 1;; ++n) {
            if (!store.insert(command_record(n))) ::_exit(1);
            if (::write(ends[1], &n, sizeof n) != sizeof n) ::_exit(2);
        }
    }
    ::close(ends[1]);
    unsigned last = 0;
    while (last < 25 && ::read(ends[0], &last, sizeof last) == sizeof last) {
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(ends[0], &last, sizeof last) == sizeof last) {
    }
    ::close(ends[0]);

    ASSERT_GE(last, 25u);
    OpenStore store(url);
    for (unsigned n = 1; n <= last; ++n) {
        ASSERT_TRUE(store.find(command_id(n).text()).value()) << n << " was answered and is gone";
    }
    const auto page = store.history({.limit = 1000}).value();
    EXPECT_EQ(page.total, static_cast<std::int64_t>(page.records.size()));
}

class PostgresRecovery : public testing::Test {
  protected:
    // Where a process dies and not the machine, the kernel keeps what was written; syncing as well
    // is slow, so one test of them does it.
    static bool synced() {
        const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
        return name == "EveryWriteThatWasAnsweredIsThereAfterACrashUnderLoad";
    }

    /// Until the store answers again; throws after a minute.
    void wait_for_answers(OpenStore& store) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (!store.ping()) {
            if (std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error("no recovery");
            std::this_thread::yield();
        }
    }

    fakes::PostgresServer server_{{.fsync = synced()}};
    std::string url_ = server_.create_database();
};

TEST_F(PostgresRecovery, AfterKill9TheStoreFailsAndThenGoesOn) {
    OpenStore store(url_);
    ASSERT_TRUE(store.insert(command_record(1)));
    server_.kill();
    const auto failed = store.insert(command_record(2));
    // Its backend outlives the postmaster for a moment, and may still have answered.
    if (!failed) EXPECT_NE(failed.error().message.find("PostgreSQL: "), std::string::npos);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (store.ping() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_FALSE(store.ping());
    EXPECT_FALSE(store.insert(command_record(3)));

    server_.start();
    wait_for_answers(store);
    ASSERT_TRUE(store.insert(command_record(4)));
    EXPECT_TRUE(store.find(command_id(1).text()).value()) << "answered before the crash";
    // An error may stand for a COMMIT of unknown outcome; an answer stands for a row.
    const bool second = store.find(command_id(2).text()).value().has_value();
    EXPECT_TRUE(second || !failed);
    EXPECT_FALSE(store.find(command_id(3).text()).value());
    EXPECT_EQ(store.history({}).value().total, second ? 3 : 2);
}

TEST_F(PostgresRecovery, AConnectionLostWhileIdleIsMadeAgainUnnoticed) {
    OpenStore store(url_);
    ASSERT_TRUE(store.insert(command_record(1)));
    ASSERT_TRUE(store.ping());
    server_.stop();
    server_.start();
    const auto inserted = store.insert(command_record(2));
    EXPECT_TRUE(inserted) << inserted.error().message;
    EXPECT_TRUE(store.find(command_id(1).text()).value());
}

TEST_F(PostgresRecovery, EveryWriteThatWasAnsweredIsThereAfterACrashUnderLoad) {
    OpenStore store(url_);
    constexpr unsigned writes = 3'000;
    std::vector<unsigned> kept;
    unsigned answered = 0;
    for (unsigned n = 1; n <= writes; ++n) {
        store->insert(command_record(n),
                      [&, n](dispatch::StoreResult<dispatch::CommandRecord> result) {
                          if (result) kept.push_back(n);
                          ++answered;
                      });
    }
    store.run_until([&] { return !kept.empty(); });
    server_.stop();
    store.run_until([&] { return answered == writes; });
    EXPECT_LT(kept.size(), writes);
    server_.start();
    wait_for_answers(store);
    for (const unsigned n : kept) {
        ASSERT_TRUE(store.find(command_id(n).text()).value()) << n << " was answered and is gone";
    }
    const auto page = store.history({.limit = 1}).value();
    EXPECT_GE(page.total, static_cast<std::int64_t>(kept.size()));
}

TEST_F(PostgresRecovery, AServerThatHangsIsGivenUp) {
    OpenStore store(url_);
    ASSERT_TRUE(store.insert(command_record(1)));
    server_.pause();
    const auto inserted = store.insert(command_record(2));
    server_.resume();
    ASSERT_FALSE(inserted);
    EXPECT_EQ(inserted.error().message, "PostgreSQL did not answer within 20 seconds");
    wait_for_answers(store);
    EXPECT_FALSE(store.find(command_id(2).text()).value());
    EXPECT_TRUE(store.insert(command_record(3)));
}

TEST(Postgres, AnUnreachableServerIsAnErrorWithoutThePassword) {
    boost::asio::io_context io;
    const auto opened = open(io.get_executor(), "postgresql://cockpit:geheim@localhost:1/cockpit");
    ASSERT_FALSE(opened);
    EXPECT_TRUE(opened.error().starts_with(
        "cannot open the database postgresql://cockpit:***@localhost:1/cockpit: PostgreSQL: "))
        << opened.error();
    EXPECT_EQ(opened.error().find("geheim"), std::string::npos);
}

}  // namespace
}  // namespace cockpit::store

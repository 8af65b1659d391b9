#pragma once
// Every test of the store runs against both databases, each test in a new, empty one.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "fakes/postgres_server.hpp"
#include "server/store/connection.hpp"
#include "server/store/store.hpp"

namespace cockpit::store {

/// A directory that is gone after the test.
class TemporaryDirectory {
  public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// The PostgreSQL that all tests of the program share; started on first use.
fakes::PostgresServer& shared_postgres();

/// A store and the I/O thread it answers on, which is the test's own.
class OpenStore {
  public:
    explicit OpenStore(const std::string& url);
    ~OpenStore() { store_->close(); }

    Store* operator->() { return store_.get(); }
    boost::asio::io_context& io() { return io_; }

    /// start(callback), then what the callback got.
    template <typename Result, typename Start>
    Result wait(Start start) {
        std::optional<Result> result;
        start(runtime::Callback<Result>([&](Result value) { result.emplace(std::move(value)); }));
        EXPECT_FALSE(result.has_value()) << "the callback came from inside the call";
        run_until([&] { return result.has_value(); });
        return std::move(result).value();
    }

    /// Runs callbacks until it is so; throws after a minute.
    template <typename Condition>
    void run_until(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (!condition()) {
            io_.restart();
            io_.run_one_for(std::chrono::milliseconds(100));
            if (std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error("no callback");
        }
    }

    // The operations, waited for.
    dispatch::StoreResult<dispatch::CommandRecord> insert(dispatch::CommandRecord record);
    dispatch::StoreResult<dispatch::UpdateOutcome> update(dispatch::CommandUpdate update);
    dispatch::StoreResult<std::optional<dispatch::CommandRecord>> find(const std::string& id);
    dispatch::StoreResult<dispatch::HistoryPage> history(dispatch::HistoryQuery query);
    dispatch::StoreResult<std::vector<dispatch::CommandRecord>> open_commands();
    dispatch::StoreResult<bool> ping();

  private:
    boost::asio::io_context io_;
    std::unique_ptr<Store> store_;
};

class StoreTest : public testing::TestWithParam<Dialect> {
  protected:
    StoreTest();

    /// A connection beside the store, to look at or to prepare what it finds.
    std::unique_ptr<Connection> connect() const;
    bool postgres() const { return GetParam() == Dialect::postgres; }

    TemporaryDirectory directory_;
    std::string url_;
};

/// The n-th command id; the same each time.
protocol::CommandId command_id(unsigned n);
/// A pending echo that agent `agent_id` was sent.
dispatch::CommandRecord command_record(unsigned n, const std::string& agent_id = "host-1");
/// News of the first attempt of the n-th command, from host-1.
dispatch::CommandUpdate command_update(unsigned n, protocol::CommandState state);

std::string dialect_name(const testing::TestParamInfo<Dialect>& info);

#define COCKPIT_BOTH_DATABASES(suite)                                                      \
    INSTANTIATE_TEST_SUITE_P(, suite, testing::Values(Dialect::sqlite, Dialect::postgres), \
                             dialect_name)

}  // namespace cockpit::store

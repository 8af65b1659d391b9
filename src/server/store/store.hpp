#pragma once
// The server's database: SQLite inside the process, or PostgreSQL. Each store implements the
// interfaces that dispatch, auth, targets, notify, runs, deployments,
// schedules and statistics own.
//
// Writes are grouped: one writer thread takes all that wait and commits them in one transaction,
// and only then answers each. A write that fails alone (a broken row) fails alone: the group is
// tried again without it. Reads have connections and threads of their own and see only what is
// committed.
//
// A lost PostgreSQL connection is made again: what surely was not kept is tried once more, a COMMIT
// of unknown outcome is an error. Nothing waits for a database for longer than about 20 seconds.
//
// Text is kept as UTF-8 without NUL: ill-formed parts and NUL bytes become U+FFFD, in both
// databases.

#include <boost/asio/any_io_executor.hpp>
#include <expected>
#include <memory>
#include <string>

#include "server/auth/account_store.hpp"
#include "server/deployments/deployment_store.hpp"
#include "server/dispatch/agent_store.hpp"
#include "server/dispatch/command_store.hpp"
#include "server/dispatch/output_store.hpp"
#include "server/metrics/write_figures.hpp"
#include "server/notify/incoming_store.hpp"
#include "server/notify/notification_store.hpp"
#include "server/runs/run_store.hpp"
#include "server/schedules/schedule_store.hpp"
#include "server/statistics/statistics_store.hpp"
#include "server/targets/group_store.hpp"

namespace cockpit::store {

class Store : public dispatch::CommandStore,
              public dispatch::OutputStore,
              public dispatch::AgentStore,
              public auth::AccountStore,
              public targets::GroupStore,
              public notify::NotificationStore,
              public notify::IncomingStore,
              public runs::RunStore,
              public deployments::ServiceStore,
              public deployments::DeploymentStore,
              public schedules::ScheduleStore,
              public statistics::StatisticsStore {
  public:
    /// Answers everything under way, then ends the threads. Blocks; no callback comes afterwards
    /// but those already posted to `io`.
    virtual void close() = 0;

    /// How well writes share transactions, since the store was opened. From any thread.
    virtual metrics::WriteFigures write_figures() const = 0;
};

/// Opens `database_url` (sqlite:///absolute/path, sqlite:///:memory: is refused, postgresql://…),
/// creates what is missing and runs the migrations that schema_migrations does not list. Blocks.
/// The error is a sentence for the operator that names the URL without its password.
std::expected<std::unique_ptr<Store>, std::string> open(boost::asio::any_io_executor io,
                                                        const std::string& database_url);

}  // namespace cockpit::store

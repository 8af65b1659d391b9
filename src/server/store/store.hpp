#pragma once
// The server's database: SQLite inside the process, or PostgreSQL. Each store implements the three
// interfaces that dispatch and auth own.
//
// Writes are grouped: one writer thread takes all that wait and commits them in one transaction, and
// only then answers each. A write that fails alone (a broken row) fails alone: the group is tried again
// without it. Reads have connections and threads of their own and see only what is committed.

#include <boost/asio/any_io_executor.hpp>
#include <expected>
#include <memory>
#include <string>

#include "server/auth/account_store.hpp"
#include "server/dispatch/agent_store.hpp"
#include "server/dispatch/command_store.hpp"

namespace cockpit::store {

class Store : public dispatch::CommandStore, public dispatch::AgentStore, public auth::AccountStore {
  public:
    /// Answers everything under way, then ends the threads. Blocks; no callback comes afterwards but
    /// those already posted to `io`.
    virtual void close() = 0;
};

/// Opens `database_url` (sqlite:///absolute/path, sqlite:///:memory: is refused, postgresql://…), creates
/// what is missing and runs the migrations that schema_migrations does not list. Blocks. The error is a
/// sentence for the operator that names the URL without its password.
std::expected<std::unique_ptr<Store>, std::string> open(boost::asio::any_io_executor io,
                                                        const std::string& database_url);

}  // namespace cockpit::store

#include "server/store/store.hpp"

#include "log/log.hpp"
#include "server/store/database_store.hpp"
#include "server/store/database_url.hpp"
#include "server/store/migrations.hpp"
#include "server/store/postgres_connection.hpp"
#include "server/store/sqlite_connection.hpp"

namespace cockpit::store {
namespace {

Connections connections_to(const DatabaseUrl& url) {
    const auto& location = url.location;
    if (url.dialect == Dialect::sqlite) {
        return {[location] { return connect_sqlite(location, SqliteUse::writing); },
                [location] { return connect_sqlite(location, SqliteUse::reading); }};
    }
    const auto connect = [location] { return connect_postgres(location, PostgresUse::traffic); };
    return {connect, connect};
}

std::unique_ptr<Connection> connect_for_migration(const DatabaseUrl& url) {
    if (url.dialect == Dialect::sqlite) return connect_sqlite(url.location, SqliteUse::writing);
    return connect_postgres(url.location, PostgresUse::migration);
}

}  // namespace

std::expected<std::unique_ptr<Store>, std::string> open(boost::asio::any_io_executor io,
                                                        const std::string& database_url) {
    const auto url = parse_database_url(database_url);
    if (!url) return std::unexpected(url.error());
    try {
        for (const auto& name : migrate(*connect_for_migration(*url))) {
            log::info("migration applied", {{"migration", name}, {"database", url->shown}});
        }
    } catch (const DatabaseError& error) {
        return std::unexpected("cannot open the database " + url->shown + ": " + error.what());
    }
    return create_store(std::move(io), connections_to(*url));
}

}  // namespace cockpit::store

#pragma once
// Commands that ended, added up by triggers of the database: whoever ends one is counted, a server
// of the original that shares the database, too.

#include <vector>

#include "server/statistics/statistics_store.hpp"
#include "server/store/command_queries.hpp"
#include "server/store/connection.hpp"
#include "server/store/migrations.hpp"

namespace cockpit::store {

/// The table, its triggers, and what ended before they were there.
Migration tallies_migration();

std::vector<statistics::Tally> load_tallies(Connection& connection, std::int64_t from_minute,
                                            statistics::Step step);
WriteOf<bool> remove_tallies(const statistics::Retention& before);
std::vector<statistics::OpenCount> load_open_counts(Connection& connection);
statistics::DatabaseSize load_database_size(Connection& connection);

}  // namespace cockpit::store

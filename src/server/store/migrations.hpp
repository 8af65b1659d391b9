#pragma once
// The schema and its history. Each migration runs once, in one transaction with the row that
// records it in schema_migrations (migration_name, applied_at, description).
//
// A database of the original is taken over: its 002_cockpit_agent is recorded there already, and
// what ours adds comes in the migrations after it.

#include <string>
#include <vector>

#include "server/store/connection.hpp"

namespace cockpit::store {

struct Migration {
    std::string name;
    std::string description;
    std::vector<std::string> sqlite;
    std::vector<std::string> postgres;
};

/// In the order in which they run. A migration that was released never changes.
const std::vector<Migration>& migrations();

/// Runs what is not recorded; the names of what ran. Servers that start at the same time wait for
/// each other. Throws DatabaseError.
std::vector<std::string> migrate(Connection& connection);

}  // namespace cockpit::store

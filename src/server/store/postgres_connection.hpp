#pragma once
// One connection to PostgreSQL over libpq. A transaction's statements travel in one pipeline
// (https://www.postgresql.org/docs/15/libpq-pipeline-mode.html): a group of writes costs two round
// trips, not one for each.
//
// Nothing waits for ever: connecting has 5 seconds, a statement 15 (the server stops it), an
// exchange 20 (we give the connection up). The URL may set connect_timeout otherwise.

#include <memory>
#include <string>

#include "server/store/connection.hpp"

namespace cockpit::store {

enum class PostgresUse {
    traffic,    ///< the limits above
    migration,  ///< up to an hour: filling a column of a large table takes its time
};

/// Throws DatabaseError (unreachable). Blocks.
std::unique_ptr<Connection> connect_postgres(const std::string& url, PostgresUse use);

}  // namespace cockpit::store

#pragma once
// One connection to a SQLite file: write-ahead log, synchronous=FULL (a commit is on the disk when
// it returns), foreign keys enforced. A file that another process holds locked is waited for, 5
// seconds.

#include <memory>
#include <string>

#include "server/store/connection.hpp"

namespace cockpit::store {

enum class SqliteUse { writing, reading };

/// Throws DatabaseError (unreachable). `writing` creates the file, mode 0600, where there is none.
std::unique_ptr<Connection> connect_sqlite(const std::string& path, SqliteUse use);

}  // namespace cockpit::store

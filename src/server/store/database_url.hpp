#pragma once
// DATABASE_URL, taken apart. No I/O.

#include <expected>
#include <string>
#include <string_view>

#include "server/store/connection.hpp"

namespace cockpit::store {

struct DatabaseUrl {
    Dialect dialect;
    std::string
        location;       ///< SQLite: an absolute path; PostgreSQL: the whole URL, as libpq reads it
    std::string shown;  ///< without its password
};

/// sqlite:///path (what follows the second slash is the absolute path; sqlite:////path means the
/// same), postgresql://… or postgres://…. The error is a sentence that says what would be right.
std::expected<DatabaseUrl, std::string> parse_database_url(std::string_view url);

/// The URL with `***` in place of a password, whether before the @ or as a parameter.
std::string without_password(std::string_view url);

}  // namespace cockpit::store

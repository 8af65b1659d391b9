#include "server/store/database_url.hpp"

namespace cockpit::store {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite://";

std::expected<DatabaseUrl, std::string> parse_sqlite(std::string_view url) {
    std::string_view path = url.substr(sqlite_scheme.size());
    if (path == "/:memory:" || path == ":memory:") {
        return std::unexpected(
            "a database in memory would lose every command when the server stops; give a file: "
            "sqlite:///var/lib/cockpit/cockpit.db");
    }
    if (!path.starts_with('/')) {
        return std::unexpected("'" + std::string(url) +
                               "' has no absolute path; write three slashes and the path, such as "
                               "sqlite:///var/lib/cockpit/cockpit.db");
    }
    while (path.starts_with("//"))
        path.remove_prefix(1);
    if (path.ends_with('/')) {
        return std::unexpected("'" + std::string(url) +
                               "' names a directory; name the database file, such as "
                               "sqlite:///var/lib/cockpit/cockpit.db");
    }
    return DatabaseUrl{Dialect::sqlite, std::string(path), std::string(url)};
}

}  // namespace

std::expected<DatabaseUrl, std::string> parse_database_url(std::string_view url) {
    if (url.find('\0') != std::string_view::npos) {
        return std::unexpected("the database URL contains a NUL byte");
    }
    if (url.starts_with(sqlite_scheme)) return parse_sqlite(url);
    if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
        return DatabaseUrl{Dialect::postgres, std::string(url), without_password(url)};
    }
    return std::unexpected("'" + without_password(url) +
                           "' is no database URL; write sqlite:///absolute/path or "
                           "postgresql://user:password@host/database");
}

std::string without_password(std::string_view url) {
    std::string shown(url);
    const auto scheme = shown.find("://");
    const auto start = scheme == std::string::npos ? 0 : scheme + 3;
    // A password may itself hold an @, a slash or a question mark that its owner forgot to encode.
    const auto at = shown.rfind('@');
    if (at != std::string::npos && at >= start) {
        const auto colon = shown.find(':', start);
        if (colon != std::string::npos && colon < at)
            shown.replace(colon + 1, at - colon - 1, "***");
    }
    for (const std::string_view name : {"password=", "sslpassword="}) {
        for (auto found = shown.find(name); found != std::string::npos;) {
            const auto value = found + name.size();
            auto end = shown.find_first_of("& ", value);
            if (end == std::string::npos) end = shown.size();
            shown.replace(value, end - value, "***");
            found = shown.find(name, value);
        }
    }
    return shown;
}

}  // namespace cockpit::store

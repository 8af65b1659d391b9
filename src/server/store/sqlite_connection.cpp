#include "server/store/sqlite_connection.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

namespace cockpit::store {
namespace {

using Kind = DatabaseError::Kind;

constexpr int busy_timeout_ms = 5'000;

// Whose fault it was: a statement that breaks a rule is alone with it, a full disk is everyone's.
Kind kind_of(int code) {
    switch (code & 0xff) {
        case SQLITE_CONSTRAINT:
        case SQLITE_TOOBIG:
        case SQLITE_MISMATCH:
        case SQLITE_RANGE:
        case SQLITE_ERROR:
            return Kind::refused;
        default:
            return Kind::unavailable;
    }
}

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Prepared = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

class SqliteConnection final : public Connection {
  public:
    SqliteConnection(const std::string& path, SqliteUse use) : path_(path) {
        if (use == SqliteUse::writing) create_file();
        sqlite3* opened = nullptr;
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
        const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
        database_.reset(opened);
        try {
            if (code != SQLITE_OK) fail(code);
            sqlite3_busy_timeout(opened, busy_timeout_ms);
            execute("PRAGMA journal_mode=WAL");
            execute("PRAGMA synchronous=FULL");
            execute("PRAGMA foreign_keys=ON");
            if (use == SqliteUse::reading) execute("PRAGMA query_only=ON");
        } catch (const DatabaseError& error) {
            throw DatabaseError(Kind::unreachable, error.what());
        }
    }

    Dialect dialect() const override { return Dialect::sqlite; }
    bool usable() const override { return true; }

    void execute(const std::string& sql) override {
        const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
        if (code != SQLITE_OK) fail(code);
    }

    Rows query(const Statement& statement) override {
        sqlite3_stmt* prepared = prepare(statement.sql);
        bind(prepared, statement.values);
        Rows rows;
        rows.columns = static_cast<std::size_t>(sqlite3_column_count(prepared));
        int code = SQLITE_ROW;
        while ((code = sqlite3_step(prepared)) == SQLITE_ROW) {
            for (int column = 0; column < static_cast<int>(rows.columns); ++column) {
                const auto* text =
                    reinterpret_cast<const char*>(sqlite3_column_text(prepared, column));
                if (text == nullptr) {
                    rows.cells.emplace_back();
                } else {
                    const auto size = sqlite3_column_bytes(prepared, column);
                    rows.cells.emplace_back(std::in_place, text, static_cast<std::size_t>(size));
                }
            }
        }
        const std::string message = code == SQLITE_DONE ? "" : sqlite3_errmsg(database_.get());
        // Parameters are bound without a copy and must not be looked at again.
        sqlite3_reset(prepared);
        sqlite3_clear_bindings(prepared);
        if (code != SQLITE_DONE) fail(code, message);
        rows.changed = sqlite3_changes64(database_.get());
        return rows;
    }

    std::vector<Rows> transaction(std::span<const Statement> statements) override {
        std::vector<Rows> results;
        results.reserve(statements.size());
        std::optional<std::size_t> at;
        try {
            execute("BEGIN IMMEDIATE");
            for (const auto& statement : statements) {
                at = results.size();
                results.push_back(query(statement));
            }
            at.reset();
            execute("COMMIT");
        } catch (const DatabaseError& error) {
            roll_back();
            throw DatabaseError(error.kind(), error.what(), at);
        }
        return results;
    }

  private:
    // Only where there is none: closing a descriptor of a file drops the locks that other
    // connections of this process hold on it (POSIX).
    void create_file() {
        const int file = ::open(path_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
        if (file >= 0) {
            ::close(file);
        } else if (errno != EEXIST) {
            throw DatabaseError(Kind::unreachable,
                                "cannot create the database file " + path_ + ": " +
                                    std::strerror(errno) +
                                    "; its directory must exist and be writable");
        }
    }

    sqlite3_stmt* prepare(std::string_view sql) {
        const auto known = prepared_.find(sql);
        if (known != prepared_.end()) return known->second.get();
        sqlite3_stmt* made = nullptr;
        const int code =
            sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                               SQLITE_PREPARE_PERSISTENT, &made, nullptr);
        if (code != SQLITE_OK) fail(code);
        return prepared_.emplace(std::string(sql), Prepared(made)).first->second.get();
    }

    void bind(sqlite3_stmt* prepared, const std::vector<Value>& values) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::string name = "$" + std::to_string(i + 1);
            const int index = sqlite3_bind_parameter_index(prepared, name.c_str());
            int code = SQLITE_OK;
            if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
                code = sqlite3_bind_int64(prepared, index, *number);
            } else if (const auto* text = std::get_if<std::string>(&values[i])) {
                code = sqlite3_bind_text64(prepared, index, text->data(), text->size(),
                                           SQLITE_STATIC, SQLITE_UTF8);
            } else {
                code = sqlite3_bind_null(prepared, index);
            }
            if (code != SQLITE_OK) fail(code);
        }
    }

    void roll_back() noexcept {
        if (sqlite3_get_autocommit(database_.get()) != 0) return;
        sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }

    [[noreturn]] void fail(int code) {
        fail(code, database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code));
    }
    [[noreturn]] void fail(int code, const std::string& message) {
        std::string sentence = "SQLite: " + message + " (" + path_ + ")";
        if ((code & 0xff) == SQLITE_BUSY) {
            sentence = "SQLite: the database " + path_ +
                       " is locked by another process for more than " +
                       std::to_string(busy_timeout_ms / 1000) + " seconds; stop that process";
        }
        throw DatabaseError(kind_of(code), sentence);
    }

    std::string path_;
    std::unique_ptr<sqlite3, CloseDatabase> database_;
    std::map<std::string, Prepared, std::less<>> prepared_;
};

}  // namespace

std::unique_ptr<Connection> connect_sqlite(const std::string& path, SqliteUse use) {
    return std::make_unique<SqliteConnection>(path, use);
}

}  // namespace cockpit::store

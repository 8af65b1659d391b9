// The floor under "accepted means kept": one row, one commit that is on the disk when it returns,
// with the same two pragmas as the store has.

#include <sqlite3.h>

#include <memory>

#include "bench/samples.hpp"

namespace {

struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

void check(const Database& database, bool good) {
    if (!good) throw std::runtime_error(std::string("SQLite: ") + sqlite3_errmsg(database.get()));
}

Database open(const std::string& file) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open(file.c_str(), &raw);
    Database database(raw);
    check(database, code == SQLITE_OK);
    check(database, sqlite3_exec(raw,
                                 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                 "CREATE TABLE kept (id INTEGER PRIMARY KEY, what TEXT)",
                                 nullptr, nullptr, nullptr) == SQLITE_OK);
    return database;
}

}  // namespace

int main(int count, char** words) {
    using namespace cockpit;
    return bench::run("synced_commit", [&] {
        const auto database = open(bench::argument(count, words, "file"));
        const std::string what(bench::number(count, words, "bytes"), 'x');
        sqlite3_stmt* raw = nullptr;
        check(database, sqlite3_prepare_v2(database.get(), "INSERT INTO kept (what) VALUES (?)", -1,
                                           &raw, nullptr) == SQLITE_OK);
        const Statement insert(raw);
        check(database,
              sqlite3_bind_text(raw, 1, what.data(), int(what.size()), SQLITE_STATIC) == SQLITE_OK);
        bench::measure(count, words, [&] {
            check(database, sqlite3_step(raw) == SQLITE_DONE);
            sqlite3_reset(raw);
        });
    });
}

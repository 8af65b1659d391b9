#include "server/store/postgres_connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <map>

namespace cockpit::store {
namespace {

using Kind = DatabaseError::Kind;
using Clock = std::chrono::steady_clock;

struct FinishConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ClearResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

std::string one_line(const char* message) {
    std::string text = message == nullptr ? "" : message;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

// By the class of SQLSTATE (PostgreSQL documentation, appendix A): whose fault it was.
Kind kind_of(std::string_view state) {
    if (state == "40001" || state == "40P01") return Kind::conflict;
    if (state.starts_with("57P") || state.starts_with("08")) return Kind::lost;
    for (const std::string_view ours : {"21", "22", "23", "42", "44"}) {
        if (state.starts_with(ours)) return Kind::refused;
    }
    return Kind::unavailable;
}

Rows rows_of(const PGresult* result) {
    Rows rows;
    rows.columns = static_cast<std::size_t>(PQnfields(result));
    const int count = PQntuples(result);
    rows.cells.reserve(rows.columns * static_cast<std::size_t>(count));
    for (int row = 0; row < count; ++row) {
        for (int column = 0; column < static_cast<int>(rows.columns); ++column) {
            if (PQgetisnull(result, row, column) != 0) {
                rows.cells.emplace_back();
            } else {
                rows.cells.emplace_back(std::in_place, PQgetvalue(result, row, column),
                                        static_cast<std::size_t>(PQgetlength(result, row, column)));
            }
        }
    }
    const std::string touched = PQcmdTuples(const_cast<PGresult*>(result));
    if (!touched.empty()) rows.changed = std::stoll(touched);
    return rows;
}

// Values as libpq takes them: text, or a null pointer.
class Parameters {
  public:
    explicit Parameters(const std::vector<Value>& values) {
        numbers_.reserve(values.size());
        for (const auto& value : values) {
            if (const auto* number = std::get_if<std::int64_t>(&value)) {
                pointers_.push_back(numbers_.emplace_back(std::to_string(*number)).c_str());
            } else if (const auto* text = std::get_if<std::string>(&value)) {
                pointers_.push_back(text->c_str());
            } else {
                pointers_.push_back(nullptr);
            }
        }
    }
    int count() const { return static_cast<int>(pointers_.size()); }
    const char* const* data() const { return pointers_.data(); }

  private:
    std::vector<std::string> numbers_;
    std::vector<const char*> pointers_;
};

class PostgresConnection final : public Connection {
  public:
    PostgresConnection(const std::string& url, PostgresUse use)
        : patience_(use == PostgresUse::traffic ? std::chrono::seconds(20)
                                                : std::chrono::hours(1)) {
        // `dbname` is expanded where it stands, so what the URL says wins over what stands before
        // it.
        const std::array names{
            "connect_timeout",  "application_name", "keepalives_idle", "keepalives_interval",
            "keepalives_count", "tcp_user_timeout", "dbname",          "client_encoding",
            nullptr_name};
        const std::array values{"5",     "cockpit-server", "10",   "5",         "3",
                                "20000", url.c_str(),      "UTF8", nullptr_name};
        connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
        if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK) {
            throw DatabaseError(Kind::unreachable,
                                "PostgreSQL: " + one_line(PQerrorMessage(connection_.get())));
        }
        PQsetnonblocking(connection_.get(), 1);
        PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
        try {
            execute(
                "SET timezone = 'UTC'; SET datestyle = 'ISO'; "
                "SET idle_in_transaction_session_timeout = '60s'");
            execute(use == PostgresUse::traffic
                        ? "SET statement_timeout = '15s'; SET lock_timeout = '10s'"
                        : "SET statement_timeout = 0; SET lock_timeout = '60s'");
            // A cluster that is set to answer before it has written would break our promise.
            execute(
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') = 'off'");
        } catch (const DatabaseError& error) {
            throw DatabaseError(Kind::unreachable, error.what());
        }
    }

    Dialect dialect() const override { return Dialect::postgres; }
    bool usable() const override {
        return !given_up_ && PQstatus(connection_.get()) == CONNECTION_OK;
    }

    void execute(const std::string& sql) override {
        start_exchange();
        if (PQsendQuery(connection_.get(), sql.c_str()) == 0) lose();
        finish_exchange();
    }

    Rows query(const Statement& statement) override {
        const std::string& name = prepare(statement.sql);
        start_exchange();
        send(name, statement.values);
        return rows_of(finish_exchange().get());
    }

    std::vector<Rows> transaction(std::span<const Statement> statements) override {
        std::vector<const std::string*> names;
        names.reserve(statements.size());
        for (std::size_t i = 0; i < statements.size(); ++i) {
            try {
                names.push_back(&prepare(statements[i].sql));
            } catch (const DatabaseError& error) {
                throw DatabaseError(error.kind(), error.what(), i);
            }
        }
        std::vector<Rows> results;
        try {
            results = pipeline(statements, names);
        } catch (const DatabaseError&) {
            roll_back();
            throw;
        }
        commit();
        return results;
    }

  private:
    static constexpr const char* nullptr_name = nullptr;

    std::vector<Rows> pipeline(std::span<const Statement> statements,
                               const std::vector<const std::string*>& names) {
        PGconn* const connection = connection_.get();
        start_exchange();
        if (PQenterPipelineMode(connection) == 0) lose();
        if (PQsendQueryParams(connection, "BEGIN", 0, nullptr, nullptr, nullptr, nullptr, 0) == 0) {
            lose();
        }
        for (std::size_t i = 0; i < statements.size(); ++i)
            send(*names[i], statements[i].values);
        if (PQpipelineSync(connection) == 0) lose();
        flush();

        std::vector<Rows> results;
        results.reserve(statements.size());
        std::optional<DatabaseError> first_error;
        for (std::size_t i = 0; i <= statements.size(); ++i) {  // 0 is BEGIN
            const Result result = next_result();
            if (!result) lose();
            const auto status = PQresultStatus(result.get());
            if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
                if (i > 0) results.push_back(rows_of(result.get()));
            } else if (!first_error && status != PGRES_PIPELINE_ABORTED) {
                const auto at = i == 0 ? std::nullopt : std::optional(i - 1);
                first_error.emplace(error_of(result.get(), at));
                if (first_error->kind() == Kind::lost) throw DatabaseError(*first_error);
            }
            if (next_result()) lose();  // the end mark of this statement
        }
        const Result sync = next_result();
        if (!sync || PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) lose();
        if (PQexitPipelineMode(connection) == 0) lose();
        if (first_error) throw DatabaseError(*first_error);
        return results;
    }

    void commit() {
        bool kept = false;
        try {
            start_exchange();
            if (PQsendQuery(connection_.get(), "COMMIT") == 0) lose();
            // A transaction that has failed answers COMMIT with ROLLBACK.
            kept = std::string_view(PQcmdStatus(finish_exchange().get())) == "COMMIT";
        } catch (const DatabaseError& error) {
            if (error.kind() == Kind::lost || error.kind() == Kind::unavailable || !usable()) {
                give_up();
                throw DatabaseError(Kind::unknown,
                                    std::string("the connection broke during COMMIT, "
                                                "whether it was kept is unknown: ") +
                                        error.what());
            }
            throw;
        }
        if (!kept) throw DatabaseError(Kind::unavailable, "PostgreSQL rolled the transaction back");
    }

    void roll_back() noexcept {
        try {
            if (usable() && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE)
                execute("ROLLBACK");
        } catch (const DatabaseError&) {
            give_up();
        }
    }

    const std::string& prepare(std::string_view sql) {
        const auto known = prepared_.find(sql);
        if (known != prepared_.end()) return known->second;
        const std::string name = "s" + std::to_string(prepared_.size() + 1);
        start_exchange();
        const std::string text(sql);
        if (PQsendPrepare(connection_.get(), name.c_str(), text.c_str(), 0, nullptr) == 0) lose();
        finish_exchange();
        return prepared_.emplace(text, name).first->second;
    }

    void send(const std::string& name, const std::vector<Value>& values) {
        const Parameters parameters(values);
        if (PQsendQueryPrepared(connection_.get(), name.c_str(), parameters.count(),
                                parameters.data(), nullptr, nullptr, 0) == 0) {
            lose();
        }
    }

    void start_exchange() {
        if (!usable()) lose();
        deadline_ = Clock::now() + patience_;
    }

    // Everything that came for one statement outside a pipeline: the last result, or the error
    // thrown.
    Result finish_exchange() {
        flush();
        Result last;
        std::optional<DatabaseError> failure;
        while (Result result = next_result()) {
            const auto status = PQresultStatus(result.get());
            if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && !failure) {
                failure.emplace(error_of(result.get(), std::nullopt));
            }
            last = std::move(result);
        }
        if (failure) throw DatabaseError(*failure);
        if (!last) lose();
        return last;
    }

    // Sends what waits, and reads meanwhile: a server whose answers nobody takes stops reading.
    void flush() {
        int left = 0;
        while ((left = PQflush(connection_.get())) == 1) {
            wait(POLLIN | POLLOUT);
            if (PQconsumeInput(connection_.get()) == 0) lose();
        }
        if (left < 0) lose();
    }

    Result next_result() {
        while (PQisBusy(connection_.get()) != 0) {
            wait(POLLIN);
            if (PQconsumeInput(connection_.get()) == 0) lose();
        }
        return Result(PQgetResult(connection_.get()));
    }

    void wait(short events) {
        for (;;) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
            pollfd descriptor{PQsocket(connection_.get()), events, 0};
            const int ready =
                left <= 0 ? 0
                          : ::poll(&descriptor, 1, static_cast<int>(std::min<long>(left, 60'000)));
            if (ready > 0) return;
            if (ready < 0 && errno != EINTR) lose();
            if (ready == 0 && Clock::now() >= deadline_) {
                give_up();
                throw DatabaseError(Kind::unavailable, "PostgreSQL did not answer within " +
                                                           std::to_string(patience_.count()) +
                                                           " seconds");
            }
        }
    }

    DatabaseError error_of(const PGresult* result, std::optional<std::size_t> statement) {
        const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        const std::string message = "PostgreSQL: " + one_line(PQresultErrorMessage(result));
        Kind kind = state == nullptr ? Kind::lost : kind_of(state);
        if (PQstatus(connection_.get()) != CONNECTION_OK) kind = Kind::lost;
        if (kind == Kind::lost) give_up();
        return DatabaseError(kind, message, statement);
    }

    [[noreturn]] void lose() {
        give_up();
        throw DatabaseError(Kind::lost, "PostgreSQL: the connection is gone: " +
                                            one_line(PQerrorMessage(connection_.get())));
    }
    void give_up() { given_up_ = true; }

    std::unique_ptr<PGconn, FinishConnection> connection_;
    std::chrono::seconds patience_;
    Clock::time_point deadline_;
    bool given_up_ = false;
    std::map<std::string, std::string, std::less<>> prepared_;
};

}  // namespace

std::unique_ptr<Connection> connect_postgres(const std::string& url, PostgresUse use) {
    return std::make_unique<PostgresConnection>(url, use);
}

}  // namespace cockpit::store

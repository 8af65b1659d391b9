#pragma once
// The little that both databases have in common: statements with numbered parameters, rows of text,
// and a transaction that runs a list of statements. Everything above is written once over this.
//
// SQL is written in the part of the language that both understand; parameters are $1, $2, … and
// must first appear in that order. A connection belongs to one thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cockpit::store {

enum class Dialect { sqlite, postgres };

/// Null, a number, or text. Make text with the functions of column_values.hpp.
using Value = std::variant<std::monostate, std::int64_t, std::string>;

struct Statement {
    std::string_view sql;  ///< of static storage: prepared once per connection under this text
    std::vector<Value> values;
};

/// What a statement gave back. Cells are text in both databases; null is nothing.
class Rows {
  public:
    class Row {
      public:
        Row(const Rows& rows, std::size_t index) : rows_(rows), index_(index) {}
        const std::optional<std::string>& cell(std::size_t column) const;
        /// Null is the empty text.
        std::string text(std::size_t column) const;
        std::optional<std::int64_t> integer(std::size_t column) const;
        bool boolean(std::size_t column) const;

      private:
        const Rows& rows_;
        std::size_t index_;
    };

    std::size_t size() const { return columns == 0 ? 0 : cells.size() / columns; }
    bool empty() const { return size() == 0; }
    Row operator[](std::size_t index) const { return Row(*this, index); }

    std::size_t columns = 0;
    std::vector<std::optional<std::string>> cells;
    std::int64_t changed = 0;  ///< how many rows an INSERT, UPDATE or DELETE touched
};

/// Thrown by connections. The message is for the log.
class DatabaseError : public std::runtime_error {
  public:
    enum class Kind {
        refused,  ///< this statement is wrong, others may pass; nothing of the transaction was kept
        conflict,  ///< another transaction was in the way; nothing was kept, trying again is right
        lost,      ///< the connection broke before COMMIT was sent; nothing was kept
        unreachable,  ///< no connection could be made
        unavailable,  ///< the database cannot do it now (full, locked, too slow); nothing was kept
        unknown,      ///< the connection broke during COMMIT: kept or not, nobody can say
    };

    DatabaseError(Kind kind, const std::string& message,
                  std::optional<std::size_t> statement = std::nullopt)
        : std::runtime_error(message), kind_(kind), statement_(statement) {}

    Kind kind() const { return kind_; }
    /// Which statement of a transaction was refused.
    std::optional<std::size_t> statement() const { return statement_; }

  private:
    Kind kind_;
    std::optional<std::size_t> statement_;
};

class Connection {
  public:
    virtual ~Connection() = default;

    virtual Dialect dialect() const = 0;
    /// False once it is broken; it must then be replaced.
    virtual bool usable() const = 0;

    /// One statement without parameters, not prepared: for schemas and transactions made by hand.
    virtual void execute(const std::string& sql) = 0;
    /// One statement, prepared on its first use.
    virtual Rows query(const Statement& statement) = 0;
    /// All statements in one transaction, committed and synced when this returns; one result for
    /// each.
    virtual std::vector<Rows> transaction(std::span<const Statement> statements) = 0;
};

/// Makes a connection or throws DatabaseError (unreachable).
using ConnectionFactory = std::function<std::unique_ptr<Connection>()>;

/// A connection that is made when it is needed and made again after it broke. One thread.
class Session {
  public:
    explicit Session(ConnectionFactory factory) : factory_(std::move(factory)) {}
    Connection& connection() {
        if (!connection_ || !connection_->usable()) {
            connection_.reset();
            connection_ = factory_();
        }
        return *connection_;
    }

  private:
    ConnectionFactory factory_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace cockpit::store

#include "server/store/output_queries.hpp"

#include <algorithm>

#include "crypto/encoding.hpp"
#include "server/store/column_values.hpp"

// Where the kept pieces of an attempt end. By the primary key, so it costs one look.
#define COCKPIT_OUTPUT_END                                                         \
    "COALESCE((SELECT next FROM cockpit_command_output WHERE command_id = $1 AND " \
    "attempt = $2 ORDER BY start DESC LIMIT 1), 0)"

namespace cockpit::store {
namespace {

// The casts tell PostgreSQL the types that a bare SELECT of parameters would leave open.
constexpr std::string_view add_sql =
    "INSERT INTO cockpit_command_output (command_id, attempt, start, next, data) "
    "SELECT CAST($1 AS VARCHAR(36)), CAST($2 AS INTEGER), CAST($3 AS BIGINT), CAST($4 AS BIGINT), "
    "CAST($5 AS TEXT) "
    "WHERE " COCKPIT_OUTPUT_END
    " BETWEEN CAST($6 AS BIGINT) AND CAST($3 AS BIGINT) "
    "AND EXISTS (SELECT 1 FROM cockpit_agent_commands WHERE command_id = $1 AND agent_id = $7 "
    "AND attempt >= $2) "
    "ON CONFLICT DO NOTHING";

constexpr std::string_view drop_middle_sql =
    "DELETE FROM cockpit_command_output WHERE command_id = $1 AND attempt = $2 AND start >= $3 "
    "AND next <= " COCKPIT_OUTPUT_END " - CAST($4 AS BIGINT)";

constexpr std::string_view end_sql =
    "SELECT " COCKPIT_OUTPUT_END
    " FROM cockpit_agent_commands WHERE command_id = $1 AND agent_id = $3 AND attempt >= $2";

constexpr std::string_view read_sql =
    "SELECT start, data FROM cockpit_command_output WHERE command_id = $1 AND attempt = $2 "
    "AND start >= COALESCE((SELECT MAX(start) FROM cockpit_command_output WHERE command_id = $1 "
    "AND attempt = $2 AND start <= $3), 0) AND next > $3 ORDER BY start LIMIT $4";

constexpr std::string_view extent_sql = "SELECT " COCKPIT_OUTPUT_END;

}  // namespace

WriteOf<std::optional<std::int64_t>> add_output(const dispatch::NewOutput& output) {
    const Value command = text_value(output.attempt.command.text());
    const Value attempt = small_integer_value(output.attempt.attempt);
    const auto& piece = output.piece;
    std::vector<Statement> statements;
    statements.push_back(
        {add_sql,
         {command, attempt, integer_value(piece.offset), integer_value(piece.end()),
          text_value(crypto::to_base64(piece.bytes)),
          integer_value(piece.offset - output.missing_before), text_value(output.agent_id)}});
    if (piece.end() > output.limit) {
        statements.push_back({drop_middle_sql,
                              {command, attempt, integer_value(output.limit / 2),
                               integer_value(output.limit - output.limit / 2)}});
    }
    statements.push_back({end_sql, {command, attempt, text_value(output.agent_id)}});
    return {std::move(statements),
            [](std::span<const Rows> results) -> std::optional<std::int64_t> {
                const auto& rows = results.back();
                if (rows.empty()) return std::nullopt;
                return rows[0].integer(0).value_or(0);
            },
            std::nullopt};
}

dispatch::OutputRead read_output(Connection& connection, const protocol::AttemptId& attempt,
                                 std::int64_t from, int max_pieces) {
    const Value command = text_value(attempt.command.text());
    const Value number = small_integer_value(attempt.attempt);
    dispatch::OutputRead read;
    const Rows rows =
        connection.query({read_sql,
                          {command, number, integer_value(std::max<std::int64_t>(from, 0)),
                           integer_value(std::int64_t{std::max(max_pieces, 1)})}});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto bytes = crypto::from_base64(rows[i].text(1));
        if (!bytes) {
            throw DatabaseError(DatabaseError::Kind::refused, "a piece of output is no base64");
        }
        read.pieces.push_back({rows[i].integer(0).value_or(0), *std::move(bytes)});
    }
    const Rows extent = connection.query({extent_sql, {command, number}});
    if (!extent.empty()) read.end = extent[0].integer(0).value_or(0);
    return read;
}

}  // namespace cockpit::store

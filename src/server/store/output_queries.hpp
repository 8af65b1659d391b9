#pragma once
// What the store does with the output of commands, in SQL that both databases understand.

#include <optional>

#include "server/dispatch/output_store.hpp"
#include "server/store/command_queries.hpp"
#include "server/store/connection.hpp"

namespace cockpit::store {

WriteOf<std::optional<std::int64_t>> add_output(const dispatch::NewOutput& output);
dispatch::OutputRead read_output(Connection& connection, const protocol::AttemptId& attempt,
                                 std::int64_t from, int max_pieces);

}  // namespace cockpit::store

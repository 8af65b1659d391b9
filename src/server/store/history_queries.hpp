#pragma once
// Reading the history page by page, in SQL that both databases understand.

#include "server/dispatch/command_store.hpp"
#include "server/store/connection.hpp"

namespace cockpit::store {

/// How many ids one filtered page looks at, at most, so that a filter that nothing fits costs the
/// same at a thousand rows and at a hundred million.
inline constexpr std::int64_t ids_per_search = 100'000;

dispatch::HistoryPage command_history(Connection& connection, const dispatch::HistoryQuery& query);

}  // namespace cockpit::store

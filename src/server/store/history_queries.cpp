#include "server/store/history_queries.hpp"

#include <algorithm>
#include <limits>

#include "server/store/column_values.hpp"
#include "server/store/command_rows.hpp"

namespace cockpit::store {
namespace {

using dispatch::HistoryPage;
using dispatch::HistoryQuery;

#define COCKPIT_SELECT_COMMANDS \
    "SELECT " COCKPIT_COMMAND_COLUMNS "FROM cockpit_agent_commands WHERE "

// The cast keeps PostgreSQL from taking the largest cursor for a number of 32 bits.
constexpr std::string_view history_sql =
    COCKPIT_SELECT_COMMANDS "id < CAST($1 AS BIGINT) ORDER BY id DESC LIMIT $2";
constexpr std::string_view agent_history_sql =
    COCKPIT_SELECT_COMMANDS "agent_id = $1 AND id < CAST($2 AS BIGINT) ORDER BY id DESC LIMIT $3";
constexpr std::string_view total_sql =
    "SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM cockpit_agent_command_counts";
constexpr std::string_view agent_total_sql =
    "SELECT total FROM cockpit_agent_command_counts WHERE agent_id = $1";

constexpr std::string_view open_history_sql = COCKPIT_SELECT_COMMANDS COCKPIT_IS_OPEN
    " AND id < CAST($1 AS BIGINT) ORDER BY id DESC LIMIT $2";
constexpr std::string_view agent_open_history_sql = COCKPIT_SELECT_COMMANDS COCKPIT_IS_OPEN
    " AND agent_id = $1 AND id < CAST($2 AS BIGINT) ORDER BY id DESC LIMIT $3";
constexpr std::string_view open_total_sql =
    "SELECT COUNT(*) FROM cockpit_agent_commands WHERE " COCKPIT_IS_OPEN;
constexpr std::string_view agent_open_total_sql =
    "SELECT COUNT(*) FROM cockpit_agent_commands WHERE " COCKPIT_IS_OPEN " AND agent_id = $1";

// A filter that is not asked for is null, and lets everything through.
#define COCKPIT_FILTERS                                                                 \
    "id < CAST($1 AS BIGINT) AND id >= CAST($2 AS BIGINT) "                             \
    "AND (CAST($3 AS TEXT) IS NULL OR command = CAST($3 AS TEXT)) "                     \
    "AND (CAST($4 AS TEXT) IS NULL OR COALESCE(status, 'pending') = CAST($4 AS TEXT)) " \
    "AND (CAST($5 AS TEXT) IS NULL OR sent_by = CAST($5 AS TEXT)) "                     \
    "AND sent_at >= $6 AND sent_at <= $7 "
constexpr std::string_view search_sql =
    COCKPIT_SELECT_COMMANDS COCKPIT_FILTERS "ORDER BY id DESC LIMIT $8";
constexpr std::string_view agent_search_sql =
    COCKPIT_SELECT_COMMANDS COCKPIT_FILTERS "AND agent_id = $8 ORDER BY id DESC LIMIT $9";
constexpr std::string_view open_search_sql =
    COCKPIT_SELECT_COMMANDS COCKPIT_FILTERS "AND " COCKPIT_IS_OPEN " ORDER BY id DESC LIMIT $8";
constexpr std::string_view agent_open_search_sql = COCKPIT_SELECT_COMMANDS COCKPIT_FILTERS
    "AND agent_id = $8 AND " COCKPIT_IS_OPEN " ORDER BY id DESC LIMIT $9";

constexpr std::string_view largest_id_sql = "SELECT MAX(id) FROM cockpit_agent_commands";
constexpr std::string_view last_until_sql =
    "SELECT id FROM cockpit_agent_commands WHERE sent_at <= $1 ORDER BY sent_at DESC LIMIT 1";
constexpr std::string_view first_since_sql =
    "SELECT id FROM cockpit_agent_commands WHERE sent_at >= $1 ORDER BY sent_at LIMIT 1";

// Ids grow with time, but for writes that waited and servers whose clocks differ a little.
constexpr std::int64_t ids_out_of_order = 2'000;

constexpr std::int64_t end_of_time_ms = 253'402'300'799'999;  // in the year 9999

std::optional<std::int64_t> one_number(const Rows& rows) {
    if (rows.empty()) return std::nullopt;
    return rows[0].integer(0);
}

int limit_of(const HistoryQuery& query) {
    return std::clamp(query.limit, 1, 1000);
}

// A row more than the page holds tells whether there is another page.
HistoryPage page_of(const Rows& rows, int limit) {
    HistoryPage page{.records = records_of(rows)};
    if (page.records.size() > static_cast<std::size_t>(limit)) {
        page.records.pop_back();
        page.next_before_id = page.records.back().id;
    }
    return page;
}

HistoryPage unfiltered(Connection& connection, const HistoryQuery& query) {
    const Value before =
        integer_value(query.before_id.value_or(std::numeric_limits<std::int64_t>::max()));
    const Value one_more = integer_value(std::int64_t{limit_of(query)} + 1);
    Rows rows;
    Rows total;
    if (query.agent_id) {
        const Value agent = text_value(*query.agent_id);
        rows = connection.query({query.only_open ? agent_open_history_sql : agent_history_sql,
                                 {agent, before, one_more}});
        total =
            connection.query({query.only_open ? agent_open_total_sql : agent_total_sql, {agent}});
    } else {
        rows = connection.query(
            {query.only_open ? open_history_sql : history_sql, {before, one_more}});
        total = connection.query({query.only_open ? open_total_sql : total_sql, {}});
    }
    auto page = page_of(rows, limit_of(query));
    page.total = one_number(total).value_or(0);
    return page;
}

// One past the largest id that can be meant.
std::int64_t end_of_search(Connection& connection, const HistoryQuery& query) {
    const auto largest = one_number(connection.query({largest_id_sql, {}})).value_or(0);
    auto end = std::min(query.before_id.value_or(largest + 1), largest + 1);
    if (query.until_ms) {
        const auto last =
            one_number(connection.query({last_until_sql, {timestamp_value(*query.until_ms)}}));
        end = last ? std::min(end, *last + ids_out_of_order) : 0;
    }
    return end;
}

std::int64_t begin_of_search(Connection& connection, const HistoryQuery& query) {
    if (!query.since_ms) return 0;
    const auto first =
        one_number(connection.query({first_since_sql, {timestamp_value(*query.since_ms)}}));
    if (!first) return std::numeric_limits<std::int64_t>::max();
    return std::max<std::int64_t>(0, *first - ids_out_of_order);
}

HistoryPage filtered(Connection& connection, const HistoryQuery& query) {
    const auto end = end_of_search(connection, query);
    const auto begin = begin_of_search(connection, query);
    const auto stop = std::max(begin, end - ids_per_search);
    if (stop >= end) return {};
    std::optional<std::string> state;
    if (query.state) state = protocol::to_text(*query.state);
    std::vector<Value> values{integer_value(end),
                              integer_value(stop),
                              text_value(query.command),
                              text_value(state),
                              text_value(query.sent_by),
                              timestamp_value(query.since_ms.value_or(0)),
                              timestamp_value(query.until_ms.value_or(end_of_time_ms))};
    if (query.agent_id) values.push_back(text_value(*query.agent_id));
    values.push_back(integer_value(std::int64_t{limit_of(query)} + 1));
    auto sql = query.only_open ? open_search_sql : search_sql;
    if (query.agent_id) sql = query.only_open ? agent_open_search_sql : agent_search_sql;
    auto page = page_of(connection.query({sql, std::move(values)}), limit_of(query));
    // Fewer than a page, but not everything was looked at.
    if (!page.next_before_id && stop > begin) page.next_before_id = stop;
    return page;
}

}  // namespace

HistoryPage command_history(Connection& connection, const HistoryQuery& query) {
    const bool plain =
        !query.command && !query.state && !query.sent_by && !query.since_ms && !query.until_ms;
    return plain ? unfiltered(connection, query) : filtered(connection, query);
}

}  // namespace cockpit::store

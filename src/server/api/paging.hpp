#pragma once
// Lists that are given page by page, newest first: `limit` and `cursor` of a request, `next_cursor`
// of its answer. Pure.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/field.hpp"

namespace cockpit::api {

/// The place after which the next page begins, as text that clients hand back and do not read.
std::string to_cursor(std::int64_t before_id);
/// Nothing for text that to_cursor did not make.
std::optional<std::int64_t> from_cursor(std::string_view cursor);

/// These, then `limit` and `cursor`.
std::vector<Field> with_page_fields(std::vector<Field> fields = {});

struct PageWish {
    int limit = 50;
    std::optional<std::int64_t> before_id;
};
/// From a checked query; the error is a sentence.
std::expected<PageWish, std::string> page_wish(const boost::json::object& query);

/// The `next_cursor` of a page that ends with this id; null when it is the last one.
boost::json::value next_cursor(bool more, std::int64_t last_id);

}  // namespace cockpit::api

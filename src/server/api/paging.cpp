#include "server/api/paging.hpp"

#include <charconv>

#include "crypto/encoding.hpp"

namespace cockpit::api {
namespace {

constexpr std::string_view cursor_prefix = "before:";

}  // namespace

std::string to_cursor(std::int64_t before_id) {
    return crypto::to_base64url(std::string(cursor_prefix) + std::to_string(before_id));
}

std::optional<std::int64_t> from_cursor(std::string_view cursor) {
    const auto text = crypto::from_base64url(cursor);
    if (!text || !text->starts_with(cursor_prefix)) return std::nullopt;
    const auto digits = std::string_view(*text).substr(cursor_prefix.size());
    std::int64_t id = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (failed != std::errc() || end != digits.data() + digits.size() || id < 1) {
        return std::nullopt;
    }
    return id;
}

std::vector<Field> with_page_fields(std::vector<Field> fields) {
    fields.push_back({.name = "limit",
                      .type = Field::Type::integer,
                      .description = "how many at most, default 50",
                      .min = 1,
                      .max = 1000});
    fields.push_back({.name = "cursor",
                      .description = "next_cursor of the page before",
                      .min_length = 1,
                      .max_length = 64});
    return fields;
}

std::expected<PageWish, std::string> page_wish(const boost::json::object& query) {
    PageWish wish;
    if (const auto limit = integer_of(query, "limit")) wish.limit = static_cast<int>(*limit);
    if (const auto cursor = text_of(query, "cursor")) {
        wish.before_id = from_cursor(*cursor);
        if (!wish.before_id) {
            return std::unexpected("'cursor' must be the next_cursor of an earlier page");
        }
    }
    return wish;
}

boost::json::value next_cursor(bool more, std::int64_t last_id) {
    if (!more) return nullptr;
    return boost::json::value(to_cursor(last_id));
}

}  // namespace cockpit::api

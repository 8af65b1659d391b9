#pragma once
// The body of a request as a JSON object. Pure.

#include <boost/json/object.hpp>
#include <expected>
#include <string>
#include <string_view>

namespace cockpit::api {

/// How deep a body may be nested.
inline constexpr std::size_t max_body_depth = 16;

/// RFC 8259, and stricter where readers of the same text could disagree: a name may stand in an
/// object only once, and no text may hold a NUL. The error is a sentence: empty, not UTF-8, not
/// JSON, not an object, too deep, a repeated name, a NUL.
std::expected<boost::json::object, std::string> read_json_body(std::string_view text);

}  // namespace cockpit::api

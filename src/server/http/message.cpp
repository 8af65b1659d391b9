#include "server/http/message.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "protocol/text.hpp"
#include "server/http/response_head.hpp"

namespace cockpit::http {

std::optional<std::string_view> Request::header(std::string_view lower_case_name) const {
    const auto found = headers.find(std::string(lower_case_name));
    if (found == headers.end()) return std::nullopt;
    return found->second;
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
    const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
    if (found == query.end()) return std::nullopt;
    return found->second;
}

Response problem(int status, std::string_view detail) {
    const boost::json::object body{{"type", "about:blank"},
                                   {"title", reason_phrase(status)},
                                   {"status", status},
                                   {"detail", protocol::to_utf8(detail)}};
    return {.status = status,
            .content_type = "application/problem+json",
            .body = boost::json::serialize(body)};
}

}  // namespace cockpit::http

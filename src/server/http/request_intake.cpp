#include "server/http/request_intake.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <string>

#include "server/http/target.hpp"

namespace cockpit::http {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace

void add_header(Request& request, std::string_view name, std::string_view value) {
    auto [known, added] = request.headers.emplace(lower(name), value);
    if (!added) known->second.append(known->first == "cookie" ? "; " : ", ").append(value);
}

std::optional<Response> take_request_line(Request& request, const RequestLine& line,
                                          std::size_t host_headers) {
    if (const auto coding = request.header("transfer-encoding")) {
        if (line.version < 11) return problem(400, "Transfer-Encoding needs HTTP/1.1");
        if (lower(*coding) != "chunked") {
            return problem(501, "the only Transfer-Encoding this server takes is 'chunked'");
        }
    }
    if (host_headers > 1 || (host_headers == 0 && line.version >= 11)) {
        return problem(400, "the request must have exactly one Host header");
    }
    auto target = parse_target(line.target);
    if (!target) return problem(400, target.error());
    request.method = line.method;
    request.raw_path = std::move(target->raw_path);
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    return std::nullopt;
}

Response malformed(const boost::system::error_code& failed, const ListenerSettings& settings) {
    using boost::beast::http::error;
    if (failed == error::header_limit) {
        return problem(431, "the header of the request is larger than " +
                                std::to_string(settings.max_header_bytes) + " bytes");
    }
    if (failed == error::body_limit) {
        return problem(413, "the body of the request is larger than " +
                                std::to_string(settings.max_body_bytes) + " bytes");
    }
    if (failed == error::bad_version) {
        return problem(505, "the HTTP version of the request must be 1.0 or 1.1");
    }
    if (failed == error::bad_content_length || failed == error::multiple_content_length) {
        return problem(
            400, "Content-Length must be one decimal number, without Transfer-Encoding beside it");
    }
    if (failed == error::bad_transfer_encoding) {
        return problem(
            400, "Transfer-Encoding must be 'chunked', once, without Content-Length beside it");
    }
    if (failed == error::bad_chunk || failed == error::bad_chunk_extension) {
        return problem(400, "the chunked body of the request is malformed");
    }
    return problem(400, "the request is not well-formed HTTP/1.1: " + failed.message());
}

bool is_sane_request_id(std::string_view id) {
    return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
}

}  // namespace cockpit::http

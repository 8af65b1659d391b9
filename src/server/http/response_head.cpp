#include "server/http/response_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace cockpit::http {
namespace {

struct Reason {
    int status;
    std::string_view phrase;
};

// RFC 9110, section 15, and RFC 6585.
constexpr std::array reasons{
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{206, "Partial Content"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{303, "See Other"},
    Reason{304, "Not Modified"},
    Reason{307, "Temporary Redirect"},
    Reason{308, "Permanent Redirect"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{406, "Not Acceptable"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{410, "Gone"},
    Reason{411, "Length Required"},
    Reason{412, "Precondition Failed"},
    Reason{413, "Content Too Large"},
    Reason{414, "URI Too Long"},
    Reason{415, "Unsupported Media Type"},
    Reason{416, "Range Not Satisfiable"},
    Reason{417, "Expectation Failed"},
    Reason{422, "Unprocessable Content"},
    Reason{428, "Precondition Required"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
    Reason{505, "HTTP Version Not Supported"},
};

bool is_token_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

bool is_value(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

}  // namespace

std::string_view reason_phrase(int status) {
    const auto found = std::ranges::find(reasons, status, &Reason::status);
    return found == reasons.end() ? std::string_view("Unknown") : found->phrase;
}

std::string format_date(std::time_t time) {
    // Written by hand, since strftime's names follow the locale.
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    gmtime_r(&time, &parts);
    const auto padded = [](int number, std::size_t width) {
        auto text = std::to_string(number);
        return std::string(width - std::min(width, text.size()), '0') + text;
    };
    return std::string(days.at(static_cast<std::size_t>(parts.tm_wday))) + ", " +
           padded(parts.tm_mday, 2) + " " + months.at(static_cast<std::size_t>(parts.tm_mon)) +
           " " + padded(parts.tm_year + 1900, 4) + " " + padded(parts.tm_hour, 2) + ":" +
           padded(parts.tm_min, 2) + ":" + padded(parts.tm_sec, 2) + " GMT";
}

const std::string& DateText::now() {
    const auto time = std::time(nullptr);
    if (time != formatted_at_) {
        text_ = format_date(time);
        formatted_at_ = time;
    }
    return text_;
}

bool is_well_formed(const Response& response) {
    return response.status >= 200 && response.status <= 599 && is_value(response.content_type) &&
           std::ranges::all_of(response.headers, [](const auto& field) {
               return !field.first.empty() &&
                      std::ranges::all_of(field.first, is_token_character) &&
                      is_value(field.second);
           });
}

bool has_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

void append_head(std::string& out, const Response& response, std::string_view request_id,
                 std::string_view date, ConnectionHeader connection, Framing framing) {
    out += "HTTP/1.1 ";
    out += std::to_string(response.status);
    out += ' ';
    out += reason_phrase(response.status);
    out += "\r\n";
    append_field(out, "Server", "cockpit");
    append_field(out, "Date", date);
    append_field(out, "X-Request-Id", request_id);
    if (has_body(response.status)) {
        if (!response.content_type.empty()) {
            append_field(out, "Content-Type", response.content_type);
        }
        if (framing == Framing::length) {
            append_field(out, "Content-Length", std::to_string(response.body.size()));
        } else if (framing == Framing::chunked) {
            append_field(out, "Transfer-Encoding", "chunked");
        }
    }
    if (connection == ConnectionHeader::close) append_field(out, "Connection", "close");
    if (connection == ConnectionHeader::keep_alive) append_field(out, "Connection", "keep-alive");
    for (const auto& [name, value] : response.headers)
        append_field(out, name, value);
    out += "\r\n";
}

void append_chunk_size(std::string& out, std::size_t bytes) {
    char text[20];
    const auto written = std::to_chars(std::begin(text), std::end(text), bytes, 16);
    out.append(std::begin(text), written.ptr);
    out += "\r\n";
}

}  // namespace cockpit::http

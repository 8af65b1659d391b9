#include "agent/commands/http_reply.hpp"

#include <algorithm>
#include <charconv>

namespace cockpit::commands {
namespace {

using Parsed = std::expected<std::optional<HttpReply>, std::string>;

template <typename Number>
std::optional<Number> number(std::string_view text, int base = 10) {
    Number value{};
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

std::expected<HttpReply, std::string> parse_head(std::string_view head) {
    HttpReply reply;
    const auto line = head.substr(0, head.find("\r\n"));
    const auto status = line.size() >= 12 ? number<int>(line.substr(9, 3)) : std::nullopt;
    if (!line.starts_with("HTTP/1.") || line[8] != ' ' || !status || *status < 100) {
        return std::unexpected("it does not begin like an HTTP answer");
    }
    reply.status = *status;
    auto rest = head.substr(std::min(head.size(), line.size() + 2));
    while (!rest.empty()) {
        const auto end = rest.find("\r\n");
        const auto field = rest.substr(0, end);
        rest = end == std::string_view::npos ? "" : rest.substr(end + 2);
        const auto colon = field.find(':');
        if (colon == std::string_view::npos || colon == 0) {
            return std::unexpected("it has a header line without a name");
        }
        reply.headers[lower(field.substr(0, colon))] = trimmed(field.substr(colon + 1));
    }
    return reply;
}

// All chunks joined, once the last one is there.
std::expected<std::optional<std::string>, std::string> join_chunks(std::string_view bytes) {
    std::string body;
    while (true) {
        const auto end = bytes.find("\r\n");
        if (end == std::string_view::npos) return std::nullopt;
        const auto line = bytes.substr(0, end);
        const auto size = number<std::size_t>(trimmed(line.substr(0, line.find(';'))), 16);
        if (!size) return std::unexpected("it has a chunk of unreadable size");
        bytes.remove_prefix(end + 2);
        if (*size == 0) {
            // Trailers, which nobody asked for, end with an empty line.
            if (bytes.starts_with("\r\n") || bytes.find("\r\n\r\n") != std::string_view::npos) {
                return body;
            }
            return std::nullopt;
        }
        if (bytes.size() < 2 || bytes.size() - 2 < *size) return std::nullopt;
        if (bytes.substr(*size, 2) != "\r\n") {
            return std::unexpected("it has a chunk that does not end where it says");
        }
        body += bytes.substr(0, *size);
        bytes.remove_prefix(*size + 2);
    }
}

Parsed parse(std::string_view bytes, bool ended) {
    const auto head_end = bytes.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return std::nullopt;
    auto reply = parse_head(bytes.substr(0, head_end));
    if (!reply) return std::unexpected(reply.error());
    const auto body = bytes.substr(head_end + 4);
    if (reply->status == 204 || reply->status == 304) return std::move(*reply);

    const auto encoding = reply->headers.find("transfer-encoding");
    if (encoding != reply->headers.end()) {
        if (lower(encoding->second) != "chunked") {
            return std::unexpected("it is encoded as '" + encoding->second + "'");
        }
        auto joined = join_chunks(body);
        if (!joined) return std::unexpected(joined.error());
        if (!*joined) return std::nullopt;
        reply->body = std::move(**joined);
        return std::move(*reply);
    }
    const auto length = reply->headers.find("content-length");
    if (length != reply->headers.end()) {
        const auto size = number<std::size_t>(length->second);
        if (!size) return std::unexpected("its length is unreadable");
        if (body.size() < *size) return std::nullopt;
        reply->body = body.substr(0, *size);
        return std::move(*reply);
    }
    if (!ended) return std::nullopt;
    reply->body = body;
    return std::move(*reply);
}

}  // namespace

Parsed parse_reply(std::string_view bytes, bool ended) {
    auto reply = parse(bytes, ended);
    if (reply && !*reply && ended) return std::unexpected("it breaks off in the middle");
    return reply;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string result;
    for (const unsigned char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            result += static_cast<char>(c);
        } else {
            result += '%';
            result += digits[c >> 4];
            result += digits[c & 15];
        }
    }
    return result;
}

}  // namespace cockpit::commands

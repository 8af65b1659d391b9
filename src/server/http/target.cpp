#include "server/http/target.hpp"

#include <algorithm>

#include "protocol/text.hpp"

namespace cockpit::http {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::expected<std::string, std::string> decode_form_text(std::string_view text) {
    if (!text.contains('+')) return percent_decode(text);
    std::string spaced(text);
    std::ranges::replace(spaced, '+', ' ');
    return percent_decode(spaced);
}

bool only(std::string_view text, std::string_view marks) {
    return std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.contains(c);
    });
}

// A host, perhaps with a port (RFC 3986, section 3.2; RFC 9110, section 4.2.4 has no user there).
bool is_authority(std::string_view text) {
    if (!text.starts_with('[')) return !text.empty() && only(text, "-._~%!$&'()*+,;=:");
    const auto end = text.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    const auto port = text.substr(end + 1);
    return only(text.substr(1, end - 1), ":.") && (port.empty() || port.starts_with(':')) &&
           only(port, ":");
}

// The part after "scheme://host" of an absolute form, "/" where there is none; nothing for other
// forms, and where the host is none.
std::optional<std::string> origin_form(std::string_view target) {
    if (target.starts_with('/')) return std::string(target);
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        target.remove_prefix(scheme.size());
        const auto end = std::min(target.find_first_of("/?"), target.size());
        if (!is_authority(target.substr(0, end))) return std::nullopt;
        const auto rest = target.substr(end);
        return rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
    }
    return std::nullopt;
}

}  // namespace

std::expected<std::string, std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::unexpected("'" + protocol::to_utf8(text.substr(i, 3)) +
                                   "' is no percent escape: % is followed by two hexadecimal "
                                   "digits, and % itself is written %25");
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (out.contains('\0')) return std::unexpected("a NUL character (%00) is not allowed");
    if (!protocol::is_utf8(out)) return std::unexpected("the text is not well-formed UTF-8");
    return out;
}

std::expected<Target, std::string> parse_target(std::string_view target) {
    const auto origin = origin_form(target);
    if (!origin) return std::unexpected("the request target must be a path that begins with /");
    if (origin->contains('#')) {
        return std::unexpected("the request target contains a fragment: write # as %23");
    }
    const std::string_view whole(*origin);
    const auto mark = std::min(whole.find('?'), whole.size());
    Target result{.raw_path = std::string(whole.substr(0, mark))};
    auto path = percent_decode(result.raw_path);
    if (!path) return std::unexpected("in the path: " + path.error());
    result.path = *std::move(path);

    auto rest = mark < whole.size() ? whole.substr(mark + 1) : std::string_view();
    while (!rest.empty()) {
        const auto end = std::min(rest.find('&'), rest.size());
        const auto pair = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (pair.empty()) continue;
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = decode_form_text(pair.substr(0, equals));
        auto value = decode_form_text(equals < pair.size() ? pair.substr(equals + 1) : "");
        if (!name) return std::unexpected("in the query: " + name.error());
        if (!value) {
            return std::unexpected("in the query, value of '" + *name + "': " + value.error());
        }
        result.query.emplace_back(*std::move(name), *std::move(value));
    }
    return result;
}

}  // namespace cockpit::http

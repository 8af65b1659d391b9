#include "config/redis_settings.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <initializer_list>

#include "config/value_rules.hpp"

namespace cockpit::config {
namespace {

constexpr int highest_database = 1'000'000;  // redis.conf's `databases` has no documented limit
constexpr std::string_view url_shape =
    "is not of the form redis://user:password@host:port/db (rediss:// for TLS) or "
    "unix://user:password@/path?db=0";

std::optional<int> number(std::string_view text, int low, int high) {
    int value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size() || value < low || value > high) {
        return std::nullopt;
    }
    return value;
}

// RFC 3986 percent decoding; nothing for an escape that is cut or not hexadecimal.
std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        int byte = 0;
        const auto digits = text.substr(i + 1, 2);
        const auto [end, failed] =
            std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || failed != std::errc{} || end != digits.data() + 2) {
            return std::nullopt;
        }
        out += static_cast<char>(byte);
        i += 2;
    }
    return out;
}

struct Url {
    RedisSettings settings;
    bool names_database = false;
};

bool read_user_and_password(std::string_view text, RedisSettings& out) {
    const auto colon = text.find(':');
    auto user = percent_decoded(text.substr(0, colon));
    if (!user) return false;
    if (!user->empty()) out.username = *std::move(user);
    if (colon == std::string_view::npos) return true;
    auto password = percent_decoded(text.substr(colon + 1));
    if (!password) return false;
    if (!password->empty()) out.password = *std::move(password);
    return true;
}

bool read_host_and_port(std::string_view text, RedisSettings& out) {
    std::string_view host = text;
    std::string_view rest;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return false;
        host = text.substr(1, close - 1);
        rest = text.substr(close + 1);
    } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        rest = text.substr(colon);
    }
    if (host.empty()) return false;
    out.host = host;
    if (rest.empty()) return true;
    const auto port = rest.starts_with(':') ? number(rest.substr(1), 1, 65535) : std::nullopt;
    if (!port) return false;
    out.port = static_cast<std::uint16_t>(*port);
    return true;
}

bool read_database(std::string_view text, Url& out) {
    const auto database = number(text, 0, highest_database);
    if (!database) return false;
    out.settings.database = *database;
    out.names_database = true;
    return true;
}

bool read_unix(std::string_view rest, Url& out) {
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) return false;
    if (slash > 0 && (!rest.substr(0, slash).ends_with('@') ||
                      !read_user_and_password(rest.substr(0, slash - 1), out.settings))) {
        return false;
    }
    const auto query = std::min(rest.find('?'), rest.size());
    auto path = percent_decoded(rest.substr(slash, query - slash));
    if (!path || path->size() < 2) return false;
    out.settings.unix_socket = *std::move(path);
    if (query == rest.size()) return true;
    const auto parameter = rest.substr(query + 1);
    return parameter.starts_with("db=") && read_database(parameter.substr(3), out);
}

std::optional<Url> parse_url(std::string_view text) {
    Url out;
    if (text.starts_with("unix://")) {
        if (!read_unix(text.substr(7), out)) return std::nullopt;
        return out;
    }
    out.settings.tls = text.starts_with("rediss://");
    if (!out.settings.tls && !text.starts_with("redis://")) return std::nullopt;
    auto authority = text.substr(out.settings.tls ? 9 : 8);
    if (authority.find('?') != std::string_view::npos) return std::nullopt;
    if (const auto slash = authority.find('/'); slash != std::string_view::npos) {
        const auto database = authority.substr(slash + 1);
        if (!database.empty() && !read_database(database, out)) return std::nullopt;
        authority = authority.substr(0, slash);
    }
    // The last @ ends the password, which people tend to write unescaped.
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        if (!read_user_and_password(authority.substr(0, at), out.settings)) return std::nullopt;
        authority = authority.substr(at + 1);
    }
    if (!read_host_and_port(authority, out.settings)) return std::nullopt;
    return out;
}

void refuse_if_set(Reader& reader, std::initializer_list<std::string_view> keys,
                   std::string_view sentence) {
    for (const auto key : keys) {
        if (reader.optional_text(key)) reader.refuse(key, sentence);
    }
}

RedisSettings read_url(Reader& reader, const std::string& text) {
    const auto url = parse_url(text);
    if (!url) {
        // The value may hold a password, so the sentence does not repeat it.
        reader.refuse("REDIS_URL", std::string("the value ") + std::string(url_shape));
        return {};
    }
    refuse_if_set(reader, {"REDIS_HOST", "REDIS_PORT", "REDIS_SOCKET"},
                  "REDIS_URL already says where Redis is; set one of the two");
    refuse_if_set(reader, {"REDIS_TLS"},
                  "REDIS_URL already says whether TLS is used; write rediss:// there for TLS");
    if (url->names_database) {
        refuse_if_set(reader, {"REDIS_DB"},
                      "REDIS_URL already names a database; set one of the two");
    }
    if (url->settings.username) {
        refuse_if_set(reader, {"REDIS_USERNAME"},
                      "REDIS_URL already names a user; set one of the two");
    }
    if (url->settings.password) {
        refuse_if_set(reader, {"REDIS_PASSWORD"},
                      "REDIS_URL already has a password; set one of the two");
    }
    return url->settings;
}

RedisSettings read_single_keys(Reader& reader) {
    RedisSettings settings;
    settings.host = reader.text("REDIS_HOST", "localhost");
    if (settings.host.find_first_of(" /@\t") != std::string::npos) {
        reader.refuse("REDIS_HOST", "'" + settings.host + "' is not a host name or an address");
    }
    settings.port = static_cast<std::uint16_t>(reader.integer("REDIS_PORT", 6379, 1, 65535));
    settings.tls = reader.boolean("REDIS_TLS", false);
    if (const auto socket = read_absolute_path(reader, "REDIS_SOCKET")) {
        settings.unix_socket = socket->string();
        refuse_if_set(reader, {"REDIS_HOST", "REDIS_PORT"},
                      "REDIS_SOCKET already says where Redis is; set one of the two");
        if (settings.tls) reader.refuse("REDIS_TLS", "a unix socket (REDIS_SOCKET) takes no TLS");
    }
    return settings;
}

std::optional<std::string> read_tls_file(Reader& reader, std::string_view key, bool tls) {
    const auto path = read_absolute_path(reader, key);
    if (!path) return std::nullopt;
    if (!tls) {
        reader.refuse(key,
                      "is set, but TLS is off; set REDIS_TLS=true or write rediss:// in REDIS_URL");
    } else if (!std::ifstream(*path)) {
        reader.refuse(key,
                      "cannot read '" + path->string() + "'; name a PEM file this user may read");
    }
    return path->string();
}

}  // namespace

RedisSettings read_redis_settings(Reader& reader) {
    const auto url = reader.optional_text("REDIS_URL");
    RedisSettings settings = url ? read_url(reader, *url) : read_single_keys(reader);
    if (!settings.username) settings.username = reader.optional_text("REDIS_USERNAME");
    if (!settings.password) settings.password = reader.optional_text("REDIS_PASSWORD");
    if (const auto database = reader.integer("REDIS_DB", -1, 0, highest_database); database >= 0) {
        settings.database = static_cast<int>(database);
    }
    if (settings.username && !settings.password) {
        reader.refuse(url ? "REDIS_URL" : "REDIS_USERNAME",
                      "a user is named but no password; set REDIS_PASSWORD");
    }
    settings.tls_ca_file = read_tls_file(reader, "REDIS_TLS_CA", settings.tls);
    settings.tls_cert_file = read_tls_file(reader, "REDIS_TLS_CERT", settings.tls);
    settings.tls_key_file = read_tls_file(reader, "REDIS_TLS_KEY", settings.tls);
    if (settings.tls_cert_file.has_value() != settings.tls_key_file.has_value()) {
        reader.refuse(
            settings.tls_cert_file ? "REDIS_TLS_KEY" : "REDIS_TLS_CERT",
            "is missing; a client certificate needs both REDIS_TLS_CERT and REDIS_TLS_KEY");
    }
    settings.tls_server_name = reader.text("REDIS_TLS_SERVER_NAME", settings.host);
    return settings;
}

}  // namespace cockpit::config

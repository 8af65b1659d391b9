#include "agent/commands/health_rules.hpp"

#include <regex.h>

#include <algorithm>
#include <charconv>

#include "protocol/text_pattern.hpp"

namespace cockpit::commands {
namespace {

using Kind = HealthOrder::Kind;

// regcomp(3) needs regfree(3), whatever happens.
class Pattern {
  public:
    explicit Pattern(const std::string& text)
        : error_(::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB)) {}
    Pattern(const Pattern&) = delete;
    Pattern& operator=(const Pattern&) = delete;
    ~Pattern() {
        if (error_ == 0) ::regfree(&compiled_);
    }
    std::optional<std::string> error() const {
        if (error_ == 0) return std::nullopt;
        char words[200];
        ::regerror(error_, &compiled_, words, sizeof words);
        return words;
    }
    bool found_in(const std::string& text) const {
        return error_ == 0 && ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
    }

  private:
    regex_t compiled_{};
    int error_;
};

const boost::json::value* given(const boost::json::object& params, std::string_view name) {
    const auto* value = params.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::string text(const boost::json::object& params, std::string_view name) {
    const auto* value = given(params, name);
    return value == nullptr ? std::string() : std::string(value->as_string());
}

int number(const boost::json::object& params, std::string_view name, int otherwise) {
    const auto* value = given(params, name);
    return value == nullptr ? otherwise : static_cast<int>(value->as_int64());
}

bool plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte > 0x20 && byte < 0x7f;
    });
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    int port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535)
        return std::nullopt;
    return static_cast<std::uint16_t>(port);
}

struct Authority {
    std::string host;
    std::optional<std::uint16_t> port;
};

// "host", "host:port", "[::1]", "[::1]:port"; a bare IPv6 address where it has no port.
std::optional<Authority> authority_of(std::string_view text) {
    std::string_view host = text;
    std::string_view rest;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
    } else if (std::ranges::count(text, ':') == 1) {
        host = text.substr(0, text.find(':'));
        rest = text.substr(host.size());
    }
    if (host.empty() || host.contains('@')) return std::nullopt;
    Authority authority{std::string(host), std::nullopt};
    if (rest.empty()) return authority;
    if (!rest.starts_with(':')) return std::nullopt;
    authority.port = port_of(rest.substr(1));
    if (!authority.port) return std::nullopt;
    return authority;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

std::expected<void, std::string> read_url(const std::string& url, HealthOrder& order) {
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme)) {
        return std::unexpected("url '" + url +
                               "' must begin with http://; this agent checks plain HTTP only");
    }
    const auto rest = std::string_view(url).substr(scheme.size());
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    const auto authority = authority_of(rest.substr(0, end));
    if (!authority || !plain(url) || url.contains('#')) {
        return std::unexpected("url '" + url +
                               "' is wrong: write http://host:port/path, without a user, spaces "
                               "and '#'");
    }
    order.authority = rest.substr(0, end);
    order.host = authority->host;
    order.port = authority->port.value_or(80);
    const auto target = rest.substr(end);
    order.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
    return {};
}

std::expected<void, std::string> read_http(const boost::json::object& params, HealthOrder& order) {
    if (auto read = read_url(text(params, "url"), order); !read) return read;
    order.status = number(params, "status", 200);
    if (given(params, "pattern") == nullptr) return {};
    order.pattern = text(params, "pattern");
    if (const auto wrong = wrong_pattern(*order.pattern)) {
        return std::unexpected("pattern '" + *order.pattern +
                               "' is no POSIX extended regular expression: " + *wrong);
    }
    return {};
}

struct Belongs {
    std::string_view name;
    Kind to;
    bool required;
};
constexpr Belongs belongings[] = {
    {"url", Kind::http, true}, {"status", Kind::http, false}, {"pattern", Kind::http, false},
    {"host", Kind::tcp, true}, {"port", Kind::tcp, true},     {"container", Kind::container, true},
};

}  // namespace

std::optional<std::string> wrong_pattern(const std::string& pattern) {
    // What may be costly is refused by the same rules as in patterns of parameters.
    if (const auto right = protocol::check_pattern(pattern); !right) return right.error();
    return Pattern(pattern).error();
}

std::expected<HealthOrder, std::string> health_order_of(const boost::json::object& params) {
    HealthOrder order;
    const auto kind = text(params, "kind");
    order.kind = kind == "http" ? Kind::http : kind == "tcp" ? Kind::tcp : Kind::container;
    for (const auto& [name, to, required] : belongings) {
        const bool there = given(params, name) != nullptr;
        if (there && to != order.kind) {
            return std::unexpected("parameter '" + std::string(name) +
                                   "' does not belong to a health check of kind '" + kind + "'");
        }
        if (!there && required && to == order.kind) {
            return std::unexpected("a health check of kind '" + kind + "' needs parameter '" +
                                   std::string(name) + "'");
        }
    }
    if (order.kind == Kind::http) {
        if (auto read = read_http(params, order); !read) return std::unexpected(read.error());
    } else if (order.kind == Kind::tcp) {
        order.host = text(params, "host");
        order.port = static_cast<std::uint16_t>(number(params, "port", 0));
        if (order.host.empty() || !plain(order.host)) {
            return std::unexpected("host '" + order.host + "' is no name or address of a host");
        }
    } else {
        order.container = text(params, "container");
    }
    order.retries = number(params, "retries", order.retries);
    order.interval = std::chrono::seconds(number(params, "interval_s", 2));
    order.deadline = std::chrono::seconds(number(params, "deadline_s", 60));
    return order;
}

std::expected<void, std::string> check_health_hosts(const HealthOrder& order,
                                                    const std::vector<std::string>& hosts) {
    if (order.kind == Kind::container) return {};
    std::string list;
    for (const auto& allowed : hosts) {
        list += (list.empty() ? "" : ", ") + allowed;
        const auto authority = authority_of(allowed);
        if (!authority || lower(authority->host) != lower(order.host)) continue;
        if (!authority->port || authority->port == order.port) return {};
    }
    return std::unexpected("'" + order.host + "' port " + std::to_string(order.port) +
                           " may not be checked: it is not one of this host's "
                           "HEALTH_CHECK_HOSTS: " +
                           (list.empty() ? "there are none" : list));
}

HealthVerdict judge(const HealthOrder& order, const HttpReply& reply) {
    const auto said = "HTTP " + std::to_string(reply.status);
    if (reply.status != order.status) {
        return {false, said + ", wanted " + std::to_string(order.status)};
    }
    if (!order.pattern) return {true, said};
    const auto quoted = " '" + *order.pattern + "'";
    // NUL would end the text that regexec(3) reads.
    auto searched = reply.body.substr(0, searched_bytes);
    std::ranges::replace(searched, '\0', ' ');
    if (Pattern(*order.pattern).found_in(searched)) {
        return {true, said + ", and the body has" + quoted};
    }
    const bool cut = reply.body.size() > searched_bytes;
    return {false,
            said + ", but " +
                (cut ? "the first " + std::to_string(searched_bytes) + " bytes of the body have"
                     : std::string("the body has")) +
                " no" + quoted};
}

HealthVerdict judge(const ContainerState& state) {
    if (!state.running) {
        return {false, "it does not run; its last exit code is " + std::to_string(state.exit_code)};
    }
    if (state.restarting) return {false, "it is being restarted"};
    if (state.health.empty()) return {true, "it runs, and has no health check of its own"};
    return {state.health == "healthy", "it is " + state.health};
}

}  // namespace cockpit::commands

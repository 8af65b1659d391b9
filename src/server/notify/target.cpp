#include "server/notify/target.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace cockpit::notify {
namespace {

constexpr std::size_t longest_url = 2048;
constexpr std::size_t most_addresses = 50;

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

std::string known_events() {
    std::string names = "'*'";
    for (const auto kind : event_kinds())
        names += ", '" + std::string(kind) + "'";
    return names;
}

bool is_outcome(std::string_view text) {
    return !text.empty() && text.size() <= 30 &&
           std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

// Only what cannot change the dialogue with the mail server or the header of the message; whether
// somebody reads there only the delivery tells.
bool is_address(std::string_view text) {
    const auto at = text.find('@');
    return text.size() <= 254 && at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
           text.find('@', at + 1) == std::string_view::npos &&
           std::ranges::all_of(text, [](char c) {
               return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != ',' && c != ';' &&
                      c != '"' && c != '(' && c != ')' && c != '\\' && c != ':';
           });
}

}  // namespace

std::string_view to_text(TargetKind kind) {
    switch (kind) {
        case TargetKind::webhook:
            return "webhook";
        case TargetKind::slack:
            return "slack";
        case TargetKind::email:
            return "email";
    }
    return "webhook";
}

std::optional<TargetKind> parse_target_kind(std::string_view text) {
    for (const auto kind : {TargetKind::webhook, TargetKind::slack, TargetKind::email}) {
        if (to_text(kind) == text) return kind;
    }
    return std::nullopt;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
    // Greedy with one place to come back to: linear but for repeated stars, and never recursive.
    std::size_t p = 0, t = 0, star = std::string_view::npos, from = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            from = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool wants(const TargetRecord& target, const Event& event) {
    if (!target.enabled) return false;
    const bool chosen = std::ranges::any_of(target.events, [&](const std::string& pattern) {
        return pattern == "*" || pattern == event.kind ||
               pattern == event.kind + ":" + event.outcome;
    });
    if (!chosen) return false;
    if (target.agents.empty()) return true;
    return event.agent && std::ranges::any_of(target.agents, [&](const std::string& pattern) {
               return matches_pattern(pattern, *event.agent);
           });
}

std::optional<std::string> wrong_name(std::string_view name) {
    const bool right = !name.empty() && name.size() <= 100 &&
                       std::ranges::all_of(name, is_name_character) && name[0] != '.' &&
                       name[0] != '-';
    if (right) return std::nullopt;
    return "'name' must be 1 to 100 of A-Z a-z 0-9 . _ - and begin with a letter, a digit or _";
}

std::optional<std::string> wrong_events(const std::vector<std::string>& events) {
    if (events.empty()) {
        return "'events' must not be empty; there are " + known_events();
    }
    for (const auto& pattern : events) {
        const auto colon = pattern.find(':');
        const auto kind = std::string_view(pattern).substr(0, colon);
        const bool known = std::ranges::find(event_kinds(), kind) != event_kinds().end();
        const bool outcome =
            colon == std::string::npos || is_outcome(std::string_view(pattern).substr(colon + 1));
        if (pattern == "*" || (known && outcome)) continue;
        return "'events' has '" + pattern.substr(0, 64) + "'; there are " + known_events() +
               ", each also with an outcome, as 'command.ended:error'";
    }
    return std::nullopt;
}

std::optional<std::string> wrong_url(std::string_view url) {
    const auto parsed = boost::urls::parse_uri(url);
    const std::string right = "'url' must be http://host/path or https://host/path";
    if (url.size() > longest_url) return "'url' must have at most 2048 characters";
    if (!parsed || parsed->host().empty()) return right;
    if (parsed->scheme() != "http" && parsed->scheme() != "https") return right;
    if (parsed->has_userinfo()) {
        return "'url' must hold no user name or password: a webhook is authenticated by its "
               "signature";
    }
    if (parsed->has_fragment()) return "'url' must not have a #fragment";
    return std::nullopt;
}

std::optional<std::string> wrong_addresses(const std::vector<std::string>& addresses) {
    if (addresses.empty() || addresses.size() > most_addresses) {
        return "'addresses' must hold 1 to 50 e-mail addresses";
    }
    for (const auto& address : addresses) {
        if (!is_address(address)) {
            return "'addresses' has '" + address.substr(0, 64) +
                   "', which is no e-mail address such as name@example.org";
        }
    }
    return std::nullopt;
}

std::optional<std::string> wrong_secret(std::string_view secret) {
    if (secret.size() >= 16 && secret.size() <= 255) return std::nullopt;
    return "'secret' must have 16 to 255 bytes; the receiver needs the same to verify signatures";
}

std::string shown_url(TargetKind kind, std::string_view url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed) return "";
    auto shown = std::string(parsed->scheme()) + "://" + std::string(parsed->encoded_authority());
    if (kind == TargetKind::slack) return shown + "/…";
    shown += parsed->encoded_path();
    return parsed->has_query() ? shown + "?…" : shown;
}

std::string host_of(std::string_view url) {
    const auto parsed = boost::urls::parse_uri(url);
    return parsed ? std::string(parsed->host_address()) : std::string();
}

}  // namespace cockpit::notify

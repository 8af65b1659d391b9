#include "server/notify/push.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace cockpit::notify {
namespace json = boost::json;
namespace {

constexpr std::string_view heads = "refs/heads/";

std::string header_of(const HeaderMap& headers, const std::string& name) {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

bool is_signed(std::string_view secret, std::string_view given, std::string_view body) {
    return crypto::equal_in_constant_time(given, crypto::to_hex(crypto::hmac_sha256(secret, body)));
}

std::string without_prefix(const std::string& text, std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string();
}

std::string event_of(Provider provider, const HeaderMap& headers) {
    switch (provider) {
        case Provider::github:
            return header_of(headers, "x-github-event");
        case Provider::gitlab:
            return header_of(headers, "x-gitlab-event");
        case Provider::gitea:
            return header_of(headers, "x-gitea-event");
    }
    return "";
}

std::string delivery_of(Provider provider, const HeaderMap& headers, std::string_view body) {
    auto id = header_of(headers, provider == Provider::github   ? "x-github-delivery"
                                 : provider == Provider::gitlab ? "x-gitlab-event-uuid"
                                                                : "x-gitea-delivery");
    if (!id.empty() && id.size() <= 100) return id;
    return crypto::to_hex(crypto::sha256(body));
}

// Empty where there is no text.
std::string text_at(const json::object& object, std::initializer_list<std::string_view> path) {
    const json::object* at = &object;
    const json::value* value = nullptr;
    for (const auto step : path) {
        if (at == nullptr) return "";
        value = at->if_contains(step);
        if (value == nullptr) return "";
        at = value->is_object() ? &value->get_object() : nullptr;
    }
    return value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string first_of(std::initializer_list<std::string> texts) {
    for (const auto& text : texts) {
        if (!text.empty()) return text;
    }
    return "";
}

}  // namespace

std::string_view to_text(Provider provider) {
    switch (provider) {
        case Provider::github:
            return "github";
        case Provider::gitlab:
            return "gitlab";
        case Provider::gitea:
            return "gitea";
    }
    return "github";
}

std::optional<Provider> parse_provider(std::string_view text) {
    for (const auto provider : {Provider::github, Provider::gitlab, Provider::gitea}) {
        if (to_text(provider) == text) return provider;
    }
    return std::nullopt;
}

bool is_authentic(Provider provider, std::string_view secret, const HeaderMap& headers,
                  std::string_view body) {
    // An empty secret would make every forgery authentic.
    if (secret.empty()) return false;
    const auto prefixed = without_prefix(header_of(headers, "x-hub-signature-256"), "sha256=");
    switch (provider) {
        case Provider::github:
            return is_signed(secret, prefixed, body);
        case Provider::gitlab: {
            // Digests have one length, so the length of the secret is not told either.
            const auto given = header_of(headers, "x-gitlab-token");
            return crypto::equal_in_constant_time(crypto::sha256(given), crypto::sha256(secret));
        }
        case Provider::gitea: {
            const auto own = header_of(headers, "x-gitea-signature");
            return is_signed(secret, own.empty() ? prefixed : own, body);
        }
    }
    return false;
}

std::expected<PushOrNot, std::string> read_push(Provider provider, const HeaderMap& headers,
                                                std::string_view body) {
    const auto event = event_of(provider, headers);
    const std::string wanted = provider == Provider::gitlab ? "Push Hook" : "push";
    if (event != wanted) {
        return PushOrNot{.ignored_because = "the event is '" + event.substr(0, 64) + "'; only '" +
                                            wanted + "' is of use here"};
    }
    json::error_code failed;
    const auto parsed = json::parse(body, failed);
    if (failed || !parsed.is_object()) {
        return std::unexpected(
            "the body is no JSON object; choose the content type application/json for the webhook");
    }
    const auto& object = parsed.get_object();
    const auto ref = text_at(object, {"ref"});
    Push push{.provider = provider, .delivery_id = delivery_of(provider, headers, body)};
    push.before = text_at(object, {"before"});
    push.after = text_at(object, {"after"});
    if (provider == Provider::gitlab) {
        push.repository = text_at(object, {"project", "path_with_namespace"});
        push.pusher =
            first_of({text_at(object, {"user_username"}), text_at(object, {"user_name"})});
        push.urls = {text_at(object, {"project", "git_http_url"}),
                     text_at(object, {"project", "git_ssh_url"})};
    } else {
        push.repository = text_at(object, {"repository", "full_name"});
        push.pusher =
            first_of({text_at(object, {"pusher", "login"}), text_at(object, {"pusher", "name"}),
                      text_at(object, {"sender", "login"})});
        push.urls = {text_at(object, {"repository", "clone_url"}),
                     text_at(object, {"repository", "ssh_url"}),
                     text_at(object, {"repository", "git_url"})};
    }
    std::erase(push.urls, std::string());
    if (push.repository.empty() || ref.empty() || push.after.empty()) {
        return std::unexpected(
            "the push has no repository name, no 'ref' or no 'after', which every push event of " +
            std::string(to_text(provider)) + " has");
    }
    if (!ref.starts_with(heads)) {
        return PushOrNot{.ignored_because = "'" + ref.substr(0, 200) + "' is no branch"};
    }
    push.branch = ref.substr(heads.size());
    if (std::ranges::all_of(push.after, [](char c) { return c == '0'; })) {
        return PushOrNot{.ignored_because =
                             "branch '" + push.branch.substr(0, 200) + "' was removed"};
    }
    return PushOrNot{.push = std::move(push), .ignored_because = {}};
}

}  // namespace cockpit::notify

#include "server/deployments/repository_rules.hpp"

#include <algorithm>

namespace cockpit::deployments {
namespace {

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

// user@host:path, which git takes for ssh when no slash comes before the colon.
bool is_scp_like(std::string_view remote) {
    const auto colon = remote.find(':');
    // "name::address" names a program that git would run.
    if (colon == std::string_view::npos || colon == 0 || remote.contains("::")) return false;
    return remote.find('/') > colon && colon + 1 < remote.size();
}

std::string_view without(std::string_view text, std::string_view suffix) {
    if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
    return text;
}

}  // namespace

std::optional<std::string> wrong_service_name(std::string_view name) {
    const bool right = !name.empty() && name.size() <= 100 && is_letter_or_digit(name.front()) &&
                       std::ranges::all_of(name, [](char c) {
                           return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
                       });
    if (right) return std::nullopt;
    return "'name' must have 1 to 100 letters, digits, dots, underscores and hyphens, and begin "
           "with a letter or a digit";
}

std::optional<std::string> wrong_remote(std::string_view remote, bool allow_local) {
    const std::string right = "write https://host/path, ssh://user@host/path or user@host:path";
    if (remote.empty() || remote.size() > 1000 || remote.front() == '-' ||
        std::ranges::any_of(remote, [](char c) { return is_control(c) || c == ' '; })) {
        return "'remote' is not the address of a repository; " + right;
    }
    const auto scheme_end = remote.find("://");
    if (scheme_end == std::string_view::npos) {
        // The host must not look like an option of ssh.
        const auto host = remote.substr(remote.find('@') + 1);
        if (is_scp_like(remote) && !host.starts_with('-')) return std::nullopt;
        return "'remote' is not the address of a repository; " + right;
    }
    const auto scheme = lower(remote.substr(0, scheme_end));
    const auto rest = remote.substr(scheme_end + 3);
    const auto authority = rest.substr(0, rest.find('/'));
    const bool local = scheme == "file" || scheme == "http";
    if (local && !allow_local) {
        return "'remote' of " + scheme +
               ":// is not allowed on this server (GIT_ALLOW_LOCAL_REMOTES); " + right;
    }
    if (scheme != "https" && scheme != "ssh" && !local) {
        return "'remote' has a scheme that is not allowed; " + right;
    }
    if (scheme == "file") {
        if (rest.starts_with('/')) return std::nullopt;
        return "'remote' of file:// needs an absolute path, as file:///path";
    }
    const auto host = authority.substr(authority.find('@') + 1);
    if (host.empty() || host.front() == '-' || authority.front() == '-' ||
        authority.size() == rest.size()) {
        return "'remote' needs a host and a path; " + right;
    }
    if (scheme != "ssh" && authority.contains('@')) {
        return "'remote' must hold no user or password; give them in 'credentials', where they are "
               "kept sealed";
    }
    if (authority.substr(0, authority.find('@')).contains(':') && authority.contains('@')) {
        return "'remote' must hold no password; give a key in 'credentials'";
    }
    return std::nullopt;
}

std::optional<std::string> wrong_branch(std::string_view branch) {
    const bool right = !branch.empty() && branch.size() <= 200 && branch.front() != '-' &&
                       branch.front() != '/' && branch.back() != '/' && branch.back() != '.' &&
                       !branch.contains("..") && !branch.contains("//") && !branch.contains("/.") &&
                       branch.front() != '.' && !branch.contains(".lock/") &&
                       !branch.ends_with(".lock") && std::ranges::all_of(branch, [](char c) {
                           return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-' ||
                                  c == '/' || c == '+' || c == '#';
                       });
    if (right) return std::nullopt;
    return "'branch' must be the name of a branch, such as main or release/1.2, without "
           "refs/heads/";
}

std::optional<std::string> wrong_file_path(std::string_view path) {
    const auto named = "the path '" + std::string(path.substr(0, 200)) + "' ";
    if (path.empty()) return "a path of a file is empty";
    if (path.size() > 1000) return named + "is longer than 1000 bytes";
    if (path.front() == '/') {
        return named + "is absolute; write it from the service's 'path' in the repository";
    }
    if (std::ranges::any_of(path, is_control)) return named + "has control characters";
    if (path.contains('\\')) return named + "has a backslash";
    auto rest = path;
    for (;;) {
        const auto part = rest.substr(0, rest.find('/'));
        if (part.empty()) return named + "has an empty part, or ends in a slash";
        if (part == "." || part == "..") return named + "must not have . or .. in it";
        if (lower(part) == ".git") return named + "must not lead into .git";
        if (part.size() == rest.size()) return std::nullopt;
        rest.remove_prefix(part.size() + 1);
    }
}

std::string same_repository_key(std::string_view url) {
    std::string scheme;
    std::string_view authority;
    std::string_view path;
    if (const auto end = url.find("://"); end != std::string_view::npos) {
        scheme = lower(url.substr(0, end));
        url.remove_prefix(end + 3);
        authority = url.substr(0, url.find('/'));
        path = url.substr(authority.size());
    } else if (is_scp_like(url)) {
        scheme = "ssh";
        authority = url.substr(0, url.find(':'));
        path = url.substr(authority.size() + 1);
    } else {
        path = url;
    }
    authority.remove_prefix(
        authority.find('@') == std::string_view::npos ? 0 : authority.rfind('@') + 1);
    for (const auto& [of, port] :
         {std::pair{"https", ":443"}, std::pair{"http", ":80"}, std::pair{"ssh", ":22"}}) {
        if (scheme == of) authority = without(authority, port);
    }
    while (path.starts_with('/'))
        path.remove_prefix(1);
    while (path.ends_with('/'))
        path.remove_suffix(1);
    return lower(authority) + "/" + std::string(without(path, ".git"));
}

}  // namespace cockpit::deployments

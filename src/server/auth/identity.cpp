#include "server/auth/identity.hpp"

#include <algorithm>
#include <array>

namespace cockpit::auth {
namespace {

constexpr std::array permissions_there_are{
    Permission{everything, "everything"},
    Permission{"cockpit_agents:read", "see hosts, commands and history"},
    Permission{"cockpit_agents:write", "send commands to hosts"},
    Permission{"cockpit_agents:admin", "accept the keys of hosts"},
    Permission{"cockpit_groups:write", "change groups and labels of hosts"},
    Permission{"deployments:read", "see services and deployments"},
    Permission{"deployments:write", "deploy, pause, resume and cancel"},
    Permission{"services:write", "make and change services: repositories, credentials, targets"},
    Permission{"notifications:read", "see who is notified of what, deliveries, incoming webhooks"},
    Permission{"notifications:write", "make and change them, and send again"},
    Permission{"schedules:read", "see schedules, their firings and maintenance windows"},
    Permission{"schedules:write", "make, change and run them"},
    Permission{"metrics:read", "read /metrics, and nothing else: for Prometheus"},
    Permission{"users:read", "see accounts"},
    Permission{"users:write", "make and change accounts"},
};

bool is_lower_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

std::span<const Permission> known_permissions() {
    return permissions_there_are;
}

bool includes(std::span<const std::string> permissions, std::string_view permission) {
    return std::ranges::any_of(permissions, [&](const std::string& held) {
        return held == permission || held == everything;
    });
}

bool Identity::may(std::string_view permission) const {
    return includes(permissions, permission);
}

std::expected<std::vector<std::string>, std::string> check_permissions(
    std::vector<std::string> permissions) {
    for (const auto& permission : permissions) {
        if (std::ranges::find(permissions_there_are, permission, &Permission::name) !=
            permissions_there_are.end()) {
            continue;
        }
        std::string known;
        for (const auto& one : permissions_there_are) {
            known += (known.empty() ? "" : ", ") + std::string(one.name);
        }
        return std::unexpected("there is no permission '" + permission + "'; there are " + known);
    }
    std::ranges::sort(permissions);
    const auto repeated = std::ranges::unique(permissions);
    permissions.erase(repeated.begin(), repeated.end());
    return permissions;
}

std::expected<void, std::string> check_username(std::string_view username) {
    const bool right =
        !username.empty() && username.size() <= 64 && is_lower_letter_or_digit(username.front()) &&
        std::ranges::all_of(username, [](char c) {
            return is_lower_letter_or_digit(c) || c == '.' || c == '_' || c == '@' || c == '-';
        });
    if (!right) {
        return std::unexpected(
            "a user name has 1 to 64 lower-case letters, digits, dots, underscores, @ and hyphens, "
            "and starts with a letter or a digit");
    }
    return {};
}

}  // namespace cockpit::auth

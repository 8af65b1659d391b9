#include "agent/commands/docker_rules.hpp"

#include <algorithm>

namespace cockpit::commands {

std::expected<void, std::string> check_container(std::string_view parameter,
                                                 const std::string& wanted,
                                                 const std::vector<std::string>& allowed) {
    if (std::ranges::find(allowed, wanted) != allowed.end()) return {};
    std::string list;
    for (const auto& name : allowed)
        list += (list.empty() ? "" : ", ") + name;
    return std::unexpected(
        std::string(parameter) + " '" + wanted + "' is " +
        (list.empty()
             ? "refused: this host allows no container (its DOCKER_CONTAINER_NAME is empty)"
             : "not one of this host's DOCKER_CONTAINER_NAME: " + list));
}

}  // namespace cockpit::commands

#pragma once
// Six hosts and four groups that the tests of the target language speak of.

#include <string>
#include <vector>

#include "server/targets/resolve.hpp"

namespace cockpit::targets {

inline std::vector<Host> six_hosts() {
    return {{"all", {{"odd name", "1"}}},
            {"db-1", {{"env", "prod"}, {"role", "db"}, {"site", "bern"}}},
            {"db-2", {{"env", "test"}, {"role", "db"}}},
            {"web-1", {{"env", "prod"}, {"role", "web"}, {"site", "bern"}}},
            {"web-10", {{"empty", ""}, {"env", "test-2"}, {"note", "a*b"}, {"role", "web"}}},
            {"web-2",
             {{"app/image", "repo:5/web"}, {"env", "prod"}, {"role", "web"}, {"site", "züri"}}}};
}

inline Expression parsed(std::string_view text) {
    return Expression::parse(text).value();
}

inline Definitions four_groups() {
    Definitions groups;
    groups["canary"] = {.members = {"web-1"}};
    groups["Odd.1_x"] = {.expression = parsed("group:web and not group:canary")};
    groups["stale"] = {.members = {"gone-9", "web-1"}};
    groups["web"] = {.expression = parsed("role=web")};
    return groups;
}

/// "web-1 web-2", or the error's text.
inline std::string ids_of(const std::expected<Choice, TargetError>& choice,
                          const std::vector<Host>& hosts) {
    if (!choice) return choice.error().text();
    std::string ids;
    for (const auto index : choice->hosts)
        ids += (ids.empty() ? "" : " ") + hosts[index].id;
    return ids;
}

}  // namespace cockpit::targets

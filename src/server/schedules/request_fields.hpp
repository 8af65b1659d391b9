#pragma once
// What the requests of schedules may have in them. Pure.

#include <algorithm>
#include <boost/json/object.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace cockpit::schedules {

/// A sentence about the first member that is none of these.
inline std::optional<std::string> unknown_field(const boost::json::object& request,
                                                std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : request) {
        if (std::ranges::find(known, std::string_view(name)) != known.end()) continue;
        std::string names;
        for (const auto one : known)
            names += (names.empty() ? "" : ", ") + std::string(one);
        return "'" + std::string(name).substr(0, 64) + "' is no field of it; there are " + names;
    }
    return std::nullopt;
}

}  // namespace cockpit::schedules

#include "server/http/router.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "server/http/target.hpp"

namespace cockpit::http {
namespace {

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> parts;
    path.remove_prefix(1);  // the leading slash
    for (;;) {
        const auto slash = path.find('/');
        parts.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return parts;
        path.remove_prefix(slash + 1);
    }
}

[[noreturn]] void refuse(std::string_view pattern, std::string_view why) {
    throw std::invalid_argument("route '" + std::string(pattern) + "': " + std::string(why));
}

}  // namespace

bool Router::same_shape(const Route& a, const Route& b) {
    return std::ranges::equal(a.segments, b.segments, [](const Segment& x, const Segment& y) {
        return x.is_parameter == y.is_parameter && (x.is_parameter || x.text == y.text);
    });
}

bool Router::is_more_specific(const Route& a, const Route& b) {
    for (std::size_t i = 0; i < a.segments.size(); ++i) {
        if (a.segments[i].is_parameter != b.segments[i].is_parameter) {
            return !a.segments[i].is_parameter;
        }
    }
    return false;
}

bool Router::accepts(const Route& route, const std::vector<std::string>& segments) {
    return std::ranges::equal(
        route.segments, segments, [](const Segment& expected, const std::string& actual) {
            return expected.is_parameter ? !actual.empty() : expected.text == actual;
        });
}

std::size_t Router::add(std::string_view method, std::string_view pattern) {
    if (!pattern.starts_with('/')) refuse(pattern, "it must begin with /");
    Route route{.method = std::string(method)};
    std::set<std::string_view> names;
    for (const auto part : split(pattern)) {
        const bool is_parameter = part.starts_with('{') && part.ends_with('}') && part.size() > 2;
        const auto text = is_parameter ? part.substr(1, part.size() - 2) : part;
        if (text.find_first_of("{}") != std::string_view::npos) {
            refuse(pattern, "a parameter is a whole segment such as {name}");
        }
        if (is_parameter && !names.insert(text).second) {
            refuse(pattern, "two parameters have the same name");
        }
        route.segments.push_back({std::string(text), is_parameter});
    }
    for (const auto& other : routes_) {
        if (other.method == route.method && same_shape(other, route)) {
            refuse(pattern, "there is already a route of this method and shape");
        }
    }
    routes_.push_back(std::move(route));
    return routes_.size() - 1;
}

std::string Router::methods_for(const std::vector<std::string>& segments) const {
    std::set<std::string_view> methods;
    for (const auto& route : routes_) {
        if (!accepts(route, segments)) continue;
        methods.insert(route.method);
        if (route.method == "GET") methods.insert("HEAD");
    }
    std::string list;
    for (const auto method : methods) {
        if (!list.empty()) list += ", ";
        list += method;
    }
    return list;
}

std::expected<Match, RouteFailure> Router::match(std::string_view method,
                                                 std::string_view raw_path) const {
    if (!raw_path.starts_with('/')) {
        return std::unexpected(RouteFailure{400, "the path must begin with /", ""});
    }
    std::vector<std::string> segments;
    for (const auto part : split(raw_path)) {
        auto decoded = percent_decode(part);
        if (!decoded) {
            return std::unexpected(RouteFailure{400, "in the path: " + decoded.error(), ""});
        }
        segments.push_back(*std::move(decoded));
    }

    const auto find = [&](std::string_view wanted) -> const Route* {
        const Route* best = nullptr;
        for (const auto& route : routes_) {
            if (route.method != wanted || !accepts(route, segments)) continue;
            if (best == nullptr || is_more_specific(route, *best)) best = &route;
        }
        return best;
    };
    const Route* found = find(method);
    if (found == nullptr && method == "HEAD") found = find("GET");
    if (found == nullptr) {
        auto allow = methods_for(segments);
        if (allow.empty()) {
            return std::unexpected(
                RouteFailure{404, "there is nothing at " + std::string(raw_path), ""});
        }
        std::string detail =
            "the method " + std::string(method) + " is not allowed here, but: " + allow;
        return std::unexpected(RouteFailure{405, std::move(detail), std::move(allow)});
    }
    Match match{.route = static_cast<std::size_t>(found - routes_.data())};
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const auto& expected = found->segments[i];
        if (expected.is_parameter) match.parameters[expected.text] = std::move(segments[i]);
    }
    return match;
}

}  // namespace cockpit::http

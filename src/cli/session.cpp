#include "cli/session.hpp"

#include <boost/json/serialize.hpp>
#include <iostream>

namespace cockpit::cli {
namespace json = boost::json;

void Session::print(const std::vector<Column>& columns, const json::array& rows) const {
    std::cout << formatted(format, columns, rows);
}

void Session::print(const json::object& one) const {
    if (format != Format::table) {
        std::cout << json::serialize(one) << '\n';
        return;
    }
    std::size_t widest = 0;
    for (const auto& [name, value] : one)
        widest = std::max(widest, name.size());
    for (const auto& [name, value] : one)
        std::cout << std::string(name) << std::string(widest - name.size() + 2, ' ') << cell(value)
                  << '\n';
}

std::string text_at(const json::object& object, std::string_view member) {
    const auto* value = object.if_contains(member);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::int64_t number_at(const json::object& object, std::string_view member) {
    const auto* value = object.if_contains(member);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

const json::array& list_at(const json::object& object, std::string_view member) {
    static const json::array nothing;
    const auto* value = object.if_contains(member);
    return value != nullptr && value->is_array() ? value->get_array() : nothing;
}

}  // namespace cockpit::cli

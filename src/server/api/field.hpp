#pragma once
// One input of an endpoint, as its description declares it: what is checked, what the error says
// and what the API's document tells come from the same place. Pure.

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cockpit::api {

struct Field {
    enum class Type {
        text,
        integer,
        number,
        boolean,
        object,
        text_list,
        object_list,
        amount,  ///< of hosts: a number, or a share of all as text
    };

    std::string name;
    Type type = Type::text;
    bool required = false;
    std::string description;
    std::optional<std::int64_t> min;  ///< of integers and numbers
    std::optional<std::int64_t> max;
    std::size_t min_length = 0;  ///< bytes of text; entries of a list
    std::size_t max_length = 4096;
};

/// The fields that are given; null counts as not given, as the original's callers send it. The
/// error names the first wrong field: unknown, missing, of the wrong type, out of range, too long.
std::expected<boost::json::object, std::string> check_fields(std::span<const Field> fields,
                                                             const boost::json::object& given);

/// The same for a query, whose values are all text: numbers and booleans are read from it. A name
/// may be given once.
std::expected<boost::json::object, std::string> check_query(
    std::span<const Field> fields, const std::vector<std::pair<std::string, std::string>>& given);

/// Reading what was checked. The field must be of that type where it is there.
std::optional<std::string> text_of(const boost::json::object& checked, std::string_view name);
std::optional<std::int64_t> integer_of(const boost::json::object& checked, std::string_view name);
std::optional<double> number_of(const boost::json::object& checked, std::string_view name);
std::optional<bool> boolean_of(const boost::json::object& checked, std::string_view name);
std::optional<std::vector<std::string>> list_of(const boost::json::object& checked,
                                                std::string_view name);

}  // namespace cockpit::api

#pragma once
// What answers look like, as the API's document tells it; clients make their types of it. Pure.
//
// A type is a word: text, integer, number, boolean, object (of any members), any, or the name of a
// shape. After it may stand [] (a list of such), {} (an object whose members are all such, by
// names that nobody knows before) and, last, ? (or null).

#include <boost/json/object.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace cockpit::api {

struct Member {
    std::string_view name;  ///< with ? at its end: not always there
    std::string_view type;
};

/// Texts live as long as the program.
struct Shape {
    std::string_view name;
    std::vector<Member> members;
    std::vector<std::string_view> words;  ///< instead of members: it is text, one of these
};

/// All there are, each name once.
std::span<const Shape> shapes();

/// JSON Schema (draft 2020-12, as OpenAPI 3.1 has it). Throws std::invalid_argument for a type that
/// is not written as above, or names a shape that is not there.
boost::json::object schema_of_type(std::string_view type);
boost::json::object schema_of_shape(const Shape& shape);

}  // namespace cockpit::api

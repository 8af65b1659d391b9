#include "server/store/text_list.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "server/store/column_values.hpp"

namespace cockpit::store {
namespace json = boost::json;

std::string list_text(const std::vector<std::string>& list) {
    json::array array;
    for (const auto& text : list)
        array.emplace_back(storable_text(text));
    return json::serialize(array);
}

std::vector<std::string> list_of_text(std::string_view text) {
    json::error_code failed;
    const auto value = json::parse(text, failed);
    std::vector<std::string> list;
    bool sound = !failed && value.is_array();
    if (sound) {
        for (const auto& one : value.get_array()) {
            sound = sound && one.is_string();
            if (sound) list.emplace_back(one.get_string());
        }
    }
    if (!sound) {
        throw DatabaseError(DatabaseError::Kind::refused,
                            "a column that must be a JSON list of texts is none");
    }
    return list;
}

}  // namespace cockpit::store

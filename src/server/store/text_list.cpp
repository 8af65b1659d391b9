#include "server/store/text_list.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
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

std::string names_text(const std::map<std::string, std::string>& texts) {
    json::object object;
    for (const auto& [name, text] : texts)
        object[storable_text(name)] = storable_text(text);
    return json::serialize(object);
}

std::map<std::string, std::string> names_of_text(std::string_view text) {
    std::map<std::string, std::string> texts;
    if (text.empty()) return texts;
    json::error_code failed;
    const auto value = json::parse(text, failed);
    bool sound = !failed && value.is_object();
    if (sound) {
        for (const auto& [name, one] : value.get_object()) {
            sound = sound && one.is_string();
            if (sound) texts[std::string(name)] = std::string(one.get_string());
        }
    }
    if (!sound) {
        throw DatabaseError(DatabaseError::Kind::refused,
                            "a column that must be a JSON object of texts is none");
    }
    return texts;
}

}  // namespace cockpit::store

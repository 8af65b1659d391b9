#pragma once
// A list of texts in one column, as a JSON array; texts by name, as a JSON object.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cockpit::store {

std::string list_text(const std::vector<std::string>& list);
/// Throws DatabaseError (refused) for what is no JSON list of texts, rather than read part of it.
std::vector<std::string> list_of_text(std::string_view text);

std::string names_text(const std::map<std::string, std::string>& texts);
/// As list_of_text(). An empty column has none.
std::map<std::string, std::string> names_of_text(std::string_view text);

}  // namespace cockpit::store

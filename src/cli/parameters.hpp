#pragma once
// A command's parameters as written in a terminal: name=value. Pure.

#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace cockpit::cli {

/// What is JSON in itself (a number, true, false, null, a list, an object, a quoted text) is that,
/// everything else is text. `schema` is what the host says of the command, or empty; what it calls
/// a string is text whatever it looks like. Throws Failure for words that are no name=value.
boost::json::object parameters_of(const std::vector<std::string>& words,
                                  const boost::json::object& schema);

}  // namespace cockpit::cli

#pragma once
// What somebody may have meant who mistyped a name. Pure.

#include <functional>
#include <string>
#include <string_view>

namespace cockpit::targets {

/// Hands each name there is to its argument.
using NameSource = std::function<void(const std::function<void(std::string_view)>&)>;

/// "; did you mean 'web-1' or 'web-2'?" with the nearest names, the first three of them; empty when
/// none is near: two typing errors, and no more than one for three characters.
std::string did_you_mean(std::string_view wrong, const NameSource& names);

}  // namespace cockpit::targets

#pragma once
// Named places at which a test lets the program die, as if its power went (docs/journal.md). Built
// in only with COCKPIT_FAULT_POINTS (CMake); a shipped program has none.

#include <string_view>

namespace cockpit::runtime {

/// Ends this process by SIGKILL when the environment says COCKPIT_FAULT_POINT=<name>, or
/// <name>:<n> and this is the n-th time that this place is reached. One thread.
void fault_point(std::string_view name);

}  // namespace cockpit::runtime

#pragma once
// The output of a host with all that differs between hosts that did the same: its name, numbers,
// ids, times, addresses, durations. Pure, linear in the text.

#include <span>
#include <string>
#include <string_view>

namespace cockpit::runs {

/// What stands in the place of something: <host>, <time>, <duration>, <ip>, and # for numbers,
/// sizes and hexadecimal ids. Runs of spaces become one, as do runs of + - = *, which are drawn as
/// long as some number is large. `names`: what the host may call itself, whatever case.
std::string masked(std::string_view output, std::span<const std::string> names);

}  // namespace cockpit::runs

#pragma once
// What a target's id or a label's value is compared with: a text as it stands, or a glob. Pure.
//
// A glob: * stands for any characters, also none; ? for exactly one; [a-f3] for one of a class,
// [!a-f3] for one outside of it. Characters are Unicode code points; members of a class are ASCII.
// The case of letters counts.

#include <expected>
#include <string>
#include <string_view>

namespace cockpit::targets {

struct Pattern {
    std::string text;
    bool is_glob = false;  ///< false: `text` means itself, whatever characters it has

    bool matches(std::string_view candidate) const;
    bool operator==(const Pattern&) const = default;
};

struct ClassFault {
    std::size_t at;  ///< offset into the text that was given
    std::string sentence;
};

/// Where the class that begins at text[at] == '[' ends: the offset after its ']'.
std::expected<std::size_t, ClassFault> end_of_class(std::string_view text, std::size_t at);

/// `pattern` must have passed end_of_class for each of its classes. Takes at most the time of
/// the product of both lengths.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace cockpit::targets

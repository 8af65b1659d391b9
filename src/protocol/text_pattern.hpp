#pragma once
// Patterns of text parameters: POSIX extended regular expressions (IEEE 1003.1, 9.4) that must
// match the whole text, byte by byte. Both ends match with this code. A pattern may come from a
// host that the server does not trust, so what could cost much is refused before it is compiled:
// back references, extensions of one libc, and repetitions that multiply beyond a bound.

#include <expected>
#include <string>
#include <string_view>

namespace cockpit::protocol {

inline constexpr std::size_t longest_pattern = 512;        ///< bytes
inline constexpr std::size_t longest_matched_text = 4096;  ///< bytes, of a text that has a pattern

/// The error is a sentence: what is wrong with the pattern and what would be right.
std::expected<void, std::string> check_pattern(std::string_view pattern);

/// Whether all of `text` matches. False for a pattern that check_pattern refuses, and for text that
/// is longer than longest_matched_text or contains NUL.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace cockpit::protocol

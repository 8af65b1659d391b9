#pragma once
// Which characters may stand where without quotes: known to the parser and to what prints.

#include <string_view>

namespace cockpit::targets {

inline bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Of an id and of a group's name.
inline bool is_name_character(char c) {
    return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
}

inline bool is_label_name_character(char c) {
    return is_name_character(c) || c == '/';
}

/// Of any word; every byte of what is not ASCII is one.
inline bool is_bare(char c) {
    return is_name_character(c) || std::string_view("/:@+~%").contains(c) ||
           static_cast<unsigned char>(c) >= 0x80;
}

inline bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace cockpit::targets

#include "protocol/ids.hpp"

#include <algorithm>

namespace cockpit::protocol {
namespace {

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_lower_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

}  // namespace

std::expected<AgentId, std::string> AgentId::parse(std::string_view text) {
    const bool right = !text.empty() && text.size() <= 255 && is_letter_or_digit(text.front()) &&
                       std::ranges::all_of(text, [](char c) {
                           return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
                       });
    if (!right) {
        return std::unexpected(
            "an agent id has 1 to 255 letters, digits, dots, underscores and hyphens, and starts "
            "with a letter or a digit");
    }
    return AgentId(std::string(text));
}

std::expected<CommandId, std::string> CommandId::parse(std::string_view text) {
    bool right = text.size() == 36;
    for (std::size_t i = 0; right && i < text.size(); ++i) {
        const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        right = hyphen ? text[i] == '-' : is_lower_hex(text[i]);
    }
    if (!right) {
        return std::unexpected(
            "a command id is a UUID in lower case, such as 9b2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c55");
    }
    return CommandId(std::string(text));
}

CommandId CommandId::from_random_bytes(const unsigned char (&bytes)[16]) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (int i = 0; i < 16; ++i) {
        unsigned char byte = bytes[i];
        if (i == 6) byte = static_cast<unsigned char>((byte & 0x0f) | 0x40);
        if (i == 8) byte = static_cast<unsigned char>((byte & 0x3f) | 0x80);
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return CommandId(std::move(text));
}

}  // namespace cockpit::protocol

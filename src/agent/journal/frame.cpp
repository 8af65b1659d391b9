#include "agent/journal/frame.hpp"

#include <array>

namespace cockpit::journal {
namespace {

constexpr std::size_t head_bytes = 8;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t remainder = i;
        for (int bit = 0; bit < 8; ++bit) {
            remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0x82f63b78u : 0u);
        }
        table[i] = remainder;
    }
    return table;
}

void append_u32(std::string& out, std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8)
        out += static_cast<char>(number >> shift & 0xff);
}

std::uint32_t read_u32(std::string_view bytes) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        number |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return number;
}

// The length is covered too, or a wrong one could point at a frame inside a frame.
std::uint32_t checksum(std::string_view length_bytes, std::string_view payload) {
    std::string covered(length_bytes);
    covered += payload;
    return crc32c(covered);
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
    static constexpr auto table = make_table();
    std::uint32_t remainder = 0xffffffffu;
    for (const char c : bytes) {
        remainder = (remainder >> 8) ^ table[(remainder ^ static_cast<unsigned char>(c)) & 0xff];
    }
    return ~remainder;
}

void append_frame(std::string& out, std::string_view payload) {
    std::string length;
    append_u32(length, static_cast<std::uint32_t>(payload.size()));
    out += length;
    append_u32(out, checksum(length, payload));
    out += payload;
}

FramesRead read_frames(std::string_view bytes) {
    FramesRead read;
    std::size_t damaged_since_good = 0;
    for (std::size_t at = 0; bytes.size() - at >= head_bytes;) {
        const auto length = read_u32(bytes.substr(at));
        if (length == 0 || length > max_payload_bytes || length > bytes.size() - at - head_bytes) {
            break;
        }
        const auto payload = bytes.substr(at + head_bytes, length);
        const bool whole = checksum(bytes.substr(at, 4), payload) == read_u32(bytes.substr(at + 4));
        at += head_bytes + length;
        if (!whole) {
            ++damaged_since_good;
            continue;
        }
        read.payloads.push_back(payload);
        read.good_bytes = at;
        read.damaged += std::exchange(damaged_since_good, 0);
    }
    return read;
}

}  // namespace cockpit::journal

#include "server/notify/address_rules.hpp"

#include <algorithm>

namespace cockpit::notify {
namespace {

Ipv4 ipv4_at(const Ipv6& address, std::size_t offset) {
    return {address[offset], address[offset + 1], address[offset + 2], address[offset + 3]};
}

bool zero(const Ipv6& address, std::size_t first, std::size_t last) {
    return std::all_of(address.begin() + static_cast<std::ptrdiff_t>(first),
                       address.begin() + static_cast<std::ptrdiff_t>(last),
                       [](unsigned char byte) { return byte == 0; });
}

}  // namespace

std::optional<std::string> refused_because(const Ipv4& address) {
    // The whole of 0.0.0.0/8 reaches this very host on Linux, or nothing.
    if (address[0] == 0) return "an unspecified address";
    if (address[0] == 127) return "a loopback address";
    if (address[0] == 169 && address[1] == 254) return "a link-local address";
    if (address[0] >= 224 && address[0] <= 239) return "a multicast address";
    if (address[0] >= 240) return "a broadcast or reserved address";
    return std::nullopt;
}

std::optional<std::string> refused_because(const Ipv6& address) {
    if (zero(address, 0, 16)) return "an unspecified address";
    if (zero(address, 0, 15) && address[15] == 1) return "a loopback address";
    if (address[0] == 0xff) return "a multicast address";
    if (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) return "a link-local address";
    // Site-local, deprecated by RFC 3879; nothing of today stands there.
    if (address[0] == 0xfe && (address[1] & 0xc0) == 0xc0) return "a site-local address";
    const bool mapped = zero(address, 0, 10) && address[10] == 0xff && address[11] == 0xff;
    const bool compatible = zero(address, 0, 12);
    const bool translated = zero(address, 0, 8) && address[8] == 0xff && address[9] == 0xff &&
                            address[10] == 0 && address[11] == 0;
    const bool nat64 = address[0] == 0 && address[1] == 0x64 && address[2] == 0xff &&
                       address[3] == 0x9b && (address[4] == 0 && address[5] <= 1);
    if (mapped || compatible || translated || nat64) return refused_because(ipv4_at(address, 12));
    const bool six_to_four = address[0] == 0x20 && address[1] == 0x02;
    if (six_to_four) return refused_because(ipv4_at(address, 2));
    return std::nullopt;
}

}  // namespace cockpit::notify

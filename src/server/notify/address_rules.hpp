#pragma once
// Which addresses a notification may be sent to. Judged is the address that is about to be
// connected to, never a name: a name may mean something else a moment later (DNS rebinding).
//
// Sources: the IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890).

#include <array>
#include <optional>
#include <string>

namespace cockpit::notify {

using Ipv4 = std::array<unsigned char, 4>;   ///< in network order
using Ipv6 = std::array<unsigned char, 16>;  ///< in network order

/// Why it is refused, as words ("a loopback address"); nothing for an address that may be used.
/// Refused: loopback, link-local (clouds keep their metadata there), unspecified, multicast,
/// broadcast and reserved ones. Private ranges are not: receivers stand there.
std::optional<std::string> refused_because(const Ipv4& address);
/// An IPv4 address inside one of IPv6 (mapped, compatible, NAT64, 6to4) is judged as such.
std::optional<std::string> refused_because(const Ipv6& address);

}  // namespace cockpit::notify

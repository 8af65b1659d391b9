#include "agent/spool/extent.hpp"

#include <algorithm>

namespace cockpit::spool {
namespace {

struct Range {
    std::uint64_t from;
    std::uint64_t until;
    bool holds(std::uint64_t offset) const { return from <= offset && offset < until; }
};

Range overwritten(const Extent& extent, const Limits& limits) {
    const auto end = std::max(extent.total, extent.announced);
    const auto first_kept = end > limits.tail ? end - limits.tail : 0;
    return {limits.head, std::max(limits.head, first_kept)};
}

Range lost(const Extent& extent) {
    return {extent.lost_from, extent.lost_until};
}

void put(std::string& out, std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8)
        out += static_cast<char>(number >> shift & 0xff);
}

std::uint64_t get(std::string_view bytes, std::size_t field) {
    std::uint64_t number = 0;
    for (std::size_t i = 8; i > 0; --i)
        number = number << 8 | static_cast<unsigned char>(bytes[field * 8 + i - 1]);
    return number;
}

// FNV-1a: it has to tell a half-written record from a whole one, no more.
std::uint64_t checksum(std::string_view bytes) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : bytes)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

}  // namespace

std::uint64_t Extent::next_kept(const Limits& limits, std::uint64_t offset) const {
    const Range gone[] = {overwritten(*this, limits), lost(*this)};
    // The ranges may touch, so leaving one may lead into the other.
    for (bool moved = true; moved && offset < total;) {
        moved = false;
        for (const auto& range : gone) {
            if (!range.holds(offset)) continue;
            offset = range.until;
            moved = true;
        }
    }
    return std::min(offset, total);
}

std::uint64_t Extent::kept_until(const Limits& limits, std::uint64_t offset) const {
    auto end = total;
    for (const auto& range : {overwritten(*this, limits), lost(*this)}) {
        if (range.from >= offset && range.from < range.until) end = std::min(end, range.from);
    }
    return end;
}

std::string encode(const Extent& extent) {
    std::string out;
    out.reserve(extent_size);
    put(out, extent.total);
    put(out, extent.announced);
    put(out, extent.lost_from);
    put(out, extent.lost_until);
    put(out, extent.ended ? 1 : 0);
    put(out, checksum(out));
    return out;
}

std::optional<Extent> decode_extent(std::string_view bytes) {
    if (bytes.size() != extent_size || get(bytes, 5) != checksum(bytes.substr(0, 40))) {
        return std::nullopt;
    }
    return Extent{get(bytes, 0), get(bytes, 1), get(bytes, 2), get(bytes, 3), get(bytes, 4) == 1};
}

}  // namespace cockpit::spool

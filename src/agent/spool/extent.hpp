#pragma once
// Which bytes of a command's output a spool holds, and where (docs/spool.md). Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cockpit::spool {

inline constexpr std::uint64_t nowhere = UINT64_MAX;

/// What is kept of an output that grows beyond it: its beginning and its end, in bytes.
struct Limits {
    std::uint64_t head = 0;
    std::uint64_t tail = 1;  ///< at least 1
    bool operator==(const Limits&) const = default;

    std::uint64_t capacity() const { return head + tail; }
    /// Where in the file the byte at `offset` stands.
    std::uint64_t position_of(std::uint64_t offset) const {
        return offset < head ? offset : head + (offset - head) % tail;
    }
    /// How many bytes from `offset` on stand side by side in the file.
    std::uint64_t side_by_side(std::uint64_t offset) const {
        return offset < head ? head - offset : tail - (offset - head) % tail;
    }
};

/// The file `length`.
struct Extent {
    std::uint64_t total = 0;             ///< bytes written by the command so far
    std::uint64_t announced = 0;         ///< up to there the writer may be overwriting just now
    std::uint64_t lost_from = nowhere;   ///< [lost_from, lost_until) could not be written;
    std::uint64_t lost_until = nowhere;  ///< nowhere: nothing from lost_from on was
    bool ended = false;                  ///< nothing will be added, and all of it was synced
    bool operator==(const Extent&) const = default;

    /// The first offset at or after `offset` whose byte is kept, or `total`.
    std::uint64_t next_kept(const Limits& limits, std::uint64_t offset) const;
    /// For an offset whose byte is kept: where the kept bytes after it end.
    std::uint64_t kept_until(const Limits& limits, std::uint64_t offset) const;
};

std::string encode(const Extent& extent);
/// Nothing when the bytes are no extent: a reader that came between two halves of a write.
std::optional<Extent> decode_extent(std::string_view bytes);
inline constexpr std::size_t extent_size = 48;

}  // namespace cockpit::spool

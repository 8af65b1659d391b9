#pragma once
// Reads a spool, also while its writer goes on, in another process. Blocks; one thread at a time.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "agent/spool/extent.hpp"
#include "agent/spool/files.hpp"

namespace cockpit::spool {

/// Bytes of an output.
struct Piece {
    std::uint64_t offset = 0;  ///< of the first byte
    std::string bytes;
    std::uint64_t missing_before = 0;  ///< so many bytes between what was asked for and `offset`
                                       ///< are not kept
    std::uint64_t end() const { return offset + bytes.size(); }
};

class Reader {
  public:
    /// `boot_id` (current_boot_id()): a spool of another boot that was not finished is not trusted:
    /// all of its bytes count as lost. The error is a sentence, also when there is no spool.
    static OnDisk<Reader> open(const std::filesystem::path& directory, std::string_view boot_id);

    /// What there is now.
    OnDisk<Extent> extent() const;
    /// How many bytes were written so far; 0 when it cannot be read.
    std::uint64_t total() const;
    const Limits& limits() const { return limits_; }

    /// At most `max` bytes from `offset` on, or from the next byte that is kept. No bytes: at the
    /// end of what was written, or the writer is faster than the disk is read; missing_before is
    /// right then, too.
    OnDisk<Piece> read(std::uint64_t offset, std::size_t max) const;

    /// At most `limit` bytes: all of it, or the beginning, "\n[... N bytes are missing here
    /// ...]\n", the end. Bytes as they came.
    OnDisk<std::string> text(std::size_t limit) const;

    /// SHA-256 of all bytes, 64 lower-case hex digits; nothing when some are not kept. Reads all.
    OnDisk<std::optional<std::string>> sha256_hex() const;

  private:
    Reader(OpenFile output, OpenFile length, Limits limits, bool trusted)
        : output_(std::move(output)),
          length_(std::move(length)),
          limits_(limits),
          of_this_boot_(trusted) {}
    OnDisk<std::string> bytes_between(std::uint64_t start, std::uint64_t end) const;

    OpenFile output_;
    OpenFile length_;
    Limits limits_;
    bool of_this_boot_;
};

}  // namespace cockpit::spool

#pragma once
// The bytes of the journal: a sequence of frames, each a length, a checksum and that many bytes
// (docs/journal.md). Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cockpit::journal {

/// The first bytes of a journal file; the last one is the version of the format.
inline constexpr std::string_view file_header("CKPTJNL\1", 8);
/// Frames that claim more are damage. Larger than any body the agent takes, with the JSON around
/// it.
inline constexpr std::size_t max_payload_bytes = 16u << 20;

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4).
std::uint32_t crc32c(std::string_view bytes);

void append_frame(std::string& out, std::string_view payload);

struct FramesRead {
    std::vector<std::string_view> payloads;  ///< into the bytes given
    std::size_t good_bytes = 0;  ///< up to the end of the last whole frame; the rest is a torn tail
    std::size_t damaged = 0;     ///< frames before that whose checksum is wrong; they are left out
};
/// `bytes` without the file header. Never fails: what is no frame ends the reading or is counted.
FramesRead read_frames(std::string_view bytes);

}  // namespace cockpit::journal

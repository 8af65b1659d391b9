#include "agent/spool/reader.hpp"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "agent/spool/layout.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace cockpit::spool {
namespace {

// A writer may be half-way through the record, or overtake a slow reader; not so often in a row.
constexpr int tries = 8;
constexpr std::size_t stretch = 64 * 1024;

std::string mark(std::uint64_t missing) {
    return "\n[... " + std::to_string(missing) + " bytes are missing here ...]\n";
}

}  // namespace

OnDisk<Reader> Reader::open(const std::filesystem::path& directory, std::string_view boot_id) {
    const auto text = read_file(directory / "limits");
    if (!text) return std::unexpected(text.error());
    const auto making = decode_making(*text);
    if (!making) {
        return std::unexpected("'" + (directory / "limits").string() +
                               "' is damaged: it must be two numbers and an id");
    }
    auto output = OpenFile::open(directory / "output", O_RDONLY);
    if (!output) return std::unexpected(output.error());
    auto length = OpenFile::open(directory / "length", O_RDONLY);
    if (!length) return std::unexpected(length.error());
    return Reader(*std::move(output), *std::move(length), making->limits,
                  making->boot_id == boot_id);
}

OnDisk<Extent> Reader::extent() const {
    for (int i = 0; i < tries; ++i) {
        const auto bytes = length_.read_at(0, extent_size);
        if (!bytes) return std::unexpected(bytes.error());
        if (bytes->empty()) return Extent{};  // its writer is about to begin
        auto extent = decode_extent(*bytes);
        if (!extent) continue;
        if (!of_this_boot_ && !extent->ended) {
            extent->lost_from = 0;
            extent->lost_until = nowhere;
        }
        return *extent;
    }
    return std::unexpected("the spool's file 'length' is damaged");
}

std::uint64_t Reader::total() const {
    const auto now = extent();
    return now ? now->total : 0;
}

OnDisk<std::string> Reader::bytes_between(std::uint64_t start, std::uint64_t end) const {
    std::string bytes;
    while (start + bytes.size() < end) {
        const auto at = start + bytes.size();
        const auto count = std::min(end - at, limits_.side_by_side(at));
        const auto some = output_.read_at(limits_.position_of(at), count);
        if (!some) return std::unexpected(some.error());
        if (some->size() < count) {
            return std::unexpected("the spool's file 'output' is shorter than it must be");
        }
        bytes += *some;
    }
    return bytes;
}

OnDisk<Piece> Reader::read(std::uint64_t offset, std::size_t max) const {
    auto from = offset;
    for (int i = 0; i < tries; ++i) {
        const auto before = extent();
        if (!before) return std::unexpected(before.error());
        const auto start = before->next_kept(limits_, from);
        const auto end = std::min(before->kept_until(limits_, start), start + std::uint64_t{max});
        if (start >= end) return Piece{std::max(start, from), "", std::max(start, from) - offset};
        auto bytes = bytes_between(start, end);
        if (!bytes) return std::unexpected(bytes.error());
        // What was overwritten meanwhile is not what it was taken for.
        const auto after = extent();
        if (!after) return std::unexpected(after.error());
        const auto kept = after->next_kept(limits_, start);
        if (kept < end) return Piece{kept, bytes->substr(kept - start), kept - offset};
        from = kept;
    }
    return Piece{from, "", from - offset};
}

OnDisk<std::string> Reader::text(std::size_t limit) const {
    const auto now = extent();
    if (!now) return std::unexpected(now.error());
    const auto total = now->total;
    const bool all = total <= limit;
    const std::uint64_t head_end = all ? total : limit / 2;
    const std::uint64_t tail_start = all ? total : total - (limit - limit / 2);
    std::string text;
    std::uint64_t missing = 0;
    std::uint64_t at = 0;
    const auto take_until = [&](std::uint64_t end) -> OnDisk<void> {
        while (at < end) {
            auto piece = read(at, std::min<std::uint64_t>(stretch, end - at));
            if (!piece) return std::unexpected(piece.error());
            if (piece->bytes.empty() && piece->missing_before == 0) break;
            const auto start = std::min(piece->offset, end);
            missing += start - at;
            at = start;
            if (piece->offset >= end) continue;
            const auto bytes = std::string_view(piece->bytes).substr(0, end - at);
            if (bytes.empty()) continue;
            if (missing > 0) text += mark(std::exchange(missing, 0));
            text += bytes;
            at += bytes.size();
        }
        return {};
    };
    if (auto taken = take_until(head_end); !taken) return std::unexpected(taken.error());
    missing += tail_start - head_end;
    at = tail_start;
    if (auto taken = take_until(total); !taken) return std::unexpected(taken.error());
    if (missing > 0) text += mark(missing);
    return text;
}

OnDisk<std::optional<std::string>> Reader::sha256_hex() const {
    const auto end = total();
    crypto::Sha256 hash;
    for (std::uint64_t at = 0; at < end;) {
        const auto piece = read(at, std::min<std::uint64_t>(stretch, end - at));
        if (!piece) return std::unexpected(piece.error());
        if (piece->missing_before > 0 || piece->bytes.empty()) return std::nullopt;
        hash.add(piece->bytes);
        at = piece->end();
    }
    return crypto::to_hex(hash.digest());
}

}  // namespace cockpit::spool

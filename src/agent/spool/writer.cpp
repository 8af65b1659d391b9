#include "agent/spool/writer.hpp"

#include <fcntl.h>

#include <algorithm>

#include "agent/spool/layout.hpp"
#include "crypto/encoding.hpp"

namespace cockpit::spool {
namespace {

// While bytes are overwritten, readers see so much less of the tail.
std::size_t step(const Limits& limits) {
    return std::clamp<std::uint64_t>(limits.tail / 4, 1, 64 * 1024);
}

}  // namespace

OnDisk<Writer> Writer::create(const std::filesystem::path& directory, Limits limits,
                              std::string_view boot_id) {
    if (limits.tail == 0) return std::unexpected("a spool keeps at least one byte of the end");
    // An old `length` must never stand beside new bytes.
    auto length = OpenFile::open(directory / "length", O_RDWR | O_CREAT | O_TRUNC);
    if (!length) return std::unexpected(length.error());
    auto output = OpenFile::open(directory / "output", O_RDWR | O_CREAT | O_TRUNC);
    if (!output) return std::unexpected(output.error());
    Writer writer(*std::move(output), *std::move(length), limits);
    // Its block is taken now, so that the loss of bytes can be told on a full disk.
    if (auto published = writer.publish(); !published) return std::unexpected(published.error());
    const Making making{limits, std::string(boot_id)};
    if (auto made = replace_file(directory / "limits", encode(making)); !made) {
        return std::unexpected(made.error());
    }
    return writer;
}

OnDisk<void> Writer::publish() const {
    return length_.write_at(0, encode(extent_));
}

OnDisk<void> Writer::append(std::string_view bytes) {
    hash_.add(bytes);
    OnDisk<void> result;
    while (!bytes.empty()) {
        const auto now = bytes.substr(0, step(limits_));
        if (auto kept = keep(now); !kept) result = std::move(kept);
        bytes.remove_prefix(now.size());
    }
    return result;
}

OnDisk<void> Writer::keep(std::string_view bytes) {
    const auto start = extent_.total;
    const auto end = start + bytes.size();
    OnDisk<void> result;
    if (end > limits_.capacity()) {
        extent_.announced = end;
        // Unannounced, a reader could take the new bytes for old ones.
        result = publish();
    }
    auto offset = start;
    while (result && offset < end) {
        const auto count = std::min(end - offset, limits_.side_by_side(offset));
        result = output_.write_at(limits_.position_of(offset), bytes.substr(offset - start, count));
        offset += count;
    }
    if (result) {
        // They are kept again after some were lost. What was lost is one range, for a reader to
        // have one hole: it ends here.
        if (extent_.lost_until == nowhere && extent_.lost_from != nowhere) {
            extent_.lost_until = start;
        }
    } else {
        extent_.lost_from = std::min(extent_.lost_from, start);
        extent_.lost_until = nowhere;
    }
    extent_.total = end;
    auto published = publish();
    return result ? published : result;
}

OnDisk<void> Writer::finish() {
    if (auto synced = output_.sync(); !synced) return synced;
    extent_.ended = true;
    if (auto published = publish(); !published) return published;
    return length_.sync();
}

std::string Writer::sha256_hex() const {
    return crypto::to_hex(hash_.digest());
}

bool Writer::all_kept() const {
    return extent_.total <= limits_.capacity() && extent_.lost_from == nowhere;
}

}  // namespace cockpit::spool

#include "agent/journal/journal_file.hpp"

#include "agent/journal/frame.hpp"
#include "agent/journal/record.hpp"

namespace cockpit::journal {
namespace {

constexpr std::uint64_t large_bytes = 1 << 20;
constexpr std::uint64_t retry_bytes = 1 << 18;  // grown by this, a failed compaction is tried again

struct Read {
    executor::JournalContents contents;
    std::size_t good_bytes = 0;
    std::size_t damaged = 0;
};

Read read_all(std::string_view bytes) {
    const auto frames = read_frames(bytes.substr(file_header.size()));
    Read read{.good_bytes = file_header.size() + frames.good_bytes, .damaged = frames.damaged};
    Fold fold;
    for (const auto payload : frames.payloads) {
        if (auto record = decode_record(payload)) {
            fold.add(*std::move(record));
        } else {
            ++read.damaged;
        }
    }
    read.contents = fold.take();
    return read;
}

}  // namespace

OnDisk<JournalFile::Opened> JournalFile::open(Disk& disk, std::filesystem::path path,
                                              std::int64_t now_ms) {
    const auto bytes = disk.read(path);
    if (!bytes) return std::unexpected(bytes.error());
    Opened opened{.file = std::unique_ptr<JournalFile>(new JournalFile(disk, path))};
    // A file shorter than its header is one whose making was cut short: it never held a record.
    if (bytes->size() >= file_header.size()) {
        const auto version_at = file_header.size() - 1;
        if (bytes->compare(0, version_at, file_header, 0, version_at) != 0) {
            return std::unexpected("'" + path.string() +
                                   "' is not a journal of this agent: move it away, or set "
                                   "COCKPIT_STATE_DIR to a directory of its own");
        }
        if ((*bytes)[version_at] != file_header.back()) {
            return std::unexpected(
                "'" + path.string() +
                "' was written by another version of the agent, in a format this "
                "one cannot read: run that version, or move the file away and "
                "accept that repeats of old commands are not recognised");
        }
        auto read = read_all(*bytes);
        opened.torn_bytes = bytes->size() - read.good_bytes;
        opened.damaged = read.damaged;
        opened.contents = std::move(read.contents);
        if (opened.damaged > 0) {
            opened.contents.issued_after_ms = now_ms;
            if (auto kept = disk.replace(path.string() + ".damaged", *bytes); !kept) {
                return std::unexpected(kept.error());
            }
        }
    }
    forget_expired(opened.contents, now_ms);
    if (auto written = opened.file->rewrite(opened.contents); !written) {
        // What was read whole serves as it is: a host whose disk is full must still tell how its
        // commands ended, and may have room again later.
        const bool whole = bytes->size() >= file_header.size() && opened.damaged == 0;
        if (!whole) return std::unexpected(written.error());
        opened.uncompacted = written.error();
        if (opened.file->size_ == 0) {
            opened.file->size_ = bytes->size() - opened.torn_bytes;
            opened.file->broken_ = true;
        }
    }
    return opened;
}

OnDisk<void> JournalFile::rewrite(const executor::JournalContents& contents) {
    std::string bytes(file_header);
    for (const auto& record : to_records(contents))
        append_frame(bytes, encode(record));
    if (auto replaced = disk_.replace(path_, bytes); !replaced) {
        tried_at_ = size_;
        // It may have failed after the new file got the name: then what is appended to the old one
        // would be gone.
        if (const auto there = disk_.read(path_); there && *there == bytes) {
            file_.reset();
            size_ = compacted_size_ = bytes.size();
            broken_ = true;
        }
        return replaced;
    }
    // From here on the old file's descriptor points at a file without a name.
    file_.reset();
    tried_at_ = 0;
    size_ = compacted_size_ = bytes.size();
    broken_ = false;
    auto file = disk_.open(path_);
    if (!file) {
        broken_ = true;
        return std::unexpected(file.error());
    }
    file_ = *std::move(file);
    return {};
}

OnDisk<void> JournalFile::repair() {
    if (!file_) {
        auto file = disk_.open(path_);
        if (!file) return std::unexpected(file.error());
        file_ = *std::move(file);
    }
    if (auto cut = file_->truncate(size_); !cut) return cut;
    if (auto synced = file_->sync(); !synced) return synced;
    broken_ = false;
    return {};
}

OnDisk<void> JournalFile::append(std::string_view frames, bool sync) {
    if (broken_) {
        if (auto repaired = repair(); !repaired) return repaired;
    }
    auto done = file_->append(frames);
    if (done && sync) done = file_->sync();
    if (!done) {
        broken_ = true;
        // At once, while it is certain that nothing later was appended; tried again at the next
        // append.
        static_cast<void>(repair());
        return done;
    }
    size_ += frames.size();
    return {};
}

bool JournalFile::is_large() const {
    return size_ > large_bytes && size_ > 4 * compacted_size_ && size_ > tried_at_ + retry_bytes;
}

OnDisk<void> JournalFile::compact(std::int64_t now_ms) {
    const auto bytes = disk_.read(path_);
    if (!bytes) return std::unexpected(bytes.error());
    auto read = read_all(std::string_view(*bytes).substr(0, size_));
    if (read.damaged > 0) read.contents.issued_after_ms = now_ms;
    forget_expired(read.contents, now_ms);
    return rewrite(read.contents);
}

}  // namespace cockpit::journal

#pragma once
// The journal's file: opened, repaired and compacted at start, appended to, compacted again when it
// has grown. Everything here blocks. One thread at a time.

#include <memory>
#include <optional>
#include <string_view>

#include "agent/executor/journal.hpp"
#include "agent/journal/disk.hpp"

namespace cockpit::journal {

class JournalFile {
  public:
    struct Opened {
        std::unique_ptr<JournalFile> file;
        executor::JournalContents contents;
        std::size_t torn_bytes = 0;  ///< cut from the end: never synced, so never acted upon
        std::size_t damaged = 0;     ///< records lost in the middle; the old file was kept aside
        std::string uncompacted;     ///< why it serves as it was found; empty: it was rewritten
    };
    /// `path` in an existing directory. After damage, `contents.issued_after_ms` is `now_ms`. The
    /// error is a sentence: unreadable, not a journal, of a newer version.
    static OnDisk<Opened> open(Disk& disk, std::filesystem::path path, std::int64_t now_ms);

    /// Appends whole frames, and syncs them if asked to. After an error the file holds none of
    /// them, or else every further append fails too, until a repair succeeds: what was reported as
    /// not written must not appear after a restart.
    OnDisk<void> append(std::string_view frames, bool sync);

    /// Whether it has grown enough for compact() to be worth its time.
    bool is_large() const;
    OnDisk<void> compact(std::int64_t now_ms);
    std::uint64_t size() const { return size_; }

  private:
    JournalFile(Disk& disk, std::filesystem::path path) : disk_(disk), path_(std::move(path)) {}
    OnDisk<void> rewrite(const executor::JournalContents& contents);
    OnDisk<void> repair();

    Disk& disk_;
    std::filesystem::path path_;
    std::unique_ptr<File> file_;
    std::uint64_t size_ = 0;
    std::uint64_t compacted_size_ = 0;
    std::uint64_t tried_at_ = 0;  ///< the size at which a compaction failed; 0: it did not
    bool broken_ = false;         ///< bytes beyond size_ may be in the file
};

}  // namespace cockpit::journal

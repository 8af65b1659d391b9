#pragma once
// Writes what a command prints into its spool: the beginning and the end are kept, however much it
// is, and all of it is counted and hashed. Used by one process per spool; readers may be at work
// meanwhile. Nothing is synced before finish(): a crash of the host ends the command anyway. Killed
// at any moment it leaves a spool whose readers see no wrong byte. Blocks; one thread.

#include <filesystem>
#include <string>
#include <string_view>

#include "agent/spool/extent.hpp"
#include "agent/spool/files.hpp"
#include "crypto/digest.hpp"

namespace cockpit::spool {

class Writer {
  public:
    /// In a directory that is there (create_directory). What an earlier writer left in it is gone.
    static OnDisk<Writer> create(const std::filesystem::path& directory, Limits limits,
                                 std::string_view boot_id);

    /// Adds what the command printed. An error (the disk is full) means that some of these bytes
    /// are not kept; they are counted and hashed like the others, readers see that they are
    /// missing, and the next call tries to go on: calling on is right.
    OnDisk<void> append(std::string_view bytes);

    /// Nothing will be added: syncs, so that the spool also outlives a crash of the host. Without
    /// it a spool is worth nothing after the next boot.
    OnDisk<void> finish();

    std::uint64_t total() const { return extent_.total; }
    /// Of all bytes, kept or not.
    std::string sha256_hex() const;
    /// Whether every byte is still kept.
    bool all_kept() const;

  private:
    Writer(OpenFile output, OpenFile length, Limits limits)
        : output_(std::move(output)), length_(std::move(length)), limits_(limits) {}
    OnDisk<void> keep(std::string_view bytes);
    OnDisk<void> publish() const;

    OpenFile output_;
    OpenFile length_;
    Limits limits_;
    Extent extent_;
    crypto::Sha256 hash_;
};

}  // namespace cockpit::spool

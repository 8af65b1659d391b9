#pragma once
// The journal's view of the disk: the seam at which tests let it fail.

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace cockpit::journal {

/// Errors are sentences with the path and the system's words.
template <typename T>
using OnDisk = std::expected<T, std::string>;

class File {
  public:
    virtual ~File() = default;
    /// Appends all of it. After an error some of it may be there.
    virtual OnDisk<void> append(std::string_view bytes) = 0;
    /// fdatasync(2).
    virtual OnDisk<void> sync() = 0;
    virtual OnDisk<void> truncate(std::uint64_t bytes) = 0;
};

class Disk {
  public:
    virtual ~Disk() = default;
    /// The whole file; empty when there is none.
    virtual OnDisk<std::string> read(const std::filesystem::path& file) = 0;
    /// For appending; made (0600) when there is none.
    virtual OnDisk<std::unique_ptr<File>> open(const std::filesystem::path& file) = 0;
    /// Puts `bytes` in the place of `file` so that a crash leaves the old or the new one whole, and
    /// both file and directory entry are synced.
    virtual OnDisk<void> replace(const std::filesystem::path& file, std::string_view bytes) = 0;
};

/// The real one. Blocks; any thread.
Disk& system_disk();

}  // namespace cockpit::journal

#pragma once
// Files of a spool: whole reads and writes at a position, with errors as sentences. Blocks; any
// thread.

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace cockpit::spool {

/// Errors are sentences with the path and the system's words.
template <typename T>
using OnDisk = std::expected<T, std::string>;

/// An open file; closed with it. Movable.
class OpenFile {
  public:
    /// `flags` and 0600 as for open(2), O_CLOEXEC is added.
    static OnDisk<OpenFile> open(const std::filesystem::path& path, int flags);
    OpenFile(OpenFile&& other) noexcept;
    OpenFile& operator=(OpenFile&& other) noexcept;
    ~OpenFile();

    /// Writes all of it at `position`. After an error some of it may be there.
    OnDisk<void> write_at(std::uint64_t position, std::string_view bytes) const;
    /// At most `count` bytes from `position`; fewer only at the end of the file.
    OnDisk<std::string> read_at(std::uint64_t position, std::size_t count) const;
    /// fdatasync(2).
    OnDisk<void> sync() const;

  private:
    OpenFile(std::filesystem::path path, int descriptor)
        : path_(std::move(path)), descriptor_(descriptor) {}

    std::filesystem::path path_;
    int descriptor_ = -1;
};

/// The whole of a small file (at most 64 KiB of it).
OnDisk<std::string> read_file(const std::filesystem::path& path);
/// Puts a file in the place of another, so that whoever reads finds the old or the new one whole.
/// Not synced.
OnDisk<void> replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace cockpit::spool

#include "agent/spool/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace cockpit::spool {
namespace {

constexpr std::size_t small_file = 64 * 1024;

std::unexpected<std::string> failure(std::string_view what, const std::filesystem::path& path) {
    return std::unexpected("cannot " + std::string(what) + " '" + path.string() +
                           "': " + std::strerror(errno));
}

}  // namespace

OnDisk<OpenFile> OpenFile::open(const std::filesystem::path& path, int flags) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (descriptor < 0) return failure("open", path);
    return OpenFile(path, descriptor);
}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

OpenFile::~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

OnDisk<void> OpenFile::write_at(std::uint64_t position, std::string_view bytes) const {
    while (!bytes.empty()) {
        const auto written =
            ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(position));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failure("write to", path_);
        bytes.remove_prefix(static_cast<std::size_t>(written));
        position += static_cast<std::uint64_t>(written);
    }
    return {};
}

OnDisk<std::string> OpenFile::read_at(std::uint64_t position, std::size_t count) const {
    std::string bytes(count, '\0');
    std::size_t filled = 0;
    while (filled < count) {
        const auto got = ::pread(descriptor_, bytes.data() + filled, count - filled,
                                 static_cast<off_t>(position + filled));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure("read", path_);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
}

OnDisk<void> OpenFile::sync() const {
    if (::fdatasync(descriptor_) != 0) return failure("sync", path_);
    return {};
}

OnDisk<std::string> read_file(const std::filesystem::path& path) {
    const auto file = OpenFile::open(path, O_RDONLY);
    if (!file) return std::unexpected(file.error());
    return file->read_at(0, small_file);
}

OnDisk<void> replace_file(const std::filesystem::path& path, std::string_view bytes) {
    const std::filesystem::path aside = path.string() + ".new";
    {
        const auto file = OpenFile::open(aside, O_WRONLY | O_CREAT | O_TRUNC);
        if (!file) return std::unexpected(file.error());
        if (auto written = file->write_at(0, bytes); !written) return written;
    }
    if (::rename(aside.c_str(), path.c_str()) != 0) return failure("rename to", path);
    return {};
}

}  // namespace cockpit::spool

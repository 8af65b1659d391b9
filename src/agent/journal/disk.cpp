#include "agent/journal/disk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/descriptor.hpp"

namespace cockpit::journal {
namespace {

using runtime::Descriptor;

std::unexpected<std::string> failure(std::string_view what, const std::filesystem::path& file) {
    return std::unexpected("cannot " + std::string(what) + " '" + file.string() +
                           "': " + std::strerror(errno));
}

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

class SystemFile final : public File {
  public:
    SystemFile(std::filesystem::path path, int descriptor)
        : path_(std::move(path)), descriptor_(descriptor) {}

    OnDisk<void> append(std::string_view bytes) override {
        if (!write_all(descriptor_.get(), bytes)) return failure("write to", path_);
        return {};
    }
    OnDisk<void> sync() override {
        if (::fdatasync(descriptor_.get()) != 0) return failure("sync", path_);
        return {};
    }
    OnDisk<void> truncate(std::uint64_t bytes) override {
        if (::ftruncate(descriptor_.get(), static_cast<off_t>(bytes)) != 0) {
            return failure("cut", path_);
        }
        return {};
    }

  private:
    std::filesystem::path path_;
    Descriptor descriptor_;
};

class SystemDisk final : public Disk {
  public:
    OnDisk<std::string> read(const std::filesystem::path& file) override {
        const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        if (!descriptor) {
            if (errno == ENOENT) return std::string();
            return failure("read", file);
        }
        std::string bytes;
        char buffer[16384];
        for (;;) {
            const auto count = ::read(descriptor.get(), buffer, sizeof buffer);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return failure("read", file);
            if (count == 0) return bytes;
            bytes.append(buffer, static_cast<std::size_t>(count));
        }
    }

    OnDisk<std::unique_ptr<File>> open(const std::filesystem::path& file) override {
        const int descriptor =
            ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (descriptor < 0) return failure("open", file);
        return std::make_unique<SystemFile>(file, descriptor);
    }

    OnDisk<void> replace(const std::filesystem::path& file, std::string_view bytes) override {
        const std::filesystem::path aside = file.string() + ".new";
        {
            const Descriptor descriptor(
                ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
            if (!descriptor) return failure("create", aside);
            if (!write_all(descriptor.get(), bytes)) return failure("write to", aside);
            if (::fsync(descriptor.get()) != 0) return failure("sync", aside);
        }
        if (::rename(aside.c_str(), file.c_str()) != 0) return failure("rename to", file);
        const auto directory = file.parent_path();
        const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!descriptor || ::fsync(descriptor.get()) != 0) return failure("sync", directory);
        return {};
    }
};

}  // namespace

Disk& system_disk() {
    static SystemDisk disk;
    return disk;
}

}  // namespace cockpit::journal

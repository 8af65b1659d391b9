#include "agent/commands/manifest_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/descriptor.hpp"

namespace cockpit::commands {
namespace fs = std::filesystem;
namespace {

using runtime::Descriptor;

constexpr std::size_t largest_file = 64 * 1024;

// Nothing, or why it is not the owner's own word.
std::optional<std::string> not_trusted(const struct stat& status, const fs::path& path) {
    if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
        return "belongs to user id " + std::to_string(status.st_uid) +
               ", who could change what runs here; run: chown " +
               (::geteuid() == 0 ? std::string("root") : std::to_string(::geteuid())) + " " +
               path.string();
    }
    if ((status.st_mode & 022) != 0) {
        return "can be written by others, who could change what runs here; run: chmod go-w " +
               path.string();
    }
    return std::nullopt;
}

std::expected<std::string, std::string> read_file(const fs::path& path) {
    // O_NONBLOCK: a pipe under that name must not hold us up.
    const Descriptor file(
        ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    if (file.get() < 0 && errno == ELOOP) {
        return std::unexpected("is a symbolic link; put the file itself there");
    }
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
        return std::unexpected(std::string("cannot be read: ") + std::strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) return std::unexpected("is not a file");
    if (auto why = not_trusted(status, path)) return std::unexpected(*why);
    std::string text(largest_file + 1, '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const auto got = ::read(file.get(), text.data() + length, text.size() - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::unexpected(std::string("cannot be read: ") + std::strerror(errno));
        if (got == 0) break;
        length += static_cast<std::size_t>(got);
    }
    if (length > largest_file) return std::unexpected("is larger than 64 KiB");
    text.resize(length);
    return text;
}

// The directory's *.toml in the order of their names, hidden ones left out: editors keep copies so.
std::expected<std::vector<fs::path>, std::string> files_of(const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code failed;
    for (fs::directory_iterator at(directory, failed), end; !failed && at != end;
         at.increment(failed)) {
        const auto name = at->path().filename().string();
        if (at->path().extension() == ".toml" && !name.starts_with('.')) {
            files.push_back(at->path());
        }
    }
    if (failed) return std::unexpected("cannot be read: " + failed.message());
    std::ranges::sort(files);
    return files;
}

}  // namespace

LoadedManifests load_manifests(const fs::path& directory, const ManifestContext& context,
                               const std::vector<std::string>& taken) {
    LoadedManifests loaded;
    const auto unreadable = [&](const std::string& why) {
        loaded.readable = false;
        loaded.errors.push_back(directory.string() + ": " + why);
        return loaded;
    };
    struct stat status{};
    if (::stat(directory.c_str(), &status) != 0) {
        if (errno != ENOENT) return unreadable(std::string("cannot be read: ") + strerror(errno));
        loaded.exists = false;
        return loaded;
    }
    if (!S_ISDIR(status.st_mode)) return unreadable("is not a directory");
    if (auto why = not_trusted(status, directory)) return unreadable(*why);
    const auto files = files_of(directory);
    if (!files) return unreadable(files.error());

    for (const auto& file : *files) {
        const auto name = file.stem().string();
        const auto refuse = [&](std::vector<std::string> errors) {
            loaded.wrong.push_back(name);
            std::ranges::move(errors, std::back_inserter(loaded.errors));
        };
        const auto text = read_file(file);
        if (!text) {
            refuse({file.string() + ": " + text.error()});
            continue;
        }
        auto manifest = read_manifest(file, *text, context);
        if (!manifest) {
            refuse(std::move(manifest.error()));
        } else if (std::ranges::find(taken, name) != taken.end()) {
            refuse({file.string() + ": '" + name +
                    "' is a command that this agent has built in; give the file another name"});
        } else if (loaded.commands.size() + taken.size() >= protocol::most_commands) {
            refuse({file.string() + ": is one too many: an agent has at most " +
                    std::to_string(protocol::most_commands) + " commands"});
        } else {
            loaded.commands.emplace(name, std::make_shared<const Manifest>(*std::move(manifest)));
        }
    }
    return loaded;
}

ManifestCommands::ManifestCommands(boost::asio::any_io_executor loop,
                                   executor::CommandHandlers& handlers,
                                   std::shared_ptr<Keeping> keeping)
    : loop_(std::move(loop)), handlers_(handlers), keeping_(std::move(keeping)) {}

void ManifestCommands::retire(Known& known) {
    known.command->replace(nullptr);
    known.manifest = nullptr;
    const auto at = std::ranges::find_if(
        handlers_, [&](const auto& handler) { return handler.get() == known.command; });
    known.retired = std::move(*at);
    handlers_.erase(at);
}

ManifestCommands::Changes ManifestCommands::apply(LoadedManifests loaded) {
    Changes changes;
    for (auto& [name, known] : known_) {
        if (!known.manifest || loaded.commands.contains(name)) continue;
        const bool wrong = std::ranges::find(loaded.wrong, name) != loaded.wrong.end();
        if (wrong || !loaded.readable) {
            changes.kept.push_back(name);
        } else {
            retire(known);
            changes.removed.push_back(name);
        }
    }
    for (auto& [name, manifest] : loaded.commands) {
        const auto found = known_.find(name);
        if (found == known_.end()) {
            auto command = std::make_unique<ManifestCommand>(loop_, manifest, keeping_);
            known_.emplace(name, Known{nullptr, command.get(), manifest});
            handlers_.push_back(std::move(command));
            changes.added.push_back(name);
            continue;
        }
        auto& known = found->second;
        known.command->replace(manifest);
        if (known.retired) {
            handlers_.push_back(std::move(known.retired));
            changes.added.push_back(name);
        } else if (known.manifest->source != manifest->source) {
            changes.changed.push_back(name);
        }
        known.manifest = manifest;
    }
    return changes;
}

}  // namespace cockpit::commands

#pragma once
// The directory where the host's owner keeps manifests (COMMANDS_DIR), and the commands made of
// them.

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/commands/manifest_command.hpp"

namespace cockpit::commands {

struct LoadedManifests {
    std::map<std::string, std::shared_ptr<const Manifest>> commands;  ///< by name
    /// Names whose file is there and wrong, or could not be read.
    std::vector<std::string> wrong;
    std::vector<std::string> errors;  ///< all that is wrong, sentences with file and line
    bool readable = true;             ///< false: nothing can be said of any command
    bool exists = true;
};

/// Reads all *.toml of the directory, in the order of their names; a directory that is not there
/// holds none. Directory and files must belong to root or to this process's user and be writable by
/// nobody else, for who writes them decides what runs here; links are not followed. `taken`: names
/// that no file may have. Blocks.
LoadedManifests load_manifests(const std::filesystem::path& directory,
                               const ManifestContext& context,
                               const std::vector<std::string>& taken);

/// Keeps the handlers of an executor in step with the directory. One thread.
class ManifestCommands {
  public:
    /// `handlers` may hold others, which stay; it must outlive this.
    ManifestCommands(boost::asio::any_io_executor loop, executor::CommandHandlers& handlers,
                     std::shared_ptr<Keeping> keeping);

    struct Changes {
        std::vector<std::string> added;
        std::vector<std::string> changed;
        std::vector<std::string> removed;
        std::vector<std::string> kept;  ///< their file is wrong now: the version before stays
    };
    /// A wrong file leaves the command as it was; one that is gone takes it away.
    Changes apply(LoadedManifests loaded);

  private:
    struct Known {
        std::unique_ptr<executor::CommandHandler> retired;  ///< held while it is not in handlers
        ManifestCommand* command;
        std::shared_ptr<const Manifest> manifest;
    };
    void retire(Known& known);

    boost::asio::any_io_executor loop_;
    executor::CommandHandlers& handlers_;
    std::shared_ptr<Keeping> keeping_;
    /// Handlers never die before this does: commands that wait point at them.
    std::map<std::string, Known> known_;
};

}  // namespace cockpit::commands

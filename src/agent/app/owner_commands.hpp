#pragma once
// The commands that the host's owner adds by manifests: read at start, and again on SIGHUP.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <vector>

#include "agent/commands/manifest_directory.hpp"
#include "config/agent_settings.hpp"
#include "runtime/blocking_pool.hpp"

namespace cockpit::agent_app {

class OwnerCommands {
  public:
    /// `handlers` holds the built-in commands, whose names no manifest may take. SIGHUP is taken
    /// from now on; what `pool` and `handlers` are must outlive this.
    OwnerCommands(boost::asio::any_io_executor loop, runtime::BlockingPool& pool,
                  executor::CommandHandlers& handlers, const config::AgentSettings& settings,
                  std::shared_ptr<commands::Keeping> keeping);

    /// At start; blocks. What is wrong is logged and costs its own command only.
    void load();
    /// From now on each SIGHUP reads the manifests anew; `changed` follows when handlers did.
    void reload_on_hangup(std::function<void()> changed);
    void stop();

    /// Of all handlers.
    std::vector<protocol::CommandSchema> schemas() const;

  private:
    void await_hangup();
    void take(commands::LoadedManifests loaded, bool again);

    runtime::BlockingPool& pool_;
    executor::CommandHandlers& handlers_;
    const std::filesystem::path directory_;
    const commands::ManifestContext context_;
    std::vector<std::string> built_in_;
    commands::ManifestCommands manifests_;
    boost::asio::signal_set hangups_;
    std::function<void()> changed_;
    std::shared_ptr<OwnerCommands*> self_;  ///< late callbacks find nobody once we are gone
};

/// For --check-commands: says on standard output what is right, on standard error what is wrong.
/// The process's exit code.
int check_commands(const std::filesystem::path& directory);

}  // namespace cockpit::agent_app

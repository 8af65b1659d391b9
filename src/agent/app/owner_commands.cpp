#include "agent/app/owner_commands.hpp"

#include <csignal>
#include <cstdio>

#include "agent/app/app.hpp"
#include "agent/commands/built_in.hpp"
#include "log/log.hpp"

namespace cockpit::agent_app {
namespace {

std::string joined(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names)
        list += (list.empty() ? "" : ", ") + name;
    return list;
}

}  // namespace

OwnerCommands::OwnerCommands(boost::asio::any_io_executor loop, runtime::BlockingPool& pool,
                             executor::CommandHandlers& handlers,
                             const config::AgentSettings& settings,
                             std::shared_ptr<commands::Keeping> keeping)
    : pool_(pool),
      handlers_(handlers),
      directory_(settings.commands_directory),
      context_{.default_timeout = settings.command_timeout},
      manifests_(loop, handlers, std::move(keeping)),
      hangups_(loop, SIGHUP),
      self_(std::make_shared<OwnerCommands*>(this)) {
    for (const auto& handler : handlers_)
        built_in_.push_back(handler->schema().name);
}

void OwnerCommands::load() {
    take(commands::load_manifests(directory_, context_, built_in_), false);
}

void OwnerCommands::reload_on_hangup(std::function<void()> changed) {
    changed_ = std::move(changed);
    await_hangup();
}

void OwnerCommands::stop() {
    boost::system::error_code ignored;
    hangups_.cancel(ignored);
    changed_ = nullptr;
}

void OwnerCommands::await_hangup() {
    hangups_.async_wait([this](const boost::system::error_code& failed, int) {
        if (failed) return;
        log::info("reading the commands of the host's owner again",
                  {{"directory", directory_.string()}});
        pool_.run(
            [directory = directory_, context = context_, built_in = built_in_] {
                return commands::load_manifests(directory, context, built_in);
            },
            [self = std::weak_ptr(self_)](commands::LoadedManifests loaded) {
                const auto alive = self.lock();
                if (!alive || !(*alive)->changed_) return;
                (*alive)->take(std::move(loaded), true);
                (*alive)->changed_();
                (*alive)->await_hangup();
            });
    });
}

void OwnerCommands::take(commands::LoadedManifests loaded, bool again) {
    for (const auto& error : loaded.errors)
        log::error("a command of the host's owner cannot be used", {{"reason", error}});
    const auto changes = manifests_.apply(std::move(loaded));
    for (const auto& name : changes.kept)
        log::warning("a command stays as it was, since its file is wrong now", {{"command", name}});
    if (!again && changes.added.empty()) return;
    log::info("commands of the host's owner", {{"added", joined(changes.added)},
                                               {"changed", joined(changes.changed)},
                                               {"removed", joined(changes.removed)}});
}

std::vector<protocol::CommandSchema> OwnerCommands::schemas() const {
    std::vector<protocol::CommandSchema> list;
    for (const auto& handler : handlers_)
        list.push_back(handler->schema());
    return list;
}

int check_commands(const std::filesystem::path& directory) {
    std::vector<std::string> built_in;
    for (const auto& schema : commands::built_in_schemas())
        built_in.push_back(schema.name);
    const auto loaded = commands::load_manifests(directory, {}, built_in);
    for (const auto& error : loaded.errors)
        std::fprintf(stderr, "%s\n", error.c_str());
    if (!loaded.exists) std::fprintf(stderr, "%s: does not exist\n", directory.c_str());
    std::string names;
    for (const auto& [name, manifest] : loaded.commands)
        names += (names.empty() ? "" : ", ") + name;
    std::printf("%s: %zu %s right%s%s\n", directory.c_str(), loaded.commands.size(),
                loaded.commands.size() == 1 ? "command is" : "commands are",
                names.empty() ? "" : ": ", names.c_str());
    return loaded.errors.empty() && loaded.exists ? exit_stopped : exit_failed;
}

}  // namespace cockpit::agent_app

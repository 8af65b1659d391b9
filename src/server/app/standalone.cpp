#include "server/app/standalone.hpp"

#include <unistd.h>

#include "server/app/command_line.hpp"
#include "server/app/state_directory.hpp"

namespace cockpit::server {
namespace {

constexpr std::chrono::milliseconds redis_grace(5'000);
// The agent lets commands end within its own SHUTDOWN_GRACE, 20 s by default, and then needs some
// seconds to end them by force and to say so.
constexpr std::chrono::milliseconds agent_grace(35'000);

std::filesystem::path agent_directory(const std::filesystem::path& state_directory) {
    return state_directory / "agent";
}

std::string host_name() {
    char name[256] = {};
    ::gethostname(name, sizeof name - 1);
    return name;
}

// The agent that was built and installed with this server, or else whichever PATH has.
std::string agent_program() {
    std::error_code failed;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
    const auto beside = self.parent_path() / "cockpit-agent";
    return !failed && std::filesystem::exists(beside) ? beside.string() : "cockpit-agent";
}

runtime::ChildSettings redis_child(const std::filesystem::path& state_directory) {
    // A wire that may lose everything needs no disk: no snapshot, no append-only file.
    return {.arguments = {"redis-server", "--port", "0", "--unixsocket",
                          standalone_redis_socket(state_directory).string(), "--unixsocketperm",
                          "700", "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir",
                          state_directory.string(), "--logfile",
                          (state_directory / "redis.log").string()},
            .environment = config::process_environment(),
            .die_with_parent = true};
}

// The local agent is configured by the environment of the server (GIT_REPO_PATH,
// DOCKER_CONTAINER_NAME, …); the server's own secrets stay with the server.
runtime::ChildSettings agent_child(const std::filesystem::path& state_directory,
                                   const std::string& agent_id, const std::string& server_key) {
    auto environment = config::process_environment();
    std::erase_if(environment, [](const auto& item) {
        return item.first.starts_with("REDIS_") || item.first == "DATABASE_URL" ||
               item.first.starts_with("NOTIFY_") || item.first == "COCKPIT_ADMIN_PASSWORD" ||
               item.first == "COCKPIT_JOIN_TOKEN";
    });
    environment["REDIS_SOCKET"] = standalone_redis_socket(state_directory).string();
    environment["COCKPIT_STATE_DIR"] = agent_directory(state_directory).string();
    environment["COCKPIT_SERVER_KEY"] = server_key;
    environment["AGENT_ID"] = agent_id;
    return {.arguments = {agent_program()},
            .environment = std::move(environment),
            .working_directory = agent_directory(state_directory),
            .inherit_output = true,
            .die_with_parent = true};
}

}  // namespace

std::expected<std::unique_ptr<Standalone>, std::string> Standalone::create(
    boost::asio::any_io_executor executor, const config::ServerSettings& settings,
    const crypto::PublicKey& server_key) {
    const auto environment = config::process_environment();
    const auto named = environment.find("AGENT_ID");
    const auto name =
        named != environment.end() && !named->second.empty() ? named->second : host_name();
    auto id = protocol::AgentId::parse(name);
    if (!id) return std::unexpected("AGENT_ID: '" + name + "': " + id.error());

    const auto directory = agent_directory(settings.state_directory);
    if (auto made = make_state_directory(directory); !made) return std::unexpected(made.error());
    const auto key = crypto::SigningKey::load_or_create(directory / "agent.key");
    if (!key) return std::unexpected(key.error());
    return std::unique_ptr<Standalone>(new Standalone(
        std::move(executor), settings, server_key, *std::move(id), key->public_key().to_base64()));
}

Standalone::Standalone(boost::asio::any_io_executor executor,
                       const config::ServerSettings& settings, const crypto::PublicKey& server_key,
                       protocol::AgentId agent_id, std::string agent_key)
    : state_directory_(settings.state_directory),
      agent_id_(std::move(agent_id)),
      agent_key_(std::move(agent_key)),
      redis_(executor, "redis-server", [this] { return redis_child(state_directory_); }),
      agent_(executor, "cockpit-agent", [this, key = server_key.to_base64()] {
          return agent_child(state_directory_, agent_id_.text(), key);
      }) {}

void Standalone::start() {
    redis_.start();
    agent_.start();
}

boost::asio::awaitable<void> Standalone::stop_agent() {
    co_await agent_.stop(agent_grace);
}

boost::asio::awaitable<void> Standalone::stop_redis() {
    co_await redis_.stop(redis_grace);
    std::error_code ignored;  // Redis removes its socket itself, unless it was killed
    std::filesystem::remove(standalone_redis_socket(state_directory_), ignored);
}

}  // namespace cockpit::server

#include "agent/app/app.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "agent/app/host.hpp"
#include "agent/app/output_files.hpp"
#include "agent/app/owner_commands.hpp"
#include "agent/app/unused_memory.hpp"
#include "agent/commands/built_in.hpp"
#include "agent/commands/process_execution.hpp"
#include "agent/executor/executor.hpp"
#include "agent/journal/journal.hpp"
#include "agent/keeper/cgroup.hpp"
#include "agent/keeper/keeper.hpp"
#include "agent/transport/agent_transport.hpp"
#include "agent/transport/executor_timer.hpp"
#include "composition/redis_connection.hpp"
#include "log/log.hpp"

namespace cockpit::agent_app {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;
constexpr auto stop_patience = 5s;
constexpr auto farewell_patience = 2s;
constexpr auto start_is_over = 1s;

std::expected<std::vector<crypto::PublicKey>, std::string> server_keys(
    const config::AgentSettings& settings) {
    if (!settings.server_key) {
        if (settings.allow_unsigned) return std::vector<crypto::PublicKey>{};
        return std::unexpected(
            "COCKPIT_SERVER_KEY: is not set, so this agent could not tell a command of its server "
            "from a forged one; run `cockpit-server join-token` on the server and copy the lines "
            "it "
            "prints (or set ALLOW_UNSIGNED=true to take the original's unsigned commands)");
    }
    auto key = crypto::PublicKey::from_base64(*settings.server_key);
    if (!key) return std::unexpected("COCKPIT_SERVER_KEY: " + key.error());
    return std::vector{*key};
}

/// What the shutdown needs, with the lifetime of run().
struct Running {
    executor::Executor& executor;
    executor::Journal& journal;
    agent_transport::AgentTransport& transport;
    OutputFiles& outputs;
    std::optional<agent_transport::ExecutorTimer>& timer;
    asio::signal_set& signals;
    asio::steady_timer& idle;
    asio::steady_timer& quiet;
    std::chrono::seconds grace;
    std::chrono::seconds heartbeat;
    OwnerCommands& owner_commands;
    bool stopping = false;
};

// As often as the heartbeat, so that an idle host is not woken more often for it.
void await_quiet(Running* running, std::chrono::seconds after) {
    running->quiet.expires_after(after);
    running->quiet.async_wait([=](const boost::system::error_code& failed) {
        if (failed || running->stopping) return;
        if (running->executor.idle()) release_unused_memory();
        await_quiet(running, running->heartbeat);
    });
}

asio::awaitable<void> until_idle(Running* running, std::chrono::milliseconds patience) {
    running->idle.expires_after(patience);
    if (running->executor.idle()) co_return;
    co_await running->idle.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> shut_down(Running* running) {
    auto& executor = running->executor;
    running->stopping = true;
    running->quiet.cancel();
    executor.stop_taking();
    co_await until_idle(running, running->grace);
    if (!executor.idle()) {
        log::warning("commands did not end within the grace time and are stopped",
                     {{"running", executor.counts().running}});
        executor.stop_running();
        co_await until_idle(running, stop_patience);
    }
    if (!executor.idle()) {
        log::error("commands could not be stopped; they are reported as interrupted",
                   {{"running", executor.counts().running}});
        executor.abandon_running();
    }
    // Records are written in order, so once this one, which says nothing, is on the disk, all are.
    co_await runtime::await_callback<executor::Journal::Written>(
        [&](auto done) { running->journal.append(executor::HorizonRecord{}, std::move(done)); });
    co_await running->transport.stop(farewell_patience);
    running->timer.reset();
    running->owner_commands.stop();
    running->outputs.stop();
    boost::system::error_code ignored;
    running->signals.cancel(ignored);
    log::info("stopped");
}

// timeout(1) and shells signal the process and then its group: twice the same wish.
constexpr auto same_wish = 200ms;

using Instant = std::chrono::steady_clock::time_point;

void await_signal(Running* running, std::optional<Instant> stopping_since) {
    running->signals.async_wait([=](const boost::system::error_code& failed, int signal) {
        if (failed) return;
        const auto now = std::chrono::steady_clock::now();
        if (stopping_since) {
            if (now - *stopping_since < same_wish) return await_signal(running, stopping_since);
            log::warning("second signal: ending at once");
            running->executor.abandon_running();  // destroying executions ends their processes
            ::_exit(128 + signal);
        }
        log::info("stopping; a second signal ends at once", {{"signal", signal}});
        await_signal(running, now);
        asio::co_spawn(running->signals.get_executor(), shut_down(running),
                       [](const std::exception_ptr& failure) {
                           if (failure) std::rethrow_exception(failure);
                       });
    });
}

std::expected<std::shared_ptr<commands::Keeping>, std::string> keep_commands(
    const config::AgentSettings& settings, const std::filesystem::path& state) {
    const auto spool_limit = static_cast<std::uint64_t>(settings.output_spool_limit);
    auto keeping = std::make_shared<commands::Keeping>(
        commands::Keeping{.keeper = {"/proc/self/exe", keeper::keep_flag},
                          .spool = state / "spool",
                          .cgroup_required = settings.containment == config::Containment::cgroup,
                          .limits = {spool_limit / 2, spool_limit - spool_limit / 2},
                          .boot_id = boot_id()});
    std::error_code failed;
    std::filesystem::create_directories(keeping->spool, failed);
    if (failed) {
        return std::unexpected("cannot make '" + keeping->spool.string() +
                               "': " + failed.message());
    }
    // Orphans of a keeper that was killed come to us.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (settings.containment == config::Containment::process_group) return keeping;
    auto place = keeper::place_for_cgroups();
    if (place) {
        keeping->cgroups = *std::move(place);
    } else if (keeping->cgroup_required) {
        return std::unexpected("CONTAINMENT: 'cgroup' cannot be had here: " + place.error() +
                               "; see docs/keeper.md, or set CONTAINMENT=auto");
    } else {
        log::info("commands are held by process group, since there are no control groups for them",
                  {{"reason", place.error()}});
    }
    return keeping;
}

int refuse(int exit_code, const std::string& sentence) {
    log::error(sentence);
    return exit_code;
}

}  // namespace

int run(const config::AgentSettings& settings, const config::Environment& environment) {
    const auto agent = protocol::AgentId::parse(settings.agent_id);
    if (!agent) return refuse(exit_usage, "AGENT_ID: " + agent.error());
    auto trusted = server_keys(settings);
    if (!trusted) return refuse(exit_usage, trusted.error());
    const auto state = StateDirectory::claim(settings.state_directory);
    if (!state) return refuse(exit_failed, state.error());
    const auto key = crypto::SigningKey::load_or_create(state->path() / "agent.key");
    if (!key) return refuse(exit_failed, key.error());

    const runtime::SystemClock clock;
    asio::io_context io(1);
    const auto loop = io.get_executor();
    runtime::BlockingPool pool(loop, 1);
    auto journal = journal::open_journal(state->path(), loop, pool, clock);
    if (!journal) return refuse(exit_failed, journal.error());

    auto keeping = keep_commands(settings, state->path());
    if (!keeping) return refuse(exit_failed, keeping.error());
    const auto leftovers = commands::end_leftovers(loop, *keeping);
    auto handlers =
        commands::built_in_commands(loop, {.git_repositories = settings.git_repositories,
                                           .docker_containers = settings.docker_containers,
                                           .docker_socket = settings.docker_socket,
                                           .command_timeout = settings.command_timeout,
                                           .docker_timeout = settings.docker_timeout,
                                           .environment = environment,
                                           .keeping = *keeping,
                                           .health_check_hosts = settings.health_check_hosts});
    agent_transport::Identity identity{.agent = *agent,
                                       .hostname = settings.hostname,
                                       .version = COCKPIT_VERSION,
                                       .labels = settings.labels,
                                       .os = operating_system(),
                                       .arch = architecture(),
                                       .started_at_ms = clock.wall_ms(),
                                       .heartbeat_s = settings.heartbeat_interval.count()};
    OwnerCommands owner_commands(loop, pool, handlers, settings, *keeping);
    owner_commands.load();
    identity.commands = owner_commands.schemas();

    agent_transport::AgentTransport transport(
        loop,
        {.redis = composition::redis_connection(settings.redis),
         .identity = std::move(identity),
         .join_token = settings.join_token},
        *key, clock);
    OutputFiles outputs(loop, pool, clock, state->path() / "spool", boot_id(),
                        {.for_ms = std::chrono::milliseconds(settings.output_keep).count(),
                         .total_bytes = static_cast<std::uint64_t>(settings.output_keep_total),
                         .free_bytes = static_cast<std::uint64_t>(settings.output_keep_free)});
    executor::Executor executor({.agent = *agent,
                                 .server_keys = *std::move(trusted),
                                 .allow_unsigned = settings.allow_unsigned,
                                 .max_running = static_cast<std::size_t>(settings.max_running),
                                 .max_waiting = static_cast<std::size_t>(settings.max_buffered),
                                 .boot_id = boot_id(),
                                 .key = &*key},
                                handlers, clock, *journal->journal, transport, leftovers.get());
    executor.stream_outputs(outputs, {.limit = settings.output_limit});
    std::optional<agent_transport::ExecutorTimer> timer(std::in_place, loop, executor);
    asio::steady_timer idle(loop);
    executor.on_change([&] {
        if (timer) timer->look_again();
        transport.note_change();
        if (executor.idle()) idle.cancel();
    });
    asio::signal_set signals(loop, SIGTERM, SIGINT);
    asio::steady_timer quiet(loop);
    Running running{executor,
                    *journal->journal,
                    transport,
                    outputs,
                    timer,
                    signals,
                    idle,
                    quiet,
                    settings.shutdown_grace,
                    settings.heartbeat_interval,
                    owner_commands};
    owner_commands.reload_on_hangup([&] { transport.set_commands(owner_commands.schemas()); });
    await_signal(&running, std::nullopt);
    await_quiet(&running, start_is_over);

    executor.restore(std::move(journal->contents));
    transport.start(executor);
    log::info("cockpit-agent started", {{"agent_id", agent->text()},
                                        {"version", COCKPIT_VERSION},
                                        {"key_id", key->public_key().id()}});
    io.run();
    return exit_stopped;
}

}  // namespace cockpit::agent_app

#include "agent/commands/docker_restart.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include "agent/commands/docker_engine.hpp"
#include "agent/commands/docker_rules.hpp"

namespace cockpit::commands {
namespace asio = boost::asio;
using executor::Outcome;
using executor::StopReason;
using protocol::CommandState;
using namespace std::chrono_literals;

namespace {

constexpr auto look_again_after = 100ms;

// Kept alive by its coroutine; the Execution only asks and lets go.
struct Run {
    Run(const asio::any_io_executor& loop, const DockerRestartSettings& what, std::string container,
        executor::CommandHandler::Done then)
        : name(std::move(container)),
          stop_seconds(what.stop_seconds),
          settle(what.settle),
          engine(create_docker_engine(loop, what.socket)),
          look_again(loop),
          done(std::move(then)) {}

    std::string name;
    int stop_seconds;
    std::chrono::milliseconds settle;
    std::unique_ptr<DockerEngine> engine;
    asio::steady_timer look_again;
    executor::CommandHandler::Done done;
    std::optional<StopReason> reason;
    bool asked = false;  // the engine knows of the restart
    bool given_up = false;

    void give_up() {
        given_up = true;
        engine->abort();
        look_again.cancel();
    }
};

Outcome failed(std::string why) {
    return {.state = CommandState::error,
            .output = {},
            .error = std::move(why),
            .exit_code = std::nullopt};
}

Outcome stopped(const Run& run) {
    const bool late = run.reason == StopReason::timeout;
    std::string why = "docker_restart of '" + run.name + "' ";
    why += late ? "did not end within its time limit" : "was cancelled";
    why += run.asked ? "; the Docker engine was already asked to restart the container and may "
                       "still do it"
                     : "; the Docker engine was not asked to restart anything";
    return {.state = late ? CommandState::timeout : CommandState::cancelled,
            .output = {},
            .error = std::move(why),
            .exit_code = std::nullopt};
}

std::string down(const Run& run, const ContainerState& state) {
    std::string why = "container '" + run.name + "' was restarted but exited at once with exit " +
                      "code " + std::to_string(state.exit_code);
    if (!state.error.empty()) why += ": " + state.error;
    return why;
}

asio::awaitable<Outcome> watch_it_stay_up(std::shared_ptr<Run> run, ContainerState before) {
    std::optional<ContainerState> started;
    auto settled_at = std::chrono::steady_clock::time_point::max();
    while (true) {
        auto now = co_await run->engine->inspect(run->name);
        if (!now) co_return failed(now.error());
        const bool anew = now->started_at != before.started_at;
        if (anew && (!now->running || now->restarting)) co_return failed(down(*run, *now));
        if (anew && !started) {
            started = *now;
            settled_at = std::chrono::steady_clock::now() + run->settle;
        }
        // Its restart policy was faster than our looks.
        if (started && (now->started_at != started->started_at ||
                        now->restart_count != started->restart_count)) {
            co_return failed(down(*run, *now));
        }
        if (std::chrono::steady_clock::now() >= settled_at) {
            co_return Outcome{
                .state = CommandState::success,
                .output = "Container '" + run->name + "' restarted at " + now->started_at,
                .error = std::nullopt,
                .exit_code = std::nullopt};
        }
        if (run->given_up) co_return failed("given up");
        run->look_again.expires_after(look_again_after);
        co_await run->look_again.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

asio::awaitable<Outcome> restart(std::shared_ptr<Run> run) {
    auto before = co_await run->engine->inspect(run->name);
    if (!before) co_return failed(before.error());
    if (run->given_up) co_return failed("given up");
    run->asked = true;
    auto restarted = co_await run->engine->restart(run->name, run->stop_seconds);
    if (!restarted) co_return failed(restarted.error());
    co_return co_await watch_it_stay_up(run, std::move(*before));
}

asio::awaitable<void> follow(std::shared_ptr<Run> run) {
    Outcome outcome = co_await restart(run);
    if (run->reason) outcome = stopped(*run);
    if (auto done = std::exchange(run->done, nullptr)) done(std::move(outcome));
}

class DockerRestartExecution final : public executor::Execution {
  public:
    DockerRestartExecution(asio::any_io_executor loop, std::shared_ptr<Run> run)
        : loop_(std::move(loop)), run_(std::move(run)) {}
    DockerRestartExecution(const DockerRestartExecution&) = delete;
    DockerRestartExecution& operator=(const DockerRestartExecution&) = delete;
    ~DockerRestartExecution() override {
        run_->done = nullptr;
        run_->give_up();
    }
    void go() override { asio::co_spawn(loop_, follow(run_), asio::detached); }
    void stop(StopReason reason) override {
        if (run_->reason || !run_->done) return;
        run_->reason = reason;
        run_->give_up();
    }

  private:
    asio::any_io_executor loop_;
    std::shared_ptr<Run> run_;
};

class DockerRestart final : public executor::CommandHandler {
  public:
    DockerRestart(asio::any_io_executor loop, protocol::CommandSchema schema,
                  DockerRestartSettings settings)
        : loop_(std::move(loop)), schema_(std::move(schema)), settings_(std::move(settings)) {}

    const protocol::CommandSchema& schema() const override { return schema_; }

    std::expected<void, std::string> allows(const boost::json::object& params) const override {
        return check_container("container_name", container(params), settings_.containers);
    }

    std::optional<std::string> resource(const boost::json::object& params) const override {
        return "docker:" + container(params);
    }

    std::unique_ptr<executor::Execution> start(const executor::Task& task, Done done) override {
        return std::make_unique<DockerRestartExecution>(
            loop_,
            std::make_shared<Run>(loop_, settings_, container(task.params), std::move(done)));
    }

  private:
    static std::string container(const boost::json::object& params) {
        return boost::json::value_to<std::string>(params.at("container_name"));
    }

    asio::any_io_executor loop_;
    protocol::CommandSchema schema_;
    DockerRestartSettings settings_;
};

}  // namespace

std::unique_ptr<executor::CommandHandler> create_docker_restart(asio::any_io_executor loop,
                                                                protocol::CommandSchema schema,
                                                                DockerRestartSettings settings) {
    return std::make_unique<DockerRestart>(std::move(loop), std::move(schema), std::move(settings));
}

}  // namespace cockpit::commands

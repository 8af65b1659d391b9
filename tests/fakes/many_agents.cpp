// Many hosts in one process, for tests of runs over hundreds: the agent's real executor and
// transport, each host with a key, a name and connections of its own; only the journal is in
// memory. Its one command beside echo's kind is `step`: it notes in <directory>/ran who ran, and
// fails on the hosts named in <directory>/fail.
//
//   many_agents COUNT PREFIX DIRECTORY      settings from the environment, as cockpit-agent has
//   them

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>

#include "agent/executor/executor.hpp"
#include "agent/transport/agent_transport.hpp"
#include "agent/transport/executor_timer.hpp"
#include "composition/redis_connection.hpp"
#include "config/agent_settings.hpp"
#include "crypto/keys.hpp"
#include "crypto/sodium.hpp"
#include "log/log.hpp"

extern char** environ;

namespace cockpit {
namespace {

namespace asio = boost::asio;
using protocol::CommandState;

// Says that all is written, a moment later: what a disk does for one host.
class MemoryJournal final : public executor::Journal {
  public:
    explicit MemoryJournal(asio::any_io_executor io) : io_(std::move(io)) {}
    void append(executor::JournalRecord, runtime::Callback<Written> written) override {
        if (written) asio::post(io_, [written = std::move(written)]() mutable { written({}); });
    }

  private:
    asio::any_io_executor io_;
};

class Step final : public executor::CommandHandler {
  public:
    Step(asio::any_io_executor io, std::string agent, std::filesystem::path directory)
        : io_(std::move(io)), agent_(std::move(agent)), directory_(std::move(directory)) {
        schema_.name = "step";
        schema_.description = "notes that it ran";
    }

    const protocol::CommandSchema& schema() const override { return schema_; }
    std::expected<void, std::string> allows(const boost::json::object&) const override {
        return {};
    }
    std::optional<std::string> resource(const boost::json::object&) const override {
        return std::nullopt;
    }
    std::unique_ptr<executor::Execution> start(const executor::Task&, Done done) override {
        return std::make_unique<Running>(*this, std::move(done));
    }

  private:
    class Running final : public executor::Execution {
      public:
        Running(Step& step, Done done)
            : step_(step),
              timer_(step.io_, std::chrono::milliseconds(20)),
              done_(std::move(done)) {}
        void go() override {
            timer_.async_wait([this](boost::system::error_code stopped) {
                if (!stopped) done_(step_.outcome());
            });
        }
        void stop(executor::StopReason) override {}  // it ends by itself, sooner than it could

      private:
        Step& step_;
        asio::steady_timer timer_;
        Done done_;
    };

    executor::Outcome outcome() const {
        const auto line = agent_ + "\n";
        const int file =
            ::open((directory_ / "ran").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        const bool noted = file >= 0 && ::write(file, line.data(), line.size()) == std::ssize(line);
        ::close(file);
        if (!noted) return {.state = CommandState::error, .error = "could not note it"};
        std::ifstream names(directory_ / "fail");
        for (std::string name; std::getline(names, name);) {
            if (name != agent_) continue;
            return {.state = CommandState::error,
                    .output = agent_ + ": the step failed\n",
                    .error = "the step failed",
                    .exit_code = 1};
        }
        return {.state = CommandState::success,
                .output = agent_ + ": done\n",
                .error = std::nullopt,
                .exit_code = 0};
    }

    asio::any_io_executor io_;
    std::string agent_;
    std::filesystem::path directory_;
    protocol::CommandSchema schema_;
};

struct Host {
    Host(asio::any_io_executor io, const config::AgentSettings& settings, std::string id,
         const crypto::PublicKey& server, const runtime::Clock& clock,
         const std::filesystem::path& directory)
        : key(crypto::SigningKey::generate()), journal(io) {
        handlers.push_back(std::make_unique<Step>(io, id, directory));
        const auto agent = *protocol::AgentId::parse(id);
        transport.emplace(io,
                          agent_transport::Settings{
                              .redis = composition::redis_connection(settings.redis),
                              .identity = {.agent = agent,
                                           .hostname = id,
                                           .version = "many",
                                           .commands = {handlers.front()->schema()},
                                           .started_at_ms = clock.wall_ms(),
                                           .heartbeat_s = settings.heartbeat_interval.count()},
                              .join_token = settings.join_token},
                          key, clock);
        executor.emplace(
            executor::Settings{
                .agent = agent, .server_keys = {server}, .boot_id = "one", .key = &key},
            handlers, clock, journal, *transport);
        timer.emplace(io, *executor);
        executor->on_change([this] {
            timer->look_again();
            transport->note_change();
        });
        executor->restore({});
        transport->start(*executor);
    }

    crypto::SigningKey key;
    MemoryJournal journal;
    executor::CommandHandlers handlers;
    std::optional<agent_transport::AgentTransport> transport;
    std::optional<executor::Executor> executor;
    std::optional<agent_transport::ExecutorTimer> timer;
};

int run(int count, const std::string& prefix, const std::filesystem::path& directory) {
    config::Environment environment;
    for (char** line = environ; *line != nullptr; ++line) {
        const std::string text = *line;
        if (const auto at = text.find('='); at != std::string::npos) {
            environment[text.substr(0, at)] = text.substr(at + 1);
        }
    }
    const auto settings = config::read_agent_settings(environment);
    if (!settings) {
        for (const auto& error : settings.error())
            log::error(error);
        return 2;
    }
    log::configure(settings->log_level, settings->log_format);
    const auto server = crypto::PublicKey::from_base64(settings->server_key.value_or(""));
    if (!server) {
        log::error("COCKPIT_SERVER_KEY is no key");
        return 2;
    }
    const runtime::SystemClock clock;
    asio::io_context io(1);
    std::deque<Host> hosts;
    for (int i = 0; i < count; ++i) {
        auto number = std::to_string(i);
        number.insert(0, 4 - std::min<std::size_t>(4, number.size()), '0');
        hosts.emplace_back(io.get_executor(), *settings, prefix + number, *server, clock,
                           directory);
    }
    asio::signal_set signals(io, SIGTERM, SIGINT);
    signals.async_wait([](boost::system::error_code, int) { std::_Exit(0); });
    io.run();
    return 0;
}

}  // namespace
}  // namespace cockpit

int main(int count, char** words) {
    cockpit::crypto::initialize();
    std::signal(SIGPIPE, SIG_IGN);
    if (count != 4) {
        std::fputs("usage: many_agents COUNT PREFIX DIRECTORY\n", stderr);
        return 2;
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    return cockpit::run(std::atoi(words[1]), words[2], words[3]);
}

#pragma once
// Deployments over the real dispatcher; hosts, their clones, the repository, stores and the clock
// in memory.

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <set>

#include "crypto/keys.hpp"
#include "fakes/memory_command_store.hpp"
#include "fakes/memory_deployment_store.hpp"
#include "fakes/memory_git_source.hpp"
#include "fakes/memory_group_store.hpp"
#include "fakes/recording_agent_link.hpp"
#include "fakes/set_clock.hpp"
#include "server/deployments/deployment_engine.hpp"
#include "server/deployments/service_book.hpp"

namespace cockpit::deployments {

inline std::string next_id() {
    static std::uint32_t last = 0;
    char text[37];
    std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012x", ++last);
    return text;
}

struct Events final : notify::EventSink {
    void publish(notify::Event event) override { told.push_back(std::move(event)); }
    std::vector<notify::Event> told;
};

/// A host as its owner would see it.
struct PlayedHost {
    std::string commit = fakes::MemoryGitSource::id_of(0);  ///< of its clone
    std::vector<std::string> did;                           ///< names of commands, in order
    int restarts = 0;
};

class DeploymentTest : public testing::Test {
  protected:
    DeploymentTest() {
        directory.on_link_restored(clock.wall_ms());
        link.host = [this](const protocol::Run& run) { play(run); };
        start_server();
    }

    /// Another life of the server: what is not written down is gone.
    void start_server() {
        engine.reset();
        engine = std::make_unique<DeploymentEngine>(
            EngineSettings{.owner = next_id()}, DeploymentEngine::Ports{.store = store,
                                                                        .services = store,
                                                                        .git = git,
                                                                        .dispatcher = dispatcher,
                                                                        .targeting = targeting,
                                                                        .events = events,
                                                                        .clock = clock,
                                                                        .box = box,
                                                                        .new_id = next_id});
    }

    static std::vector<protocol::CommandSchema> able() {
        auto commands = protocol::original_commands();
        commands.push_back({.name = "git_revision",
                            .parameters = {{.name = "repository_path", .required = true}},
                            .idempotent = true});
        commands.push_back({.name = "git_rollback",
                            .parameters = {{.name = "repository_path", .required = true},
                                           {.name = "branch", .required = true},
                                           {.name = "commit", .required = true}},
                            .idempotent = true});
        commands.push_back({.name = "health_check",
                            .parameters = {{.name = "kind", .required = true}, {.name = "url"}},
                            .idempotent = true});
        return commands;
    }

    void connect(const std::string& id, std::vector<protocol::CommandSchema> can = able()) {
        const auto key = crypto::SigningKey::generate().public_key().to_base64();
        const auto agent = *protocol::AgentId::parse(id);
        directory.set_keys(agent, key, std::nullopt);
        clock.advance(1);
        directory.on_hello({.agent = agent,
                            .public_key = key,
                            .hostname = id + ".example.org",
                            .version = "1",
                            .commands = std::move(can),
                            .at_ms = clock.wall_ms()},
                           clock.wall_ms());
        directory.on_subscribers(agent, 1, clock.wall_ms());
        hosts[id];
    }

    void play(const protocol::Run& run) {
        const auto& id = run.agent.text();
        auto& host = hosts.at(id);
        host.did.push_back(run.command);
        dispatcher.on_received({.agent = run.agent, .attempt = run.attempt}, [](bool) {});
        if (silent.contains({id, run.command})) return;
        if (failing.contains({id, run.command})) {
            return finish(run, protocol::CommandState::error, "", run.command + " did not work");
        }
        std::string output = "done";
        if (run.command == "git_revision") output = host.commit + "\n";
        if (run.command == "git_pull") host.commit = git.head_id();
        if (run.command == "git_rollback")
            host.commit = std::string(run.params.at("commit").as_string());
        if (run.command == "docker_restart") ++host.restarts;
        const bool sick = run.command == "health_check" && sick_commits.contains(host.commit);
        finish(run, sick ? protocol::CommandState::error : protocol::CommandState::success, output,
               sick ? "try 3: HTTP 500, wanted 200" : "");
    }

    void finish(const protocol::Run& run, protocol::CommandState state, std::string output,
                std::string error) {
        protocol::Finished news{.agent = run.agent,
                                .attempt = run.attempt,
                                .state = state,
                                .output = std::move(output),
                                .execution_time_ms = 1,
                                .exit_code = 0};
        if (!error.empty()) news.error = error;
        dispatcher.on_finished(news, [](bool) {});
    }

    void settle() {
        io.restart();
        io.poll();
    }
    /// Half-second ticks; the hosts stay where they are.
    void pass(int ticks) {
        for (int i = 0; i < ticks; ++i) {
            clock.advance(500);
            for (const auto& [id, host] : hosts) {
                directory.on_subscribers(*protocol::AgentId::parse(id), away.contains(id) ? 0 : 1,
                                         clock.wall_ms());
            }
            dispatcher.on_tick();
            if (engine) engine->on_tick();
            settle();
        }
    }

    template <typename T>
    std::expected<T, Error> answer(auto start) {
        std::optional<std::expected<T, Error>> got;
        start([&](std::expected<T, Error> value) { got.emplace(std::move(value)); });
        settle();
        EXPECT_TRUE(got.has_value());
        return std::move(got).value();
    }

    void make_service(const std::string& more = "") {
        const auto request = boost::json::parse(
            R"({"remote": "https://git.example.org/grafana.git", "targets": "*",
                "repository_path": "/srv/grafana", "container": "grafana",
                "check": {"kind": "http", "url": "http://localhost:3000/"}, "concurrency": 1)" +
            more + "}");
        const auto made = answer<ServiceRecord>([&](auto done) {
            book.create("grafana", request.as_object(), "vera", std::move(done));
        });
        ASSERT_TRUE(made) << made.error().detail;
    }
    static DeploymentRequest request_of(const std::string& text) {
        return *deployment_request_of(boost::json::parse(text).as_object());
    }
    std::expected<DeploymentRecord, Error> deploy(
        const std::string& request = R"({"files": [{"path": "grafana.ini", "content": "a"}]})",
        std::optional<std::string> key = std::nullopt) {
        return answer<DeploymentRecord>([&](auto done) {
            engine->start({.service = "grafana",
                           .request = request_of(request),
                           .by = "vera",
                           .idempotency_key = std::move(key)},
                          std::move(done));
        });
    }
    std::expected<DeploymentRecord, Error> wish(const std::string& id, Wish wish) {
        return answer<DeploymentRecord>(
            [&](auto done) { engine->wish(id, wish, "otto", std::move(done)); });
    }
    const Deployment& kept(const std::string& id) { return store.deployments.at(id); }
    std::vector<std::string> ends(const std::string& id) {
        std::vector<std::string> words;
        for (const auto& host : kept(id).hosts) {
            words.emplace_back(host.end ? to_text(*host.end) : runs::to_text(host.state));
        }
        return words;
    }

    boost::asio::io_context io;
    fakes::SetClock clock;
    fakes::MemoryCommandStore commands{io.get_executor()};
    fakes::MemoryDeploymentStore store{io.get_executor()};
    fakes::MemoryGitSource git{io.get_executor()};
    fakes::RecordingAgentLink link{io.get_executor()};
    dispatch::AgentDirectory directory;
    dispatch::Dispatcher dispatcher{
        {.interrupted_attempts = 1}, clock, directory, commands, link, [] {
            return *protocol::CommandId::parse(next_id());
        }};
    fakes::MemoryGroupStore groups{io.get_executor()};
    targets::Targeting targeting{clock, directory, groups};
    crypto::SecretBox box{std::string(32, 'k')};
    Events events;
    ServiceBook book{store, targeting, clock, box, false};
    std::unique_ptr<DeploymentEngine> engine;
    std::map<std::string, PlayedHost> hosts;
    std::set<std::string> sick_commits;
    std::set<std::pair<std::string, std::string>> failing;  ///< host and command
    std::set<std::pair<std::string, std::string>> silent;
    std::set<std::string> away;
};

}  // namespace cockpit::deployments

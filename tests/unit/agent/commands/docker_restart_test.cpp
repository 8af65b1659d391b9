// docker_restart against a real engine, and against sockets where none answers.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <list>

#include "agent/commands/docker_engine.hpp"
#include "agent/commands/docker_restart.hpp"
#include "fakes/docker_engine.hpp"
#include "fixture.hpp"

namespace cockpit::commands {
namespace {

using executor::StopReason;
using protocol::CommandState;
using testing::HasSubstr;
using testing::StartsWith;

executor::CommandHandlers handlers_for(boost::asio::io_context& io,
                                       const std::filesystem::path& socket) {
    return built_in_commands(io.get_executor(),
                             {.git_repositories = {},
                              .docker_containers = {"web", "crash", "loop", "gone", "a/../b"},
                              .docker_socket = socket});
}

executor::Outcome restart(const std::filesystem::path& socket, const std::string& name) {
    boost::asio::io_context io;
    auto handlers = handlers_for(io, socket);
    return CommandRun(io, handler_named(handlers, "docker_restart"), {{"container_name", name}})
        .outcome();
}

class RealEngine : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        auto started = test::PrivateDockerEngine::start();
        if (started)
            engine_ = std::move(*started);
        else
            why_not_ = started.error();
    }
    static void TearDownTestSuite() { engine_.reset(); }
    void SetUp() override {
        if (!engine_) GTEST_SKIP() << "SKIPPED: no Docker engine: " << why_not_;
    }

    static std::unique_ptr<test::PrivateDockerEngine> engine_;
    static std::string why_not_;
};
std::unique_ptr<test::PrivateDockerEngine> RealEngine::engine_;
std::string RealEngine::why_not_;

TEST_F(RealEngine, container_runs_again_with_a_new_start) {
    engine_->run("web", test::PrivateDockerEngine::until_stopped);
    const auto before = engine_->inspect("web", "{{.State.StartedAt}}");
    const auto outcome = restart(engine_->socket(), "web");
    EXPECT_EQ(outcome.state, CommandState::success) << outcome.error.value_or("");
    const auto after = engine_->inspect("web", "{{.State.StartedAt}}");
    EXPECT_NE(after, before);
    EXPECT_EQ(outcome.output, "Container 'web' restarted at " + after);
    EXPECT_EQ(engine_->inspect("web", "{{.State.Running}}"), "true");

    // One that was down is started.
    engine_->docker({"kill", "web"});
    EXPECT_EQ(restart(engine_->socket(), "web").state, CommandState::success);
    EXPECT_EQ(engine_->inspect("web", "{{.State.Running}}"), "true");
}

TEST_F(RealEngine, container_that_exits_at_once_is_an_error) {
    engine_->run("crash", "exit 3");
    const auto outcome = restart(engine_->socket(), "crash");
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_EQ(outcome.error, "container 'crash' was restarted but exited at once with exit code 3");
}

TEST_F(RealEngine, container_that_its_policy_restarts_again_and_again_is_an_error) {
    engine_->run("loop", "busybox sleep 0.3; exit 4", {"--restart", "always"});
    const auto outcome = restart(engine_->socket(), "loop");
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_THAT(*outcome.error,
                StartsWith("container 'loop' was restarted but exited at once with exit code "));
}

TEST_F(RealEngine, unknown_container_is_named) {
    EXPECT_EQ(restart(engine_->socket(), "gone").error,
              "the Docker engine has no container 'gone'");
    const auto odd = restart(engine_->socket(), "a/../b");
    EXPECT_EQ(odd.state, CommandState::error);
    EXPECT_THAT(*odd.error, StartsWith("the Docker engine "));
}

TEST_F(RealEngine, the_engine_s_own_refusal_is_passed_on) {
    engine_->docker({"create", "--name", "broken", "--network", "none", "box", "/no/program"});
    boost::asio::io_context io;
    auto handlers = built_in_commands(io.get_executor(), {.git_repositories = {},
                                                          .docker_containers = {"broken"},
                                                          .docker_socket = engine_->socket()});
    const auto outcome =
        CommandRun(io, handler_named(handlers, "docker_restart"), {{"container_name", "broken"}})
            .outcome();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_THAT(*outcome.error, StartsWith("the Docker engine refused (status "));
    EXPECT_THAT(*outcome.error, HasSubstr("/no/program"));
}

TEST_F(RealEngine, zz_stopped_engine_is_told) {
    const auto socket = engine_->socket();
    engine_->stop();
    const auto outcome = restart(socket, "web");
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_EQ(outcome.error, "the Docker engine's socket '" + socket.string() +
                                 "' does not exist: start the engine, or set DOCKER_SOCKET to its "
                                 "socket");
}

TEST(DockerRestart, only_listed_names_are_allowed) {
    boost::asio::io_context io;
    auto handlers = handlers_for(io, "/nowhere");
    auto& handler = handler_named(handlers, "docker_restart");
    EXPECT_EQ(refusal(handler, {{"container_name", "web"}}), "allowed");
    EXPECT_EQ(handler.resource({{"container_name", "web"}}), "docker:web");
    for (const auto* name : {"we", "web ", "WEB", "webx", "/web", "web/../crash", "", "*"}) {
        EXPECT_EQ(refusal(handler, {{"container_name", name}}),
                  "container_name '" + std::string(name) +
                      "' is not one of this host's DOCKER_CONTAINER_NAME: web, crash, loop, gone, "
                      "a/../b");
    }
}

TEST(DockerRestart, socket_that_cannot_be_used_is_explained) {
    const test::TemporaryDirectory directory;
    const auto socket = directory.path() / "docker.sock";
    const std::string named = "the Docker engine's socket '" + socket.string() + "'";
    EXPECT_EQ(restart(socket, "web").error,
              named + " does not exist: start the engine, or set DOCKER_SOCKET to its socket");
    {
        boost::asio::io_context io;
        boost::asio::local::stream_protocol::acceptor left_behind(io, {socket.string()});
    }
    EXPECT_EQ(
        restart(socket, "web").error,
        "nobody listens at " + named + ": start the engine, or set DOCKER_SOCKET to its socket");
    EXPECT_THAT(*restart("/" + std::string(120, 'x'), "web").error,
                HasSubstr("is longer than the 107 characters a socket may have"));
}

TEST(DockerRestart, missing_permission_is_explained) {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can become another user";
    const test::TemporaryDirectory directory;
    ::chmod(directory.path().c_str(), 0755);
    const auto socket = directory.path() / "docker.sock";
    boost::asio::io_context io;
    boost::asio::local::stream_protocol::acceptor acceptor(io, {socket.string()});
    ::chmod(socket.c_str(), 0600);
    ASSERT_EQ(::seteuid(65534), 0);
    const auto outcome = restart(socket, "web");
    ASSERT_EQ(::seteuid(0), 0);
    EXPECT_EQ(outcome.error, "this agent's user may not use the Docker engine's socket '" +
                                 socket.string() +
                                 "': add the user to the group 'docker', or set DOCKER_SOCKET to "
                                 "a socket it may use");
}

// Stands in for an engine: answers each question with the next of its texts; after the last it
// keeps the question open.
class ScriptedEngine {
  public:
    ScriptedEngine(boost::asio::io_context& io, std::vector<std::string> answers)
        : acceptor_(io, {socket().string()}), answers_(std::move(answers)) {
        accept();
    }
    std::filesystem::path socket() const { return directory_.path() / "docker.sock"; }
    const std::vector<std::string>& questions() const { return questions_; }

  private:
    using Socket = boost::asio::local::stream_protocol::socket;

    void accept() {
        acceptor_.async_accept([this](boost::system::error_code error, Socket peer) {
            if (error) return;
            auto& kept = peers_.emplace_back(std::move(peer));
            auto request = std::make_shared<std::string>();
            boost::asio::async_read_until(
                kept, boost::asio::dynamic_buffer(*request), "\r\n\r\n",
                [this, &kept, request](boost::system::error_code failed, std::size_t) {
                    if (!failed) answer(kept, *request);
                });
            accept();
        });
    }
    void answer(Socket& peer, const std::string& request) {
        const auto number = questions_.size();
        questions_.push_back(request.substr(0, request.find(" HTTP/")));
        if (number >= answers_.size()) return;
        boost::asio::async_write(peer, boost::asio::buffer(answers_[number]),
                                 [&peer](boost::system::error_code, std::size_t) { peer.close(); });
    }

    test::TemporaryDirectory directory_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    std::vector<std::string> answers_;
    std::vector<std::string> questions_;
    std::list<Socket> peers_;
};

const std::string ping = "HTTP/1.1 200 OK\r\nApi-Version: 1.52\r\nContent-Length: 2\r\n\r\nOK";
const std::string running =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3c\r\n"
    R"({"RestartCount":0,"State":{"Running":true,"StartedAt":"one"})"
    "\r\n1\r\n}\r\n0\r\n\r\n";

TEST(DockerRestart, speaks_the_version_of_the_engine_and_encodes_the_name) {
    boost::asio::io_context io;
    ScriptedEngine engine(io, {ping, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"});
    auto handlers = handlers_for(io, engine.socket());
    CommandRun run(io, handler_named(handlers, "docker_restart"), {{"container_name", "a/../b"}});
    EXPECT_EQ(run.outcome().error, "the Docker engine has no container 'a/../b'");
    EXPECT_THAT(engine.questions(),
                testing::ElementsAre("GET /_ping", "GET /v1.52/containers/a%2F..%2Fb/json"));
}

TEST(DockerRestart, stopped_before_the_engine_was_asked_says_so) {
    boost::asio::io_context io;
    ScriptedEngine engine(io, {ping});
    auto handlers = handlers_for(io, engine.socket());
    CommandRun run(io, handler_named(handlers, "docker_restart"), {{"container_name", "web"}});
    ASSERT_TRUE(run.turn_until([&] { return engine.questions().size() == 2; }));
    run.stop(StopReason::cancelled);
    EXPECT_EQ(run.outcome().state, CommandState::cancelled);
    EXPECT_EQ(run.outcome().error,
              "docker_restart of 'web' was cancelled; the Docker engine was not asked to restart "
              "anything");
}

TEST(DockerRestart, stopped_while_the_engine_restarts_says_that_it_may_go_on) {
    boost::asio::io_context io;
    ScriptedEngine engine(io, {ping, running});
    auto handlers = handlers_for(io, engine.socket());
    CommandRun run(io, handler_named(handlers, "docker_restart"), {{"container_name", "web"}});
    ASSERT_TRUE(run.turn_until([&] { return engine.questions().size() == 3; }));
    EXPECT_EQ(engine.questions().back(), "POST /v1.52/containers/web/restart?t=10");
    run.stop(StopReason::timeout);
    EXPECT_EQ(run.outcome().state, CommandState::timeout);
    EXPECT_EQ(run.outcome().error,
              "docker_restart of 'web' did not end within its time limit; the Docker engine was "
              "already asked to restart the container and may still do it");
}

TEST(DockerRestart, destroyed_execution_says_nothing) {
    boost::asio::io_context io;
    ScriptedEngine engine(io, {ping, running});
    auto handlers = handlers_for(io, engine.socket());
    CommandRun run(io, handler_named(handlers, "docker_restart"), {{"container_name", "web"}});
    ASSERT_TRUE(run.turn_until([&] { return engine.questions().size() == 3; }));
    run.destroy();
    io.restart();
    io.run_for(std::chrono::milliseconds(50));
    EXPECT_FALSE(run.ended());
}

TEST(DockerRestart, answers_that_are_no_answers_are_errors) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> rows{
        {{"garbage\r\n\r\n"}, "is unreadable: it does not begin like an HTTP answer"},
        {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nOK"},
         "is unreadable: it breaks off in the middle"},
        {{""}, "is unreadable: it breaks off in the middle"},
        {{"HTTP/1.1 200 OK\r\n\r\n" + std::string(5'000'000, 'x')}, "is longer than 4 MiB"},
        {{ping, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"}, "has no state"},
        {{ping, "HTTP/1.1 500 Oops\r\nContent-Length: 15\r\n\r\n{\"message\":\"x\"}"},
         "the Docker engine refused (status 500): x"},
    };
    for (const auto& [answers, error] : rows) {
        boost::asio::io_context io;
        ScriptedEngine engine(io, answers);
        auto handlers = handlers_for(io, engine.socket());
        CommandRun run(io, handler_named(handlers, "docker_restart"), {{"container_name", "web"}});
        const auto outcome = run.outcome();
        EXPECT_EQ(outcome.state, CommandState::error);
        EXPECT_THAT(*outcome.error, HasSubstr(error));
    }
}

}  // namespace
}  // namespace cockpit::commands

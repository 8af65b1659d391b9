#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "fakes/run_task.hpp"
#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

using protocol::CommandState;
using testing::HasSubstr;
using testing::SizeIs;

class CommandEndpointsTest : public ApiTest {
  protected:
    CommandEndpointsTest() { connect("web-1"); }
    Answer command(std::string body) { return post("/api/cockpit-agent/command", body); }
};

TEST_F(CommandEndpointsTest, ACommandIsAcceptedAtOnceAsPending) {
    const auto answer =
        command(R"({"agent_id":"web-1","command":"echo","params":{"message":"hello"}})");
    ASSERT_EQ(answer.status, 200) << answer.detail();
    EXPECT_EQ(answer.text("status"), "pending");
    EXPECT_EQ(answer.text("agent_id"), "web-1");
    EXPECT_EQ(answer.text("sent_by"), "admin");
    EXPECT_TRUE(answer.body.at("output").is_null());
    ASSERT_THAT(link.runs, SizeIs(1));
    EXPECT_EQ(link.runs[0].attempt.command.text(), answer.text("command_id"));
    EXPECT_EQ(link.runs[0].timeout_ms, std::nullopt);
    EXPECT_THAT(commands.rows, SizeIs(1));
}

TEST_F(CommandEndpointsTest, WithATimeoutItWaitsForTheEnd) {
    host_answers(CommandState::success, "hello");
    const auto answer = command(
        R"({"agent_id":"web-1","command":"echo","params":{"message":"hello"},"timeout":10})");
    ASSERT_EQ(answer.status, 200) << answer.detail();
    EXPECT_EQ(answer.text("status"), "success");
    EXPECT_EQ(answer.text("output"), "hello");
    EXPECT_EQ(answer.body.at("execution_time_ms").as_int64(), 12);
    EXPECT_NE(answer.text("completed_at"), "<absent>");
}

TEST_F(CommandEndpointsTest, ATimeoutOfZeroDoesNotWait) {
    EXPECT_EQ(command(R"({"agent_id":"web-1","command":"echo","timeout":0})").text("status"),
              "pending");
}

TEST_F(CommandEndpointsTest, AWaiterThatLeavesChangesNothingForTheCommand) {
    const auto late = command(R"({"agent_id":"web-1","command":"echo","timeout":0.02})");
    EXPECT_EQ(late.status, 504);
    EXPECT_EQ(late.content_type, "application/problem+json");
    EXPECT_EQ(late.text("status"), "pending");
    EXPECT_THAT(late.detail(), HasSubstr("has not ended in the time given"));
    const auto id = late.text("command_id");
    EXPECT_TRUE(link.cancels.empty());

    bool settled = false;
    dispatcher.on_finished({.agent = agent("web-1"),
                            .attempt = {*protocol::CommandId::parse(id), 1},
                            .state = CommandState::success,
                            .output = "pong"},
                           [&](bool committed) { settled = committed; });
    io.restart();
    io.poll();
    EXPECT_TRUE(settled);
    const auto now = get("/api/cockpit-agent/commands/" + id);
    EXPECT_EQ(now.status, 200);
    EXPECT_EQ(now.text("status"), "success");
    EXPECT_EQ(now.text("output"), "pong");
}

TEST_F(CommandEndpointsTest, HowItEndedDecidesTheStatus) {
    const struct {
        CommandState state;
        std::optional<std::string> error;
        int status;
        std::string detail;
    } cases[] = {
        {CommandState::error, "exit code 1", 422, "exit code 1"},
        {CommandState::error, std::nullopt, 422, "the command ended as error"},
        {CommandState::refused, "the path is not in GIT_REPO_PATH", 422,
         "the path is not in GIT_REPO_PATH"},
        {CommandState::cancelled, std::nullopt, 422, "the command ended as cancelled"},
        {CommandState::cancel_failed, "pid 7 survives", 422, "pid 7 survives"},
        {CommandState::interrupted, "the host died", 422, "the host died"},
        {CommandState::timeout, "stopped after 30 s", 504, "stopped after 30 s"},
    };
    for (const auto& [state, error, status, detail] : cases) {
        host_answers(state, "so far", error);
        const auto answer = command(R"({"agent_id":"web-1","command":"echo","timeout":10})");
        EXPECT_EQ(answer.status, status) << to_text(state);
        EXPECT_EQ(answer.content_type, "application/problem+json");
        EXPECT_EQ(answer.detail(), detail);
        EXPECT_EQ(answer.text("status"), to_text(state));
        EXPECT_EQ(answer.text("command"), "echo");
        EXPECT_NE(answer.text("command_id"), "<absent>");
        EXPECT_TRUE(answer.body.contains("output"));
    }
}

TEST_F(CommandEndpointsTest, GitPullWaitsAndDefaultsToMain) {
    host_answers(CommandState::success, "Already up to date.");
    const auto answer = post("/api/cockpit-agent/git-pull",
                             R"({"agent_id":"web-1","repository_path":"/opt/config"})");
    ASSERT_EQ(answer.status, 200) << answer.detail();
    EXPECT_EQ(answer.text("command"), "git_pull");
    EXPECT_EQ(answer.text("output"), "Already up to date.");
    EXPECT_EQ(boost::json::serialize(link.runs.at(0).params),
              R"({"repository_path":"/opt/config","branch":"main"})");
}

TEST_F(CommandEndpointsTest, DockerRestartWaits) {
    host_answers(CommandState::error, "", "no such container");
    const auto answer = post("/api/cockpit-agent/docker-restart",
                             R"({"agent_id":"web-1","container_name":"grafana"})");
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(answer.detail(), "no such container");
    EXPECT_EQ(link.runs.at(0).command, "docker_restart");
}

TEST_F(CommandEndpointsTest, BothNeedNotWait) {
    EXPECT_EQ(
        post("/api/cockpit-agent/git-pull",
             R"({"agent_id":"web-1","repository_path":"/opt/config","branch":"x","timeout":0})")
            .text("status"),
        "pending");
    EXPECT_EQ(post("/api/cockpit-agent/docker-restart",
                   R"({"agent_id":"web-1","container_name":"grafana","timeout":0})")
                  .text("status"),
              "pending");
}

TEST_F(CommandEndpointsTest, BadInputIsRefusedAndNothingIsSent) {
    const struct {
        std::string body;
        int status;
        std::string says;
    } cases[] = {
        {"", 400, "the body is empty"},
        {"{", 400, "not valid JSON"},
        {R"({"agent_id":"web-1"})", 400, "'command' is missing"},
        {R"({"command":"echo"})", 400, "'agent_id' is missing"},
        {R"({"agent_id":7,"command":"echo"})", 400, "'agent_id' must be a string"},
        {R"({"agent_id":"web-1","command":""})", 400, "'command' must not be empty"},
        {R"({"agent_id":"web-1","command":"rm -rf"})", 400, "has no command 'rm -rf'"},
        {R"({"agent_id":"web-1","command":"echo","params":"x"})", 400,
         "'params' must be an object"},
        {R"({"agent_id":"web-1","command":"echo","params":{"message":1}})", 400,
         "parameter 'message' of command 'echo' must be a string"},
        {R"({"agent_id":"web-1","command":"echo","params":{"mesage":"x"}})", 400,
         "unknown parameter 'mesage'"},
        {R"({"agent_id":"web-1","command":"git_pull","params":{}})", 400,
         "parameter 'repository_path' of command 'git_pull' is missing"},
        {R"({"agent_id":"web-1","command":"echo","params":{"message":"a\u0000b"}})", 400, "NUL"},
        {"{\"agent_id\":\"web-1\",\"command\":\"echo\",\"params\":{\"message\":\"\xff\"}}", 400,
         "not valid UTF-8"},
        {R"({"agent_id":"web-1","command":"echo","timeout":-1})", 400,
         "'timeout' must be from 0 to 3600"},
        {R"({"agent_id":"web-1","command":"echo","timeout":3601})", 400,
         "'timeout' must be from 0 to 3600"},
        {R"({"agent_id":"web-1","command":"echo","timeout":"5"})", 400,
         "'timeout' must be a number"},
        {R"({"agent_id":"web-1","command":"echo","shell":"x"})", 400, "unknown field 'shell'"},
        {R"({"agent_id":"web-1","agent_id":"web-2","command":"echo"})", 400, "twice"},
        {R"({"agent_id":"web-2","command":"echo"})", 404, "no agent is known as 'web-2'"},
        {R"({"agent_id":"web*","command":"echo"})", 400, "'agent_id' is wrong: an agent id has"},
        {R"({"agent_id":"web-1\n","command":"echo"})", 400, "'agent_id' is wrong"},
        {R"({"agent_id":"","command":"echo"})", 400, "'agent_id' is wrong"},
    };
    for (const auto& [body, status, says] : cases) {
        const auto answer = command(body);
        EXPECT_EQ(answer.status, status) << body;
        EXPECT_THAT(answer.detail(), HasSubstr(says)) << body;
        EXPECT_EQ(answer.content_type, "application/problem+json");
    }
    EXPECT_TRUE(link.runs.empty());
    EXPECT_TRUE(commands.rows.empty());
}

TEST_F(CommandEndpointsTest, AFormIsNotReadAsJson) {
    http::Request request{.method = "POST",
                          .path = "/api/cockpit-agent/command",
                          .raw_path = "/api/cockpit-agent/command",
                          .headers = {{"authorization", "bearer " + admin},
                                      {"content-type", "application/x-www-form-urlencoded"}},
                          .body = "{}"};
    EXPECT_EQ(fakes::run_task(io, handler(request)).status, 415);
    request.headers["content-type"] = "Application/JSON; charset=utf-8";
    EXPECT_EQ(fakes::run_task(io, handler(request)).status, 400);
}

TEST_F(CommandEndpointsTest, AnOfflineAgentIs503AndNothingIsRecorded) {
    clock.advance(60'000);
    directory.on_subscribers(agent("web-1"), 0, clock.wall_ms());
    clock.advance(60'000);
    directory.on_subscribers(agent("web-1"), 0, clock.wall_ms());
    const auto answer = command(R"({"agent_id":"web-1","command":"echo","timeout":5})");
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.detail(), HasSubstr("'web-1' is offline"));
    EXPECT_TRUE(commands.rows.empty());
}

TEST_F(CommandEndpointsTest, AnAgentWeCannotSeeIs503) {
    directory.on_link_lost(clock.wall_ms(), "Redis is away");
    const auto answer = command(R"({"agent_id":"web-1","command":"echo"})");
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.detail(), HasSubstr("Redis is away"));
    EXPECT_TRUE(commands.rows.empty());
}

TEST_F(CommandEndpointsTest, AnUnsignedAgentIs409) {
    directory.on_registry_hash(agent("old-1"), {{"status", "online"}, {"capabilities", "echo"}},
                               clock.wall_ms());
    EXPECT_EQ(command(R"({"agent_id":"old-1","command":"echo"})").status, 409);
}

TEST_F(CommandEndpointsTest, AStoreThatFailsIs503AndNothingIsSent) {
    commands.broken = true;
    const auto answer = command(R"({"agent_id":"web-1","command":"echo"})");
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.detail(), HasSubstr("nothing was sent"));
    EXPECT_THAT(answer.detail(), testing::Not(HasSubstr("fake")));
    EXPECT_TRUE(link.runs.empty());
}

TEST_F(CommandEndpointsTest, AStoreThatFailsWhileWaitingNamesTheCommand) {
    link.host = [this](const protocol::Run&) { commands.broken = true; };
    const auto answer = command(R"({"agent_id":"web-1","command":"echo","timeout":0.05})");
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.detail(), HasSubstr("was accepted"));
    EXPECT_EQ(answer.text("command_id"), commands.rows.at(0).command_id);
}

TEST_F(CommandEndpointsTest, ACommandIsFoundByItsId) {
    EXPECT_EQ(get("/api/cockpit-agent/commands/9b2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c55").detail(),
              "there is no command 9b2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c55");
    const auto wrong = get("/api/cockpit-agent/commands/7");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_THAT(wrong.detail(), HasSubstr("a command id is a UUID"));
}

}  // namespace
}  // namespace cockpit::api

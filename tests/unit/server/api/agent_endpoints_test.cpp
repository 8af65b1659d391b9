#include <boost/json/array.hpp>

#include "crypto/keys.hpp"
#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class AgentEndpointsTest : public ApiTest {
  protected:
    std::string ids(const Answer& answer) {
        std::string all;
        for (const auto& one : answer.body.at("agents").as_array()) {
            all += std::string(one.at("agent_id").as_string()) + " ";
        }
        return all;
    }
};

TEST_F(AgentEndpointsTest, StatusHasTheOriginalsFieldsAndOurs) {
    connect("web-1");
    const auto answer = get("/api/cockpit-agent/web-1/status");
    ASSERT_EQ(answer.status, 200) << answer.detail();
    EXPECT_EQ(answer.text("agent_id"), "web-1");
    EXPECT_EQ(answer.text("status"), "online");
    EXPECT_NE(answer.text("evidence"), "");
    EXPECT_EQ(answer.body.at("last_heartbeat").as_int64(), clock.wall / 1000);
    EXPECT_EQ(answer.body.at("started_at").as_int64(), (clock.wall - 5'000) / 1000);
    EXPECT_EQ(answer.text("version"), "1.2.3");
    EXPECT_EQ(answer.text("hostname"), "web-1.example.org");
    EXPECT_EQ(answer.body.at("capabilities").at(0).as_string(), "echo");
    EXPECT_EQ(answer.body.at("commands_executed").as_int64(), 7);
    EXPECT_EQ(answer.body.at("running").as_int64(), 1);
    EXPECT_EQ(answer.body.at("labels").at("site").as_string(), "bern");
    EXPECT_EQ(answer.text("os"), "linux");
    EXPECT_EQ(answer.text("arch"), "x86_64");
    EXPECT_EQ(answer.text("protocol"), "signed");
    EXPECT_THAT(answer.text("public_key_fingerprint"), MatchesRegex("[0-9a-f]{16}"));
    EXPECT_TRUE(answer.body.at("pending_public_key").is_null());
}

TEST_F(AgentEndpointsTest, AnUnknownAgentIs404AndAWrongIdIs400) {
    EXPECT_EQ(get("/api/cockpit-agent/web-9/status").status, 404);
    EXPECT_EQ(get("/api/cockpit-agent/web-9/status").detail(), "there is no agent 'web-9'");
    for (const auto* path :
         {"/api/cockpit-agent/web*/status", "/api/cockpit-agent/web-1%0A/status",
          "/api/cockpit-agent/%2Fetc/status", "/api/cockpit-agent/..%2F..%2Fx/history"}) {
        const auto answer = get(path);
        EXPECT_EQ(answer.status, 400) << path;
        EXPECT_THAT(answer.detail(), HasSubstr("an agent id has 1 to 255 letters")) << path;
    }
}

TEST_F(AgentEndpointsTest, TheListIsByIdAndCounted) {
    EXPECT_EQ(get("/api/cockpit-agent/list").body.at("total").as_int64(), 0);
    connect("web-2");
    connect("db-1");
    connect("web-1");
    const auto answer = get("/api/cockpit-agent/list");
    EXPECT_EQ(ids(answer), "db-1 web-1 web-2 ");
    EXPECT_EQ(answer.body.at("total").as_int64(), 3);
}

TEST_F(AgentEndpointsTest, TheListIsFilteredAndCut) {
    connect("web-1");
    connect("web-2");
    connect("db-1");
    directory.restore({{.agent_id = "db-2", .hostname = "web.example.org"}});
    EXPECT_EQ(ids(get("/api/cockpit-agent/list?search=WEB")), "db-2 web-1 web-2 ");
    EXPECT_EQ(ids(get("/api/cockpit-agent/list?status=online&search=web")), "web-1 web-2 ");
    const auto cut = get("/api/cockpit-agent/list?limit=2&offset=1");
    EXPECT_EQ(ids(cut), "db-2 web-1 ");
    EXPECT_EQ(cut.body.at("total").as_int64(), 4);
    EXPECT_EQ(ids(get("/api/cockpit-agent/list?offset=9")), "");
    EXPECT_EQ(get("/api/cockpit-agent/list?status=away").detail(),
              "'status' must be online, offline or unknown");
    EXPECT_EQ(get("/api/cockpit-agent/list?limit=0").status, 400);
    EXPECT_EQ(get("/api/cockpit-agent/list?limit=x").detail(), "'limit' must be an integer");
}

TEST_F(AgentEndpointsTest, AChangedKeyIsAcceptedByAnAdministrator) {
    connect("web-1");
    const auto old_key = *directory.find(agent("web-1"), clock.wall)->public_key;
    const auto new_key = crypto::SigningKey::generate().public_key();
    directory.set_keys(agent("web-1"), old_key, new_key.to_base64());
    const auto path = "/api/cockpit-agent/web-1/accept-key";
    EXPECT_EQ(get("/api/cockpit-agent/web-1/status").text("pending_public_key"),
              new_key.to_base64());

    const auto other = post(path, R"({"public_key":"another"})");
    EXPECT_EQ(other.status, 409);
    const auto body = R"({"public_key":")" + new_key.to_base64() + "\"}";
    EXPECT_EQ(call("POST", path, body, token_for("vera", {"cockpit_agents:write"})).status, 403);
    const auto accepted = post(path, body);
    EXPECT_EQ(accepted.status, 200) << accepted.detail();
    EXPECT_EQ(accepted.text("public_key_fingerprint"), new_key.id());
    EXPECT_TRUE(accepted.body.at("pending_public_key").is_null());
    EXPECT_EQ(agents.agents.at("web-1").public_key, new_key.to_base64());
    EXPECT_EQ(post("/api/cockpit-agent/web-9/accept-key", body).status, 404);
}

}  // namespace
}  // namespace cockpit::api

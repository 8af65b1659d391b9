#include <boost/json/serialize.hpp>

#include "fakes/run_task.hpp"
#include "server/api/deployment_events.hpp"
#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

const std::string base = "/api/cockpit-agent";

class DeploymentEndpointsTest : public ApiTest {
  protected:
    static std::string service(const std::string& more = "") {
        return R"({"name": "web", "remote": "https://git.example.org/web.git", "targets": "*",
                   "repository_path": "/srv/web", "container": "web")" +
               more + "}";
    }
    static std::string without_name(std::string body) {
        return body.erase(1, std::string(R"("name": "web", )").size());
    }
    std::string deploy() {
        const auto answer = post(base + "/services/web/deployments",
                                 R"({"files": [{"path": "a", "content": "x"}]})");
        EXPECT_EQ(answer.status, 201) << answer.detail();
        return answer.text("deployment_id");
    }
};

TEST_F(DeploymentEndpointsTest, AServiceIsMadeReadChangedAndRemovedAndItsSecretStaysInside) {
    const auto made =
        post(base + "/services", service(R"(, "credentials": {"kind": "password", "username": "u",
                                       "secret": "hush"}, "check": {"kind": "tcp",
                                       "host": "localhost", "port": 80}, "concurrency": "10%")"));
    ASSERT_EQ(made.status, 201) << made.detail();
    EXPECT_EQ(made.body.at("has_secret"), true);
    EXPECT_EQ(made.body.at("concurrency"), "10%");
    EXPECT_EQ(made.text("created_by"), "admin");
    for (const auto& path : {base + "/services", base + "/services/web"}) {
        const auto shown = get(path);
        EXPECT_EQ(shown.status, 200);
        EXPECT_THAT(json::serialize(shown.body), Not(HasSubstr("hush")));
    }
    EXPECT_EQ(post(base + "/services", service()).status, 409);
    const auto changed =
        call("PUT", base + "/services/web", without_name(service(R"(, "branch": "next")")), admin);
    ASSERT_EQ(changed.status, 200) << changed.detail();
    EXPECT_EQ(changed.text("branch"), "next");
    EXPECT_EQ(changed.body.at("has_secret"), true);
    EXPECT_EQ(call("DELETE", base + "/services/web", "", admin).status, 200);
    EXPECT_EQ(get(base + "/services/web").status, 404);
    EXPECT_EQ(call("DELETE", base + "/services/web", "", admin).status, 404);
}

TEST_F(DeploymentEndpointsTest, WhatIsWrongWithAServiceIsNamed) {
    const auto remote = post(base + "/services", R"({"name": "x", "remote": "ext::sh",
        "targets": "*", "repository_path": "/s"})");
    EXPECT_EQ(remote.status, 400);
    EXPECT_THAT(remote.detail(), HasSubstr("'remote' is not the address of a repository"));
    const auto targets = post(base + "/services", R"({"name": "x", "remote": "https://h/x",
        "targets": "a and", "repository_path": "/s"})");
    EXPECT_EQ(targets.status, 400);
    EXPECT_TRUE(targets.body.contains("column"));
    const auto unknown = post(base + "/services", service(R"(, "colour": 1)"));
    EXPECT_EQ(unknown.status, 400);
    EXPECT_THAT(unknown.detail(), HasSubstr("colour"));
}

TEST_F(DeploymentEndpointsTest, ADeploymentIsStartedListedFoundAndCancelled) {
    connect("web-1");
    ASSERT_EQ(post(base + "/services", service()).status, 201);
    git.silent = true;
    const auto id = deploy();
    const auto again =
        post(base + "/services/web/deployments", R"({"files": [{"path": "b", "content": "x"}]})");
    EXPECT_EQ(again.status, 409);
    EXPECT_THAT(again.detail(), HasSubstr("is being deployed by deployment " + id));
    EXPECT_EQ(call("DELETE", base + "/services/web", "", admin).status, 409);

    const auto listed = get(base + "/deployments?service=web");
    ASSERT_EQ(listed.status, 200);
    ASSERT_EQ(listed.body.at("deployments").as_array().size(), 1u);
    EXPECT_TRUE(get(base + "/deployments?service=other").body.at("deployments").as_array().empty());
    const auto found = get(base + "/deployments/" + id);
    EXPECT_EQ(found.text("status"), "committing");
    EXPECT_EQ(found.body.at("hosts").as_array()[0].at("agent_id"), "web-1");
    EXPECT_EQ(found.body.at("files").as_array()[0], "a");

    const auto resumed = post(base + "/deployments/" + id + "/resume", "{}");
    EXPECT_EQ(resumed.status, 409);
    EXPECT_THAT(resumed.detail(), HasSubstr("is not paused"));
    const auto cancelled = post(base + "/deployments/" + id + "/cancel", "{}");
    EXPECT_EQ(cancelled.status, 200);
    EXPECT_EQ(cancelled.text("asked"), "cancel");
    EXPECT_EQ(post(base + "/deployments/none/cancel", "{}").status, 404);
    EXPECT_EQ(get(base + "/deployments/none").status, 404);
    EXPECT_EQ(get(base + "/deployments/none/events").status, 404);
}

TEST_F(DeploymentEndpointsTest, APreviewTellsTheFilesAndTheHosts) {
    connect("web-1");
    ASSERT_EQ(post(base + "/services", service()).status, 201);
    const auto shown =
        post(base + "/services/web/preview", R"({"files": [{"path": "a", "content": "x"}]})");
    ASSERT_EQ(shown.status, 200) << shown.detail();
    EXPECT_EQ(shown.body.at("nothing_to_commit"), false);
    EXPECT_EQ(shown.body.at("files").as_array()[0].at("change"), "added");
    const auto& host = shown.body.at("hosts").as_array()[0].as_object();
    EXPECT_EQ(host.at("agent_id"), "web-1");
    EXPECT_THAT(std::string(host.at("in_the_way").as_string()), HasSubstr("git_revision"));
    EXPECT_EQ(post(base + "/services/none/preview", "{}").status, 404);
    const auto nobody = post(base + "/services/web/preview", R"({"targets": "db-*"})");
    EXPECT_EQ(nobody.status, 400);
    EXPECT_THAT(nobody.detail(), HasSubstr("no host is meant"));
    git.failure = deployments::GitError{deployments::GitError::Kind::unreachable, "no route"};
    const auto away = post(base + "/services/web/preview", "{}");
    EXPECT_EQ(away.status, 409);
    EXPECT_EQ(away.detail(), "no route");
}

TEST_F(DeploymentEndpointsTest, WhoMayDeployMayNotChangeServices) {
    connect("web-1");
    ASSERT_EQ(post(base + "/services", service()).status, 201);
    const auto deployer = token_for("dora", {"deployments:read", "deployments:write"});
    EXPECT_EQ(call("POST", base + "/services", service(), deployer).status, 403);
    EXPECT_EQ(call("DELETE", base + "/services/web", "", deployer).status, 403);
    EXPECT_EQ(call("POST", base + "/services/web/deployments", "{}", deployer).status, 201);
    const auto reader = token_for("rita", {"deployments:read"});
    EXPECT_EQ(call("POST", base + "/services/web/deployments", "{}", reader).status, 403);
    EXPECT_EQ(call("GET", base + "/deployments", "", reader).status, 200);
}

TEST_F(DeploymentEndpointsTest, EventsTellItOnceAndEndWithIt) {
    connect("web-1");
    ASSERT_EQ(post(base + "/services", service()).status, 201);
    const auto id = deploy();
    const auto events = deployment_events(io.get_executor(), deployment_store, id, nullptr);
    const auto first = fakes::run_task(io, events->next());
    ASSERT_TRUE(first);
    EXPECT_THAT(*first, HasSubstr("event: deployment\ndata: {\"deployment_id\":\"" + id));
    auto& record = deployment_store.deployments.at(id).record;
    record.state = deployments::DeploymentState::failed;
    record.ended_at_ms = clock.wall_ms();
    const auto last = fakes::run_task(io, events->next());
    ASSERT_TRUE(last);
    EXPECT_THAT(*last, HasSubstr("event: end\ndata: {\"status\":\"failed\"}"));
    EXPECT_FALSE(fakes::run_task(io, events->next()));
}

}  // namespace
}  // namespace cockpit::api

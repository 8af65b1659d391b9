#include "server/deployments/push_deployments.hpp"

#include "host_world.hpp"

namespace cockpit::deployments {
namespace {

using testing::HasSubstr;

class PushDeploymentsTest : public DeploymentTest {
  protected:
    std::string push(const std::string& branch, const std::string& url, const std::string& after) {
        std::string outcome = "<not answered>";
        notify::Push push{.hook = "forge",
                          .delivery_id = "1",
                          .repository = "team/grafana",
                          .urls = {url},
                          .branch = branch,
                          .before = {},
                          .after = after,
                          .pusher = "otto"};
        pushes.on_push(std::move(push), [&](std::string said) { outcome = std::move(said); });
        settle();
        return outcome;
    }
    void let_time_pass(int ticks) {
        for (int i = 0; i < ticks; ++i) {
            pass(1);
            pushes.on_tick();
            settle();
        }
    }
    /// Somebody pushes a commit of theirs.
    std::string commit() {
        git.commits.push_back({{"theirs", std::to_string(git.commits.size())}});
        git.marks.emplace_back();
        return git.head_id();
    }

    PushDeployments pushes{store, store, *engine, clock};
    const std::string url = "git@git.example.org:grafana.git";
};

TEST_F(PushDeploymentsTest, APushOfTheBranchDeploysIt) {
    connect("a");
    make_service(R"(, "deploy_on_push": true)");
    EXPECT_EQ(push("main", url, commit()), "it deploys 'grafana'");
    let_time_pass(12);
    ASSERT_EQ(store.deployments.size(), 1u);
    const auto& deployment = store.deployments.begin()->second;
    EXPECT_EQ(to_text(deployment.record.state), "succeeded");
    EXPECT_EQ(deployment.record.created_by, "webhook forge");
    EXPECT_EQ(deployment.record.commit, git.head_id());
    EXPECT_EQ(hosts["a"].commit, git.head_id());
    EXPECT_EQ(store.services.at("grafana").pushed_commit, "");
}

TEST_F(PushDeploymentsTest, OnlyTheServicesThatWantItAndComeFromThere) {
    connect("a");
    make_service(R"(, "deploy_on_push": true)");
    EXPECT_THAT(push("next", url, commit()), HasSubstr("no service with deploy_on_push"));
    EXPECT_THAT(push("main", "https://git.example.org/other.git", commit()),
                HasSubstr("no service"));
    let_time_pass(6);
    EXPECT_TRUE(store.deployments.empty());
}

TEST_F(PushDeploymentsTest, OurOwnPushIsNotDeployedAgain) {
    connect("a");
    make_service(R"(, "deploy_on_push": true)");
    silent = {{"a", "git_revision"}};
    const auto id = deploy()->deployment_id;
    let_time_pass(3);
    EXPECT_EQ(push("main", url, git.head_id()), "it deploys 'grafana'");
    silent.clear();
    clock.advance(1);
    const auto command = *protocol::CommandId::parse(kept(id).hosts[0].steps[0].command_id);
    dispatcher.on_finished({.agent = *protocol::AgentId::parse("a"),
                            .attempt = {command, 1},
                            .state = protocol::CommandState::success,
                            .output = git.id_of(0) + "\n",
                            .execution_time_ms = 1,
                            .exit_code = 0},
                           [](bool) {});
    let_time_pass(16);
    EXPECT_EQ(to_text(kept(id).record.state), "succeeded");
    EXPECT_EQ(store.deployments.size(), 1u);
    EXPECT_EQ(store.services.at("grafana").pushed_commit, "");
}

TEST_F(PushDeploymentsTest, APushWhileItIsBeingDeployedWaitsForItsEnd) {
    connect("a");
    make_service(R"(, "deploy_on_push": true)");
    push("main", url, commit());
    let_time_pass(3);
    ASSERT_EQ(store.deployments.size(), 1u);
    push("main", url, commit());
    push("main", url, commit());
    let_time_pass(30);
    EXPECT_EQ(store.deployments.size(), 2u) << "the newest is the one that counts";
    EXPECT_EQ(hosts["a"].commit, git.head_id());
}

TEST_F(PushDeploymentsTest, WhatCannotBeDeployedIsNotTriedForEver) {
    make_service(R"(, "deploy_on_push": true)");  // and there is no host
    push("main", url, commit());
    let_time_pass(4);
    EXPECT_TRUE(store.deployments.empty());
    EXPECT_EQ(store.services.at("grafana").pushed_commit, "");
}

TEST_F(PushDeploymentsTest, AStoreThatFailsIsSaidToTheGitServer) {
    connect("a");
    make_service(R"(, "deploy_on_push": true)");
    store.broken = true;
    EXPECT_THAT(push("main", url, commit()), HasSubstr("let the git server send it again"));
}

}  // namespace
}  // namespace cockpit::deployments

#include "server/deployments/deployment_engine.hpp"

#include "host_world.hpp"

namespace cockpit::deployments {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Host = PlayedHost;

TEST_F(DeploymentTest, AChangeIsCommittedPulledRestartedAndChecked) {
    connect("a");
    connect("b");
    make_service();
    const auto started = deploy();
    ASSERT_TRUE(started) << started.error().detail;
    const auto id = started->deployment_id;
    pass(6);
    const auto& record = kept(id).record;
    EXPECT_EQ(to_text(record.state), "succeeded") << record.progress.why;
    EXPECT_TRUE(record.ended_at_ms);
    EXPECT_EQ(record.base, git.id_of(0));
    EXPECT_EQ(record.commit, git.id_of(1));
    EXPECT_FALSE(record.sealed_changes) << "the files are in the repository by now";
    ASSERT_EQ(git.orders.size(), 1u);
    EXPECT_EQ(git.orders[0].message, "Deploy grafana");
    EXPECT_EQ(git.commits.back(), (fakes::MemoryGitSource::Files{{"grafana.ini", "a"}}));
    EXPECT_THAT(ends(id), ElementsAre("succeeded", "succeeded"));
    for (const auto& [name, host] : hosts) {
        EXPECT_THAT(host.did, ElementsAre("git_revision", "git_pull", "git_revision",
                                          "docker_restart", "health_check"))
            << name;
    }
    const auto& steps = kept(id).hosts[0].steps;
    EXPECT_EQ(steps[0].commit, git.id_of(0));
    EXPECT_EQ(steps[2].commit, git.id_of(1));
    EXPECT_EQ(steps[4].detail, "done");
    EXPECT_FALSE(steps[4].command_id.empty());
    ASSERT_EQ(events.told.size(), 1u);
    EXPECT_EQ(events.told[0].kind, "deployment.ended");
    EXPECT_EQ(events.told[0].outcome, "succeeded");
    EXPECT_THAT(events.told[0].text, HasSubstr("'grafana' to 2 hosts: succeeded, 2 succeeded"));
    EXPECT_EQ(events.told[0].data.at("hosts").as_array().size(), 2u);
}

TEST_F(DeploymentTest, AnEarlierOneIsTakenBackWithTheFilesAsTheyWereBeforeIt) {
    connect("a");
    make_service();
    ASSERT_TRUE(deploy());
    pass(6);
    const auto second = deploy(R"({"files": [{"path": "grafana.ini", "content": "b"},
                             {"path": "new.ini", "content": "n"}]})")
                            ->deployment_id;
    pass(6);
    ASSERT_EQ(git.commits.back().size(), 2u);
    const auto back = deploy(R"({"revert": ")" + second + R"("})");
    ASSERT_TRUE(back) << back.error().detail;
    pass(6);
    EXPECT_EQ(to_text(kept(back->deployment_id).record.state), "succeeded");
    EXPECT_EQ(git.commits.back(), (fakes::MemoryGitSource::Files{{"grafana.ini", "a"}}));
    EXPECT_EQ(git.orders.back().message, "Take back deployment " + second);
    EXPECT_EQ(hosts["a"].commit, git.head_id());

    const auto nobody = deploy(R"({"revert": "no such"})");
    ASSERT_FALSE(nobody);
    EXPECT_THAT(nobody.error().detail, HasSubstr("there is no deployment no such of service"));
}

TEST_F(DeploymentTest, WhatStillRunsCannotBeTakenBack) {
    connect("a");
    make_service();
    silent.insert({"a", "git_pull"});
    const auto running = deploy()->deployment_id;
    pass(2);
    const auto early = deploy(R"({"revert": ")" + running + R"("})");
    ASSERT_FALSE(early);
    EXPECT_THAT(early.error().detail, HasSubstr("has not ended: cancel it"));
}

TEST_F(DeploymentTest, WhatCommittedNothingCannotBeTakenBack) {
    connect("a");
    make_service();
    ASSERT_TRUE(deploy());
    pass(6);
    const auto same = deploy()->deployment_id;
    pass(6);
    const auto nothing = deploy(R"({"revert": ")" + same + R"("})");
    ASSERT_FALSE(nothing);
    EXPECT_THAT(nothing.error().detail, HasSubstr("committed nothing"));
}

TEST_F(DeploymentTest, ASickCanaryIsRolledBackAndTheOthersAreNeverTouched) {
    connect("a");
    connect("b");
    connect("c");
    make_service();
    sick_commits = {git.id_of(1)};
    const auto id = deploy()->deployment_id;
    pass(10);
    EXPECT_EQ(to_text(kept(id).record.state), "failed");
    EXPECT_EQ(kept(id).record.progress.why, "a canary host failed");
    EXPECT_THAT(ends(id), ElementsAre("rolled_back", "skipped", "skipped"));
    EXPECT_THAT(kept(id).hosts[0].why, HasSubstr("check failed: try 3: HTTP 500, wanted 200"));
    EXPECT_THAT(hosts["a"].did,
                ElementsAre("git_revision", "git_pull", "git_revision", "docker_restart",
                            "health_check", "git_rollback", "docker_restart", "health_check"));
    EXPECT_EQ(hosts["a"].commit, git.id_of(0)) << "it is where it was";
    EXPECT_THAT(hosts["b"].did, IsEmpty());
    EXPECT_THAT(hosts["c"].did, IsEmpty());
    EXPECT_EQ(events.told.back().outcome, "failed");
}

TEST_F(DeploymentTest, ARollbackThatFailsIsSaidToBeSomebodysTask) {
    connect("a");
    make_service();
    sick_commits = {git.id_of(0), git.id_of(1)};
    const auto id = deploy()->deployment_id;
    pass(10);
    EXPECT_THAT(ends(id), ElementsAre("rollback_failed"));
    EXPECT_THAT(kept(id).hosts[0].why, HasSubstr("somebody must look at this host"));
}

TEST_F(DeploymentTest, NothingToCommitRestartsNothingUnlessForced) {
    connect("a");
    make_service();
    pass(1);
    ASSERT_TRUE(deploy());
    pass(6);
    hosts["a"].did.clear();
    const auto again = deploy()->deployment_id;
    pass(4);
    EXPECT_EQ(to_text(kept(again).record.state), "unchanged");
    EXPECT_THAT(kept(again).record.progress.why, HasSubstr("there is nothing to commit"));
    EXPECT_THAT(hosts["a"].did, IsEmpty());
    EXPECT_THAT(ends(again), ElementsAre("skipped"));

    const auto forced =
        deploy(R"({"files": [{"path": "grafana.ini", "content": "a"}], "force": true})");
    pass(6);
    EXPECT_EQ(to_text(kept(forced->deployment_id).record.state), "succeeded");
    EXPECT_EQ(hosts["a"].restarts, 2);
}

TEST_F(DeploymentTest, WithoutFilesWhatTheBranchHoldsIsDeployedAndAHostThatHasItIsOnlyChecked) {
    connect("a");
    connect("b");
    make_service();
    git.commits.push_back({{"x", "y"}});
    git.marks.emplace_back();
    hosts["a"].commit = git.head_id();
    const auto id = deploy("{}")->deployment_id;
    pass(8);
    EXPECT_EQ(to_text(kept(id).record.state), "succeeded");
    EXPECT_THAT(git.orders, IsEmpty());
    EXPECT_THAT(ends(id), ElementsAre("unchanged", "succeeded"));
    EXPECT_THAT(hosts["a"].did,
                ElementsAre("git_revision", "git_pull", "git_revision", "health_check"));
    EXPECT_EQ(hosts["b"].restarts, 1);
}

TEST_F(DeploymentTest, OneAtATimeOfOneService) {
    connect("a");
    make_service();
    silent = {{"a", "git_pull"}};
    const auto first = deploy();
    pass(2);
    const auto second = deploy();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, Error::Kind::conflict);
    EXPECT_EQ(second.error().detail, "service 'grafana' is being deployed by deployment " +
                                         first->deployment_id + ": wait for its end, or cancel it");
}

TEST_F(DeploymentTest, TheSameKeyIsTheSameDeployment) {
    connect("a");
    make_service();
    const auto files = R"({"files": [{"path": "x", "content": "1"}]})";
    const auto first = deploy(files, "k");
    pass(6);
    const auto again = deploy(files, "k");
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->deployment_id, first->deployment_id);
    const auto other = deploy(R"({"files": [{"path": "x", "content": "2"}]})", "k");
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().detail, HasSubstr("this Idempotency-Key was used with another"));
}

TEST_F(DeploymentTest, AServerThatDiesIsTakenOverFromAndNothingIsDoneTwice) {
    for (const auto* id : {"a", "b", "c"})
        connect(id);
    make_service();
    const auto id = deploy()->deployment_id;
    for (int life = 0; life < 12; ++life) {
        pass(1);
        start_server();
        pass(32);  // its lease runs out
    }
    EXPECT_EQ(to_text(kept(id).record.state), "succeeded") << kept(id).record.progress.why;
    EXPECT_EQ(git.commits.size(), 2u);
    for (const auto& [name, host] : hosts) {
        EXPECT_EQ(host.restarts, 1) << name;
        EXPECT_EQ(host.did.size(), 5u) << name;
    }
}

TEST_F(DeploymentTest, ACommitThatWasPushedBeforeTheServerDiedIsFoundByItsMark) {
    connect("a");
    make_service();
    git.silent = true;
    const auto id = deploy()->deployment_id;
    pass(2);
    EXPECT_EQ(git.commits.size(), 2u) << "pushed, and nobody was told";
    git.silent = false;
    start_server();
    pass(40);
    EXPECT_EQ(to_text(kept(id).record.state), "succeeded");
    EXPECT_EQ(git.commits.size(), 2u);
    EXPECT_EQ(kept(id).record.base, git.id_of(0));
}

TEST_F(DeploymentTest, WhatTheRepositoryRefusesEndsItBeforeAnyHostIsTouched) {
    connect("a");
    make_service();
    git.failure = GitError{GitError::Kind::rejected, "the repository does not take the commit"};
    const auto id = deploy()->deployment_id;
    pass(4);
    EXPECT_EQ(to_text(kept(id).record.state), "failed");
    EXPECT_EQ(kept(id).record.progress.why, "the repository does not take the commit");
    EXPECT_THAT(hosts["a"].did, IsEmpty());
    EXPECT_EQ(kept(id).record.steps[0].outcome, protocol::CommandState::error);
}

TEST_F(DeploymentTest, CancelledItRollsBackWhoIsUnderWay) {
    connect("a");
    connect("b");
    make_service();
    silent = {{"a", "docker_restart"}};
    const auto id = deploy()->deployment_id;
    pass(3);
    ASSERT_EQ(hosts["a"].did.back(), "docker_restart");
    ASSERT_TRUE(wish(id, Wish::cancel));
    pass(3);
    ASSERT_FALSE(link.cancels.empty());
    silent.clear();
    // The host tells that it stopped it.
    dispatcher.on_finished({.agent = link.cancels[0].agent,
                            .attempt = link.cancels[0].attempt,
                            .state = protocol::CommandState::cancelled,
                            .execution_time_ms = 1},
                           [](bool) {});
    pass(8);
    EXPECT_EQ(to_text(kept(id).record.state), "cancelled");
    EXPECT_EQ(kept(id).record.progress.why, "cancelled by otto");
    EXPECT_THAT(ends(id), ElementsAre("rolled_back", "skipped"));
    EXPECT_EQ(hosts["a"].commit, git.id_of(0));
    EXPECT_THAT(hosts["b"].did, IsEmpty());
}

TEST_F(DeploymentTest, AHostThatCannotDoAllOfItIsLeftOutBeforeItBegins) {
    connect("a", protocol::original_commands());
    connect("b");
    make_service(R"(, "canary": 0)");
    const auto id = deploy()->deployment_id;
    pass(8);
    EXPECT_THAT(ends(id), ElementsAre("skipped", "succeeded"));
    EXPECT_THAT(kept(id).hosts[0].why, HasSubstr("git_revision"));
    EXPECT_THAT(hosts["a"].did, IsEmpty());
    EXPECT_EQ(to_text(kept(id).record.state), "finished_with_failures");
}

TEST_F(DeploymentTest, PausedItBeginsNoOtherHostAndResumeIsForWhatIsPaused) {
    connect("a");
    connect("b");
    make_service();
    silent = {{"a", "health_check"}};
    const auto id = deploy()->deployment_id;
    pass(3);
    const auto early = wish(id, Wish::resume);
    ASSERT_FALSE(early);
    EXPECT_THAT(early.error().detail, HasSubstr("is not paused: it is running"));
    ASSERT_TRUE(wish(id, Wish::pause));
    pass(3);
    EXPECT_EQ(to_text(kept(id).record.state), "paused");
    EXPECT_EQ(events.told.back().kind, "deployment.paused");
    EXPECT_EQ(kept(id).record.progress.why, "paused by otto");
    ASSERT_TRUE(wish(id, Wish::resume));
    pass(3);
    EXPECT_EQ(to_text(kept(id).record.state), "running");
}

TEST_F(DeploymentTest, APreviewChangesNothing) {
    connect("a");
    connect("b", protocol::original_commands());
    make_service();
    const auto shown = answer<Preview>([&](auto done) {
        engine->preview("grafana", request_of(R"({"files": [{"path": "n", "content": "1"}]})"),
                        std::move(done));
    });
    ASSERT_TRUE(shown) << shown.error().detail;
    EXPECT_EQ(shown->base, git.id_of(0));
    ASSERT_EQ(shown->files.size(), 1u);
    EXPECT_EQ(shown->files[0].kind, FileDifference::Kind::added);
    ASSERT_EQ(shown->hosts.size(), 2u);
    EXPECT_FALSE(shown->hosts[0].in_the_way);
    EXPECT_EQ(shown->hosts[0].wave, 0u);
    EXPECT_EQ(shown->hosts[1].wave, 1u);
    EXPECT_THAT(*shown->hosts[1].in_the_way, HasSubstr("git_revision"));
    pass(4);
    EXPECT_THAT(store.deployments, IsEmpty());
    EXPECT_THAT(git.orders, IsEmpty());
}

TEST_F(DeploymentTest, PathContainerAndCheckMayHaveVariablesOfTheHost) {
    connect("a");
    connect("b");
    const auto request = boost::json::parse(
        R"({"remote": "https://git.example.org/grafana.git", "targets": "*",
            "repository_path": "/srv/{{agent_id}}", "container": "grafana-{{agent_id}}",
            "check": {"kind": "http", "url": "http://localhost:{{port}}/"},
            "host_variables": {"a": {"port": 1}, "b": {"port": 2}}})");
    ASSERT_TRUE(answer<ServiceRecord>(
        [&](auto done) { book.create("grafana", request.as_object(), "vera", std::move(done)); }));
    const auto id = deploy()->deployment_id;
    pass(8);
    EXPECT_EQ(to_text(kept(id).record.state), "succeeded");
    const auto& pipeline = kept(id).hosts[1].pipeline;
    EXPECT_EQ(pipeline.repository_path, "/srv/b");
    EXPECT_EQ(pipeline.container, "grafana-b");
    EXPECT_EQ(pipeline.check.at("url"), "http://localhost:2/");
    connect("c");
    const auto missing = deploy();
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().detail,
              "'check.url' of service 'grafana' for host 'c': no value is given for 'port'");
}

TEST_F(DeploymentTest, TheStoreMayFailForAWhile) {
    connect("a");
    make_service();
    const auto id = deploy()->deployment_id;
    pass(1);
    store.broken = true;
    pass(4);
    const auto refused = deploy();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Error::Kind::store_unavailable);
    store.broken = false;
    pass(8);
    EXPECT_EQ(to_text(kept(id).record.state), "succeeded");
    EXPECT_EQ(hosts["a"].restarts, 1);
}

}  // namespace
}  // namespace cockpit::deployments

#include <gmock/gmock.h>

#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using deployments::Deployment;
using deployments::DeploymentRecord;
using deployments::DeploymentState;
using deployments::HostEnd;
using deployments::ServiceRecord;
using deployments::Step;
using deployments::StepKind;
using deployments::Wish;
using testing::ElementsAre;

constexpr std::int64_t now_ms = 1'790'000'000'123;

class DeploymentStoreTest : public StoreTest {
  protected:
    template <typename T, typename Start>
    T wait(Start start) {
        return store_.wait<dispatch::StoreResult<T>>(std::move(start)).value();
    }
    bool add(const ServiceRecord& record) {
        return wait<bool>([&](auto done) { store_->add_service(record, std::move(done)); });
    }
    std::optional<ServiceRecord> service(const std::string& name) {
        return wait<std::optional<ServiceRecord>>(
            [&](auto done) { store_->find_service(name, std::move(done)); });
    }
    bool add(const Deployment& deployment) {
        return wait<bool>([&](auto done) { store_->add_deployment(deployment, std::move(done)); });
    }
    std::optional<Deployment> found(const std::string& id) {
        return wait<std::optional<Deployment>>(
            [&](auto done) { store_->find_deployment(id, std::move(done)); });
    }
    bool change(const deployments::DeploymentChange& change) {
        return wait<bool>([&](auto done) { store_->change_deployment(change, std::move(done)); });
    }
    bool wish(const std::string& id, Wish wish) {
        return wait<bool>(
            [&](auto done) { store_->wish_of_deployment(id, wish, "otto", std::move(done)); });
    }
    bool lease(const std::string& id, const std::string& owner, std::int64_t at_ms) {
        return wait<bool>([&](auto done) {
            store_->lease_deployment(id, owner, at_ms, at_ms + 15'000, std::move(done));
        });
    }
    std::vector<std::string> pushed() {
        const auto services = wait<std::vector<ServiceRecord>>(
            [&](auto done) { store_->pushed_services(std::move(done)); });
        std::vector<std::string> names;
        for (const auto& one : services)
            names.push_back(one.name + " " + one.pushed_commit);
        return names;
    }
    std::vector<std::string> listed(const std::string& of) {
        const auto page = wait<deployments::DeploymentPage>(
            [&](auto done) { store_->list_deployments(10, std::nullopt, of, std::move(done)); });
        std::vector<std::string> ids;
        for (const auto& one : page.deployments)
            ids.push_back(one.deployment_id);
        return ids;
    }

    static ServiceRecord web(const std::string& name = "web") {
        return {.name = name,
                .definition = R"({"remote":"https://h/x"})",
                .sealed_secret = "sealed",
                .created_by = "vera",
                .created_at_ms = now_ms,
                .updated_by = "vera",
                .updated_at_ms = now_ms,
                .pushed_commit = {},
                .pushed_by = {}};
    }
    static Deployment deployment(const std::string& id, const std::string& of = "web") {
        Deployment made;
        auto& record = made.record;
        record.deployment_id = id;
        record.service = of;
        record.definition = R"({"remote":"https://h/x"})";
        record.message = "Deploy züri";
        record.forced = true;
        record.expression = "web-*";
        record.paths = {"a", "b/c"};
        record.sealed_changes = "sealed files";
        record.created_by = "vera";
        record.created_at_ms = now_ms;
        record.idempotency_key = "key of " + id;
        record.request_digest = std::string(64, 'd');
        record.steps = {{.kind = StepKind::commit, .started_at_ms = now_ms}};
        record.progress.wave_from_ms = 3'000'000'000'000;
        record.total = 2;
        record.lease_owner = "one";
        record.lease_until_ms = now_ms + 15'000;
        made.hosts.resize(2);
        made.hosts[0].agent_id = "web-1";
        made.hosts[1].agent_id = "web-2";
        made.hosts[1].wave = 1;
        made.hosts[1].pipeline = {.repository_path = "/srv/web",
                                  .branch = "main",
                                  .container = "web",
                                  .check = {{"kind", "tcp"}},
                                  .forced = true};
        return made;
    }

    OpenStore store_{url_};
};

COCKPIT_BOTH_DATABASES(DeploymentStoreTest);

TEST_P(DeploymentStoreTest, ServicesAreKeptAndChanged) {
    EXPECT_TRUE(add(web()));
    EXPECT_FALSE(add(web())) << "the name is taken";
    auto other = web();
    other.definition = "{}";
    other.sealed_secret.reset();
    other.updated_by = "otto";
    EXPECT_TRUE(wait<bool>([&](auto done) { store_->replace_service(other, std::move(done)); }));
    const auto back = service("web");
    ASSERT_TRUE(back);
    EXPECT_EQ(back->definition, "{}");
    EXPECT_FALSE(back->sealed_secret);
    EXPECT_EQ(back->created_by, "vera");
    EXPECT_EQ(back->updated_by, "otto");
    EXPECT_EQ(back->created_at_ms, now_ms);
    EXPECT_FALSE(service("none"));
    EXPECT_FALSE(
        wait<bool>([&](auto done) { store_->replace_service(web("none"), std::move(done)); }));
}

TEST_P(DeploymentStoreTest, APushWaitsWhileTheServiceIsBeingDeployed) {
    ASSERT_TRUE(add(web()));
    ASSERT_TRUE(add(web("other")));
    const auto note = [&](const std::string& commit) {
        return wait<bool>(
            [&](auto done) { store_->note_push("web", commit, "forge", std::move(done)); });
    };
    EXPECT_TRUE(note("c1"));
    EXPECT_THAT(pushed(), ElementsAre("web c1"));
    ASSERT_TRUE(add(deployment("d1")));
    EXPECT_THAT(pushed(), ElementsAre());
    EXPECT_TRUE(note("c2"));
    EXPECT_FALSE(wait<bool>([&](auto done) { store_->forget_push("web", "c1", std::move(done)); }))
        << "another one came since";
    EXPECT_FALSE(wait<bool>([&](auto done) { store_->remove_service("web", std::move(done)); }))
        << "it is being deployed";
    EXPECT_TRUE(change({.deployment_id = "d1",
                        .owner = "one",
                        .lease_until_ms = now_ms,
                        .state = DeploymentState::failed,
                        .progress = {},
                        .ended_at_ms = now_ms}));
    EXPECT_THAT(pushed(), ElementsAre("web c2"));
    EXPECT_TRUE(wait<bool>([&](auto done) { store_->forget_push("web", "c2", std::move(done)); }));
    EXPECT_THAT(pushed(), ElementsAre());
    EXPECT_TRUE(wait<bool>([&](auto done) { store_->remove_service("web", std::move(done)); }));
    EXPECT_FALSE(service("web"));
    EXPECT_TRUE(found("d1")) << "what was done stays in the history";
}

TEST_P(DeploymentStoreTest, OfOneServiceOneIsOpen) {
    EXPECT_TRUE(add(deployment("d1")));
    EXPECT_FALSE(add(deployment("d2"))) << "the same service";
    EXPECT_FALSE(found("d2"));
    EXPECT_TRUE(add(deployment("d3", "db")));
    auto same_key = deployment("d4", "cache");
    same_key.record.idempotency_key = "key of d1";
    EXPECT_FALSE(add(same_key));
    EXPECT_THAT(listed(""), ElementsAre("d3", "d1"));
    EXPECT_THAT(listed("db"), ElementsAre("d3"));
    const auto by_key = wait<std::optional<DeploymentRecord>>(
        [&](auto done) { store_->find_deployment_by_key("vera", "key of d1", std::move(done)); });
    ASSERT_TRUE(by_key);
    EXPECT_EQ(by_key->deployment_id, "d1");
}

TEST_P(DeploymentStoreTest, ItComesBackAsItWasWritten) {
    const auto wanted = deployment("d1");
    ASSERT_TRUE(add(wanted));
    const auto back = found("d1");
    ASSERT_TRUE(back);
    const auto& record = back->record;
    EXPECT_EQ(record.message, "Deploy züri");
    EXPECT_TRUE(record.forced);
    EXPECT_THAT(record.paths, ElementsAre("a", "b/c"));
    EXPECT_EQ(record.sealed_changes, "sealed files");
    EXPECT_EQ(record.state, DeploymentState::committing);
    EXPECT_EQ(record.progress.state, runs::RunState::running);
    EXPECT_EQ(record.progress.wave_from_ms, 3'000'000'000'000);
    EXPECT_EQ(record.steps, wanted.record.steps);
    EXPECT_EQ(record.commit, "");
    ASSERT_EQ(back->hosts.size(), 2u);
    EXPECT_EQ(back->hosts[1].agent_id, "web-2");
    EXPECT_EQ(back->hosts[1].wave, 1u);
    EXPECT_EQ(back->hosts[1].pipeline, wanted.hosts[1].pipeline);
    EXPECT_EQ(back->hosts[1].state, runs::HostState::waiting);
    EXPECT_TRUE(back->hosts[1].steps.empty());
}

TEST_P(DeploymentStoreTest, WhatTheDriverWritesIsWrittenOnlyUnderItsLease) {
    ASSERT_TRUE(add(deployment("d1")));
    deployments::DeploymentChange news{.deployment_id = "d1",
                                       .owner = "one",
                                       .lease_until_ms = now_ms + 20'000,
                                       .state = DeploymentState::running,
                                       .progress = {.why = "why", .wave = 1},
                                       .base = "b0",
                                       .commit = "c0"};
    news.steps = {{.kind = StepKind::commit,
                   .started_at_ms = 1,
                   .ended_at_ms = 2,
                   .outcome = protocol::CommandState::success,
                   .commit = "c0"}};
    deployments::DeployedHost host;
    host.agent_id = "web-2";
    host.state = runs::HostState::ended;
    host.end = HostEnd::rolled_back;
    host.why = "check failed";
    host.steps = {{.kind = StepKind::before, .started_at_ms = 5}};
    news.hosts.push_back({1, host});
    EXPECT_FALSE(lease("d1", "two", now_ms)) << "it is another one's";
    EXPECT_TRUE(change(news));
    auto back = found("d1");
    ASSERT_TRUE(back);
    EXPECT_EQ(back->record.state, DeploymentState::running);
    EXPECT_EQ(back->record.base, "b0");
    EXPECT_EQ(back->record.commit, "c0");
    EXPECT_FALSE(back->record.sealed_changes) << "committed: no longer kept";
    EXPECT_EQ(back->record.steps, news.steps);
    EXPECT_EQ(back->record.progress.why, "why");
    EXPECT_EQ(back->hosts[1].end, HostEnd::rolled_back);
    EXPECT_EQ(back->hosts[1].why, "check failed");
    EXPECT_EQ(back->hosts[1].steps, host.steps);
    EXPECT_TRUE(lease("d1", "two", now_ms + 60'000));
    EXPECT_FALSE(change(news)) << "it is another one's now";
    const auto open = wait<std::vector<DeploymentRecord>>(
        [&](auto done) { store_->open_deployments("two", now_ms, std::move(done)); });
    ASSERT_EQ(open.size(), 1u);
    news.owner = "two";
    news.state = DeploymentState::unchanged;
    news.ended_at_ms = now_ms;
    EXPECT_TRUE(change(news));
    EXPECT_EQ(found("d1")->record.progress.state, runs::RunState::cancelled)
        << "final for the rules of waves, too";
    EXPECT_FALSE(lease("d1", "two", now_ms + 99'000));
}

TEST_P(DeploymentStoreTest, WishesAreTakenBackWhenDoneAndResumeIsForWhatIsPaused) {
    ASSERT_TRUE(add(deployment("d1")));
    EXPECT_FALSE(wish("d1", Wish::resume)) << "it is not paused";
    EXPECT_TRUE(wish("d1", Wish::pause));
    EXPECT_EQ(found("d1")->record.wish, Wish::pause);
    deployments::DeploymentChange done{.deployment_id = "d1",
                                       .owner = "one",
                                       .lease_until_ms = now_ms,
                                       .state = DeploymentState::paused,
                                       .progress = {},
                                       .done_wish = Wish::pause};
    EXPECT_TRUE(change(done));
    EXPECT_EQ(found("d1")->record.wish, std::nullopt);
    EXPECT_EQ(found("d1")->record.sealed_changes, "sealed files") << "not committed yet";
    EXPECT_TRUE(wish("d1", Wish::resume));
    EXPECT_TRUE(wish("d1", Wish::cancel));
    EXPECT_FALSE(wish("d1", Wish::pause)) << "a cancellation stays";
    EXPECT_EQ(found("d1")->record.wished_by, "otto");
    EXPECT_FALSE(wish("none", Wish::pause));
}

}  // namespace
}  // namespace cockpit::store

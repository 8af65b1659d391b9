#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using protocol::CommandState;
using runs::HostState;
using runs::RunState;
using runs::Wish;

constexpr std::int64_t now_ms = 1'790'000'000'123;

class RunStoreTest : public StoreTest {
  protected:
    template <typename T>
    T ask(auto start) {
        return store_.wait<dispatch::StoreResult<T>>(std::move(start)).value();
    }
    bool add(const runs::Run& run) {
        return ask<bool>([&](auto done) { store_->add_run(run, std::move(done)); });
    }
    std::optional<runs::Run> found(const std::string& id) {
        return ask<std::optional<runs::Run>>(
            [&](auto done) { store_->find_run(id, std::move(done)); });
    }
    bool lease(const std::string& id, const std::string& owner, std::int64_t at) {
        return ask<bool>(
            [&](auto done) { store_->lease_run(id, owner, at, at + 15'000, std::move(done)); });
    }
    bool wish(const std::string& id, Wish wish) {
        return ask<bool>([&](auto done) { store_->wish(id, wish, "otto", std::move(done)); });
    }
    bool change(const runs::RunChange& change) {
        return ask<bool>([&](auto done) { store_->change_run(change, std::move(done)); });
    }
    static runs::Run run(const std::string& id) {
        return {.record = {.run_id = id,
                           .plan_hash = std::string(64, 'a'),
                           .command = "echo",
                           .params = R"({"message":"züri"})",
                           .sealed_params = "sealed",
                           .expression = "web-*",
                           .limits = {.concurrency = {.value = 10, .per_cent = true},
                                      .max_failures = {.value = 3},
                                      .canary = 2,
                                      .pause_ms = 1'500},
                           .sending = {.timeout_ms = 60'000, .forced = true},
                           .created_by = "vera",
                           .created_at_ms = now_ms,
                           .idempotency_key = "key of " + id,
                           .parent_run_id = "earlier",
                           .lease_owner = "one",
                           .lease_until_ms = now_ms + 15'000,
                           .plan_id = "plan of " + id,
                           .request_digest = std::string(64, 'd')},
                .hosts = {{.agent_id = "web-1"}, {.agent_id = "web-2", .wave = 1}}};
    }

    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(RunStoreTest);

TEST_P(RunStoreTest, APlanComesBackAndGoesWhenItIsOld) {
    const runs::PlanRecord plan{.plan_id = "p1",
                                .hash = std::string(64, 'b'),
                                .command = "echo",
                                .params = "{}",
                                .expression = "web-*",
                                .hosts = {"web-1", "web-2"},
                                .created_by = "vera",
                                .created_at_ms = now_ms,
                                .expires_at_ms = now_ms + 1};
    EXPECT_TRUE(ask<bool>([&](auto done) { store_->add_plan(plan, std::move(done)); }));
    const auto find = [&] {
        return ask<std::optional<runs::PlanRecord>>(
            [&](auto done) { store_->find_plan("p1", std::move(done)); });
    };
    ASSERT_TRUE(find());
    EXPECT_EQ(find()->hosts, plan.hosts);
    EXPECT_EQ(find()->hash, plan.hash);
    EXPECT_EQ(find()->sealed_params, std::nullopt);
    EXPECT_EQ(find()->expires_at_ms, plan.expires_at_ms);
    ask<bool>([&](auto done) { store_->remove_plans_before(now_ms + 1, std::move(done)); });
    EXPECT_TRUE(find());
    ask<bool>([&](auto done) { store_->remove_plans_before(now_ms + 2, std::move(done)); });
    EXPECT_FALSE(find());
}

TEST_P(RunStoreTest, ARunComesBackAsItWasAdded) {
    EXPECT_TRUE(add(run("r1")));
    const auto back = found("r1");
    ASSERT_TRUE(back);
    const auto& record = back->record;
    EXPECT_EQ(record.command, "echo");
    EXPECT_EQ(record.params, R"({"message":"züri"})");
    EXPECT_EQ(record.sealed_params, "sealed");
    EXPECT_EQ(record.limits.concurrency.text(), "10%");
    EXPECT_EQ(record.limits.max_failures.text(), "3");
    EXPECT_EQ(record.limits.canary, 2);
    EXPECT_EQ(record.limits.pause_ms, 1'500);
    EXPECT_EQ(record.sending.timeout_ms, 60'000);
    EXPECT_EQ(record.sending.queue_for_ms, std::nullopt);
    EXPECT_EQ(record.created_at_ms, now_ms);
    EXPECT_EQ(record.ended_at_ms, std::nullopt);
    EXPECT_EQ(record.parent_run_id, "earlier");
    EXPECT_EQ(record.progress.state, RunState::running);
    EXPECT_EQ(record.wish, std::nullopt);
    EXPECT_EQ(record.total, 2u);
    ASSERT_EQ(back->hosts.size(), 2u);
    EXPECT_EQ(back->hosts[1].agent_id, "web-2");
    EXPECT_EQ(back->hosts[1].wave, 1u);
    EXPECT_EQ(back->hosts[1].state, HostState::waiting);
    EXPECT_FALSE(found("r2"));
}

TEST_P(RunStoreTest, AKeyIsUsedOnceByOnePerson) {
    EXPECT_TRUE(add(run("r1")));
    auto again = run("r2");
    again.record.idempotency_key = "key of r1";
    EXPECT_FALSE(add(again));
    EXPECT_FALSE(found("r2"));
    const auto first = ask<std::optional<runs::RunRecord>>(
        [&](auto done) { store_->find_run_by_key("vera", "key of r1", std::move(done)); });
    EXPECT_EQ(first->run_id, "r1");
    const auto by_plan = [&](const std::string& plan) {
        return ask<std::optional<runs::RunRecord>>(
            [&](auto done) { store_->find_run_of_plan(plan, std::move(done)); });
    };
    EXPECT_EQ(by_plan("plan of r1")->run_id, "r1");
    EXPECT_FALSE(by_plan("none"));
    again.record.idempotency_key = "another";
    again.record.plan_id = "plan of r1";
    EXPECT_FALSE(add(again)) << "a plan is run once";
    again.record.plan_id = "plan of r2";
    again.record.idempotency_key = "key of r1";
    again.record.created_by = "otto";
    EXPECT_TRUE(add(again));
    auto without = run("r3");
    without.record.idempotency_key.reset();
    without.record.plan_id.reset();
    EXPECT_TRUE(add(without));
    without.record.run_id = "r4";
    EXPECT_TRUE(add(without));
}

TEST_P(RunStoreTest, OnlyWhoHasTheLeaseWrites) {
    add(run("r1"));
    EXPECT_FALSE(lease("r1", "two", now_ms)) << "one's lease goes on";
    EXPECT_TRUE(lease("r1", "two", now_ms + 15'001));
    EXPECT_FALSE(lease("r1", "one", now_ms + 15'002));
    runs::RunChange news{.run_id = "r1",
                         .owner = "one",
                         .lease_until_ms = now_ms + 30'000,
                         .progress = {.state = RunState::paused, .why = "late"},
                         .hosts = {{0, {.agent_id = "web-1", .state = HostState::sending}}}};
    EXPECT_FALSE(change(news));
    EXPECT_EQ(found("r1")->record.progress.state, RunState::running);
    EXPECT_EQ(found("r1")->hosts[0].state, HostState::waiting);
    news.owner = "two";
    news.progress = {.state = RunState::running,
                     .stopping_as = RunState::failed,
                     .why = "a canary host failed",
                     .wave = 1,
                     .wave_from_ms = now_ms + 5};
    news.hosts = {{1,
                   {.agent_id = "web-2",
                    .state = HostState::ended,
                    .command_id = "c1",
                    .outcome = CommandState::error}}};
    EXPECT_TRUE(change(news));
    const auto back = found("r1");
    EXPECT_EQ(back->record.progress, news.progress);
    EXPECT_EQ(back->record.lease_until_ms, now_ms + 30'000);
    EXPECT_EQ(back->hosts[0].state, HostState::waiting);
    EXPECT_EQ(back->hosts[1].state, HostState::ended);
    EXPECT_EQ(back->hosts[1].command_id, "c1");
    EXPECT_EQ(back->hosts[1].outcome, CommandState::error);
    news.ended_at_ms = now_ms + 9;
    news.progress.state = RunState::failed;
    EXPECT_TRUE(change(news));
    EXPECT_FALSE(change(news)) << "what has ended does not change";
    EXPECT_FALSE(lease("r1", "two", now_ms + 99'000));
    EXPECT_EQ(found("r1")->record.ended_at_ms, now_ms + 9);
}

TEST_P(RunStoreTest, WishesAreTakenBackWhenDoneAndACancellationStays) {
    add(run("r1"));
    EXPECT_FALSE(wish("r1", Wish::resume)) << "it is not paused";
    EXPECT_TRUE(wish("r1", Wish::pause));
    EXPECT_TRUE(wish("r1", Wish::resume));
    EXPECT_EQ(found("r1")->record.wish, Wish::resume);
    EXPECT_EQ(found("r1")->record.wished_by, "otto");
    runs::RunChange done{.run_id = "r1",
                         .owner = "one",
                         .lease_until_ms = now_ms + 15'000,
                         .done_wish = Wish::pause};
    EXPECT_TRUE(change(done));
    EXPECT_EQ(found("r1")->record.wish, Wish::resume) << "another one by now";
    done.done_wish = Wish::resume;
    EXPECT_TRUE(change(done));
    EXPECT_EQ(found("r1")->record.wish, std::nullopt);
    EXPECT_TRUE(wish("r1", Wish::cancel));
    EXPECT_FALSE(wish("r1", Wish::resume));
    EXPECT_FALSE(wish("none", Wish::pause));
}

TEST_P(RunStoreTest, OpenRunsAreOnesOwnAndNobodys) {
    for (const auto* id : {"r1", "r2", "r3"})
        add(run(id));
    const auto open = [&](const std::string& owner, std::int64_t at) {
        std::vector<std::string> ids;
        for (const auto& record : ask<std::vector<runs::RunRecord>>(
                 [&](auto done) { store_->open_runs(owner, at, std::move(done)); })) {
            ids.push_back(record.run_id);
        }
        return ids;
    };
    EXPECT_EQ(open("one", now_ms).size(), 3u);
    EXPECT_EQ(open("two", now_ms).size(), 0u);
    EXPECT_EQ(open("two", now_ms + 15'001).size(), 3u);
    const auto first =
        ask<runs::RunPage>([&](auto done) { store_->list_runs(2, std::nullopt, std::move(done)); });
    ASSERT_EQ(first.runs.size(), 2u);
    EXPECT_EQ(first.runs[0].run_id, "r3");
    EXPECT_TRUE(first.more);
    const auto last = ask<runs::RunPage>(
        [&](auto done) { store_->list_runs(2, first.runs[1].id, std::move(done)); });
    ASSERT_EQ(last.runs.size(), 1u);
    EXPECT_EQ(last.runs[0].run_id, "r1");
    EXPECT_FALSE(last.more);
}

}  // namespace
}  // namespace cockpit::store

#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using dispatch::AgentRecord;
using dispatch::JoinToken;
using dispatch::RedeemFailure;
using Redeemed = dispatch::StoreResult<std::optional<RedeemFailure>>;

constexpr std::int64_t now_ms = 1'790'000'000'000;

class AgentStoreTest : public StoreTest {
  protected:
    void add_token(std::int64_t uses, std::int64_t expires_at_ms = now_ms + 60'000) {
        const auto added = store_.wait<dispatch::StoreResult<bool>>([&](auto done) {
            store_->add_join_token({.id = "t1",
                                    .secret_hash = std::string(64, 'a'),
                                    .expires_at_ms = expires_at_ms,
                                    .uses_left = uses,
                                    .created_by = "admin",
                                    .created_at_ms = now_ms},
                                   std::move(done));
        });
        ASSERT_TRUE(added) << added.error().message;
    }
    std::optional<JoinToken> token(const std::string& id = "t1") {
        return store_
            .wait<dispatch::StoreResult<std::optional<JoinToken>>>(
                [&](auto done) { store_->find_join_token(id, std::move(done)); })
            .value();
    }
    Redeemed redeem(const std::string& token_id, const AgentRecord& record) {
        return store_.wait<Redeemed>([&](auto done) {
            store_->redeem_join_token(token_id, now_ms, record, std::move(done));
        });
    }
    void save(const AgentRecord& record) {
        const auto saved = store_.wait<dispatch::StoreResult<bool>>(
            [&](auto done) { store_->save_agent(record, std::move(done)); });
        ASSERT_TRUE(saved) << saved.error().message;
    }
    std::vector<AgentRecord> agents() {
        return store_
            .wait<dispatch::StoreResult<std::vector<AgentRecord>>>(
                [&](auto done) { store_->load_agents(std::move(done)); })
            .value();
    }
    static AgentRecord agent(const std::string& id, const std::string& key) {
        return {.agent_id = id,
                .public_key = key,
                .hostname = id + ".example",
                .version = "1.0.0",
                .first_seen_ms = now_ms + 1,
                .last_seen_ms = now_ms + 2,
                .labels = {{"site", "züri"}, {"app/tier", "web"}}};
    }

    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(AgentStoreTest);

TEST_P(AgentStoreTest, AnAgentIsSavedAndReplacedButForWhenItWasFirstSeen) {
    EXPECT_TRUE(agents().empty());
    save(agent("host-2", "key-2"));
    AgentRecord first{.agent_id = "host-1", .hostname = "h", .first_seen_ms = 5, .last_seen_ms = 6};
    save(first);
    ASSERT_EQ(agents().size(), 2u);
    EXPECT_EQ(agents()[0].agent_id, "host-1");
    EXPECT_EQ(agents()[0].public_key, std::nullopt);

    AgentRecord later = agent("host-1", "key-1");
    later.pending_public_key = "key-9";
    save(later);
    const auto list = agents();
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0].public_key, "key-1");
    EXPECT_EQ(list[0].pending_public_key, "key-9");
    EXPECT_EQ(list[0].hostname, "host-1.example");
    EXPECT_EQ(list[0].labels,
              (std::map<std::string, std::string>{{"site", "züri"}, {"app/tier", "web"}}));
    EXPECT_EQ(list[0].version, "1.0.0");
    EXPECT_EQ(list[0].first_seen_ms, 5);
    EXPECT_EQ(list[0].last_seen_ms, now_ms + 2);
    EXPECT_EQ(list[1].public_key, "key-2");
}

TEST_P(AgentStoreTest, AJoinTokenIsFoundAsItWasAdded) {
    add_token(3);
    const auto found = token();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->secret_hash, std::string(64, 'a'));
    EXPECT_EQ(found->expires_at_ms, now_ms + 60'000);
    EXPECT_EQ(found->uses_left, 3);
    EXPECT_EQ(found->created_by, "admin");
    EXPECT_EQ(found->created_at_ms, now_ms);
    EXPECT_EQ(token("t2").has_value(), false);
}

TEST_P(AgentStoreTest, RedeemingTakesAUseAndSavesTheAgent) {
    add_token(2);
    const auto redeemed = redeem("t1", agent("host-1", "key-1"));
    ASSERT_TRUE(redeemed) << redeemed.error().message;
    EXPECT_EQ(*redeemed, std::nullopt);
    EXPECT_EQ(token()->uses_left, 1);
    ASSERT_EQ(agents().size(), 1u);
    EXPECT_EQ(agents()[0].public_key, "key-1");
    EXPECT_EQ(agents()[0].first_seen_ms, now_ms + 1);

    EXPECT_EQ(redeem("t1", agent("host-1", "key-2")).value(), std::nullopt);
    EXPECT_EQ(agents()[0].public_key, "key-2") << "a join replaces the key";
}

TEST_P(AgentStoreTest, AFailedJoinSavesNothingAndSaysWhy) {
    add_token(1);
    EXPECT_EQ(redeem("t2", agent("host-1", "k")).value(), RedeemFailure::unknown);
    EXPECT_EQ(redeem("t1", agent("host-1", "k")).value(), std::nullopt);
    EXPECT_EQ(redeem("t1", agent("host-2", "k")).value(), RedeemFailure::used_up);
    EXPECT_EQ(token()->uses_left, 0);
    EXPECT_EQ(agents().size(), 1u);
}

TEST_P(AgentStoreTest, AnExpiredTokenKeepsItsUses) {
    add_token(1, now_ms);
    EXPECT_EQ(redeem("t1", agent("host-1", "k")).value(), RedeemFailure::expired);
    EXPECT_EQ(token()->uses_left, 1);
    EXPECT_TRUE(agents().empty());
}

TEST_P(AgentStoreTest, TwoServersCannotShareTheLastUse) {
    OpenStore other(url_);
    add_token(1);
    std::vector<std::optional<RedeemFailure>> answers;
    const auto keep = [&](Redeemed redeemed) {
        ASSERT_TRUE(redeemed) << redeemed.error().message;
        answers.push_back(*redeemed);
    };
    for (int i = 0; i < 5; ++i) {
        store_->redeem_join_token("t1", now_ms, agent("a" + std::to_string(i), "k"), keep);
        other->redeem_join_token("t1", now_ms, agent("b" + std::to_string(i), "k"), keep);
    }
    store_.run_until([&] {
        other.io().restart();
        other.io().poll();
        return answers.size() == 10;
    });
    EXPECT_EQ(std::ranges::count(answers, std::optional<RedeemFailure>()), 1);
    EXPECT_EQ(std::ranges::count(answers, RedeemFailure::used_up), 9);
    EXPECT_EQ(agents().size(), 1u);
    EXPECT_EQ(token()->uses_left, 0);
}

}  // namespace
}  // namespace cockpit::store

#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using auth::StoreResult;
using auth::TokenOwner;
using auth::TokenRecord;
using auth::UserRecord;

class AccountStoreTest : public StoreTest {
  protected:
    StoreResult<bool> save(const UserRecord& user) {
        return store_.wait<StoreResult<bool>>(
            [&](auto done) { store_->save_user(user, std::move(done)); });
    }
    std::optional<UserRecord> find(const std::string& name) {
        return store_
            .wait<StoreResult<std::optional<UserRecord>>>(
                [&](auto done) { store_->find_user(name, std::move(done)); })
            .value();
    }
    StoreResult<bool> add_token(const std::string& hash, const std::string& username,
                                std::int64_t expires_at_ms = 2'000) {
        return store_.wait<StoreResult<bool>>([&](auto done) {
            store_->add_token({hash, username, "session", 1'000, expires_at_ms}, std::move(done));
        });
    }
    std::optional<TokenOwner> find_token(const std::string& hash) {
        return store_
            .wait<StoreResult<std::optional<TokenOwner>>>(
                [&](auto done) { store_->find_token(hash, std::move(done)); })
            .value();
    }
    static UserRecord user(const std::string& name) {
        return {.username = name,
                .password_hash = "$argon2id$x",
                .permissions = {"cockpit_agents:read", "cockpit_agents:write", "o\"dd,\\"},
                .must_change_password = true,
                .disabled = false,
                .created_at_ms = 1'790'000'000'123};
    }

    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(AccountStoreTest);

TEST_P(AccountStoreTest, AUserIsSavedAndReplacedButForWhenItWasMade) {
    const auto count = [&] {
        return store_
            .wait<StoreResult<std::int64_t>>(
                [&](auto done) { store_->count_users(std::move(done)); })
            .value();
    };
    EXPECT_EQ(count(), 0);
    EXPECT_EQ(find("admin").has_value(), false);
    ASSERT_TRUE(save(user("admin")));
    EXPECT_EQ(count(), 1);
    auto found = find("admin");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->password_hash, "$argon2id$x");
    EXPECT_EQ(found->permissions, user("admin").permissions);
    EXPECT_TRUE(found->must_change_password);
    EXPECT_FALSE(found->disabled);
    EXPECT_EQ(found->created_at_ms, 1'790'000'000'123);

    UserRecord changed = user("admin");
    changed.password_hash = "new";
    changed.permissions = {};
    changed.must_change_password = false;
    changed.disabled = true;
    changed.created_at_ms = 7;
    ASSERT_TRUE(save(changed));
    found = find("admin");
    EXPECT_EQ(found->password_hash, "new");
    EXPECT_TRUE(found->permissions.empty());
    EXPECT_FALSE(found->must_change_password);
    EXPECT_TRUE(found->disabled);
    EXPECT_EQ(found->created_at_ms, 1'790'000'000'123);
    EXPECT_EQ(count(), 1);
}

TEST_P(AccountStoreTest, UsersAreListedByName) {
    ASSERT_TRUE(save(user("zoe")));
    ASSERT_TRUE(save(user("adam")));
    const auto users = store_
                           .wait<StoreResult<std::vector<UserRecord>>>(
                               [&](auto done) { store_->list_users(std::move(done)); })
                           .value();
    ASSERT_EQ(users.size(), 2u);
    EXPECT_EQ(users[0].username, "adam");
    EXPECT_EQ(users[1].username, "zoe");
}

TEST_P(AccountStoreTest, BrokenPermissionsAreAnErrorAndNotAUserWithout) {
    ASSERT_TRUE(save(user("admin")));
    connect()->execute("UPDATE cockpit_users SET permissions = '[\"a\", 1]'");
    const auto found = store_.wait<StoreResult<std::optional<UserRecord>>>(
        [&](auto done) { store_->find_user("admin", std::move(done)); });
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().message,
              "cockpit_users.permissions of 'admin' is no JSON list of texts");
}

TEST_P(AccountStoreTest, ATokenIsFoundWithItsUser) {
    ASSERT_TRUE(save(user("admin")));
    ASSERT_TRUE(add_token("h1", "admin"));
    const auto found = find_token("h1");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->token.token_hash, "h1");
    EXPECT_EQ(found->token.username, "admin");
    EXPECT_EQ(found->token.name, "session");
    EXPECT_EQ(found->token.created_at_ms, 1'000);
    EXPECT_EQ(found->token.expires_at_ms, 2'000);
    EXPECT_EQ(found->user.username, "admin");
    EXPECT_EQ(found->user.permissions, user("admin").permissions);
    EXPECT_EQ(find_token("h2").has_value(), false);
}

TEST_P(AccountStoreTest, TokensOfOneUserAreListed) {
    ASSERT_TRUE(save(user("admin")));
    ASSERT_TRUE(save(user("vera")));
    ASSERT_TRUE(add_token("h2", "admin"));
    ASSERT_TRUE(add_token("h1", "admin"));
    ASSERT_TRUE(add_token("h3", "vera"));
    const auto tokens = store_
                            .wait<StoreResult<std::vector<TokenRecord>>>([&](auto done) {
                                store_->list_tokens_of("admin", std::move(done));
                            })
                            .value();
    ASSERT_EQ(tokens.size(), 2u);
    EXPECT_EQ(tokens[0].token_hash, "h1");
    EXPECT_EQ(tokens[1].token_hash, "h2");
    EXPECT_EQ(tokens[0].expires_at_ms, 2'000);
}

TEST_P(AccountStoreTest, ATokenNeedsItsUser) {
    const auto added = add_token("h1", "nobody");
    ASSERT_FALSE(added);
    EXPECT_NE(added.error().message.find(postgres() ? "foreign key" : "FOREIGN KEY"),
              std::string::npos)
        << added.error().message;
}

TEST_P(AccountStoreTest, TokensAreRemovedOneByOneByUserAndByTime) {
    ASSERT_TRUE(save(user("admin")));
    ASSERT_TRUE(save(user("zoe")));
    for (const auto* hash : {"h1", "h2", "h3", "h4"})
        ASSERT_TRUE(add_token(hash, "admin"));
    ASSERT_TRUE(add_token("z1", "zoe", 1'500));
    ASSERT_TRUE(add_token("z2", "zoe", 1'501));

    const auto remove = [&](const std::string& hash) {
        return store_
            .wait<StoreResult<bool>>(
                [&](auto done) { store_->remove_token(hash, std::move(done)); })
            .value();
    };
    EXPECT_TRUE(remove("h1"));
    EXPECT_FALSE(remove("h1"));
    const auto removed = store_.wait<StoreResult<std::int64_t>>(
        [&](auto done) { store_->remove_tokens_of("admin", "h3", std::move(done)); });
    EXPECT_EQ(removed.value(), 2);
    EXPECT_TRUE(find_token("h3"));
    EXPECT_FALSE(find_token("h4"));
    const auto expired = store_.wait<StoreResult<std::int64_t>>(
        [&](auto done) { store_->remove_expired_tokens(1'500, std::move(done)); });
    EXPECT_EQ(expired.value(), 1);
    EXPECT_FALSE(find_token("z1"));
    EXPECT_TRUE(find_token("z2"));
}

}  // namespace
}  // namespace cockpit::store

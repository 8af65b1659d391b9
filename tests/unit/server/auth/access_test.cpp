#include "server/auth/access.hpp"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/password.hpp"
#include "fakes/memory_account_store.hpp"
#include "fakes/run_task.hpp"
#include "fakes/set_clock.hpp"

namespace cockpit::auth {
namespace {

using Kind = AccessError::Kind;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

constexpr auto password = "correct-horse-battery";

class AccessTest : public testing::Test {
  protected:
    boost::asio::io_context io;
    fakes::SetClock clock;
    fakes::MemoryAccountStore store{io.get_executor()};
    runtime::BlockingPool pool{io.get_executor(), 2};
    Access access{{.session_lifetime = std::chrono::seconds(3600)}, store, pool, clock};

    template <typename Result>
    Result run(boost::asio::awaitable<Result> task) {
        return fakes::run_task(io, std::move(task));
    }
    void make_admin() { ASSERT_TRUE(run(access.ensure_administrator(password))); }
    IssuedToken log_in(std::string name = "admin", std::string secret = password) {
        auto issued = run(access.login(name, secret, "10.0.0.1"));
        EXPECT_TRUE(issued) << (issued ? "" : issued.error().detail);
        return issued ? *issued : IssuedToken{};
    }
};

TEST_F(AccessTest, TheFirstRunMakesAnAdministratorWithAGeneratedPassword) {
    auto made = run(access.ensure_administrator(std::nullopt));
    ASSERT_TRUE(made && *made && (*made)->generated_password);
    EXPECT_EQ((*made)->username, "admin");
    const auto issued = log_in("admin", *(*made)->generated_password);
    EXPECT_FALSE(issued.identity.must_change_password);
    EXPECT_TRUE(issued.identity.may("users:write"));
    EXPECT_THAT(store.users.at("admin").password_hash, StartsWith("$argon2id$"));
}

TEST_F(AccessTest, TheOperatorsPasswordIsTakenAndNeedNotBeChanged) {
    auto made = run(access.ensure_administrator(password));
    ASSERT_TRUE(made && *made);
    EXPECT_FALSE((*made)->generated_password);
    EXPECT_FALSE(log_in().identity.must_change_password);
}

TEST_F(AccessTest, AnOperatorsPasswordThatIsTooShortIsRefused) {
    auto made = run(access.ensure_administrator("short"));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().detail, "a password has at least 12 characters; this one has 5");
    EXPECT_TRUE(store.users.empty());
}

TEST_F(AccessTest, ALaterStartChangesNothing) {
    make_admin();
    auto again = run(access.ensure_administrator("another-password-entirely"));
    ASSERT_TRUE(again);
    EXPECT_FALSE(*again);
    log_in();
}

TEST_F(AccessTest, ATokenIsOpaqueAndOnlyItsHashIsKept) {
    make_admin();
    const auto issued = log_in();
    EXPECT_THAT(issued.token, StartsWith("ckp_"));
    EXPECT_THAT(issued.token, SizeIs(47));
    EXPECT_EQ(issued.expires_in_s, 3600);
    ASSERT_EQ(store.tokens.size(), 1u);
    EXPECT_EQ(store.tokens.begin()->first, crypto::to_hex(crypto::sha256(issued.token)));
    auto identity = run(access.authenticate(issued.token));
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->username, "admin");
    EXPECT_NE(log_in().token, issued.token);
}

TEST_F(AccessTest, WrongNameAndWrongPasswordAreToldAlike) {
    make_admin();
    auto wrong_password = run(access.login("admin", "not-the-password", "10.0.0.1"));
    auto wrong_name = run(access.login("nobody", password, "10.0.0.1"));
    store.users.at("admin").disabled = true;
    auto disabled = run(access.login("admin", password, "10.0.0.2"));
    for (const auto& refused : {wrong_password, wrong_name, disabled}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, Kind::wrong_credentials);
        EXPECT_EQ(refused.error().detail, "the user name or the password is wrong");
    }
    EXPECT_TRUE(store.tokens.empty());
}

TEST_F(AccessTest, AnUnknownNameIsHashedForToo) {
    make_admin();
    const auto seconds = [&](std::string name) {
        const auto start = std::chrono::steady_clock::now();
        EXPECT_FALSE(run(access.login(name, "not-the-password", "10.0.0." + name)));
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    double known = 1e9;
    double unknown = 1e9;
    for (int i = 0; i < 3; ++i) {
        known = std::min(known, seconds("admin"));
        unknown = std::min(unknown, seconds("nobody"));
    }
    // Without the hash it would be a thousandth.
    EXPECT_GT(unknown, known * 0.3);
}

TEST_F(AccessTest, GuessingIsSlowedAndToldWhenToComeAgain) {
    make_admin();
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(run(access.login("admin", "wrong-password", "10.0.0.9")).error().kind,
                  Kind::wrong_credentials);
    }
    auto limited = run(access.login("admin", password, "10.0.0.9"));
    ASSERT_FALSE(limited);
    EXPECT_EQ(limited.error().kind, Kind::rate_limited);
    EXPECT_EQ(limited.error().retry_after_s, 12);
    EXPECT_THAT(limited.error().detail, HasSubstr("try again in 12 s"));
    log_in();  // from another address
    clock.advance(12'000);
    EXPECT_TRUE(run(access.login("admin", password, "10.0.0.9")));
}

TEST_F(AccessTest, ATokenIsRefusedForAReason) {
    make_admin();
    const auto issued = log_in();
    EXPECT_EQ(run(access.authenticate(std::nullopt)).error(), TokenFailure::missing);
    EXPECT_EQ(run(access.authenticate("")).error(), TokenFailure::missing);
    EXPECT_EQ(run(access.authenticate("ckp_short")).error(), TokenFailure::malformed);
    auto altered = issued.token;
    altered[5] = altered[5] == '!' ? '?' : '!';
    EXPECT_EQ(run(access.authenticate(altered)).error(), TokenFailure::malformed);
    EXPECT_EQ(run(access.authenticate("ckp_" + crypto::to_base64url(std::string(32, 'x')))).error(),
              TokenFailure::unknown);
    store.users.at("admin").disabled = true;
    EXPECT_EQ(run(access.authenticate(issued.token)).error(), TokenFailure::disabled);
    clock.advance(3'600'000);
    EXPECT_EQ(run(access.authenticate(issued.token)).error(), TokenFailure::expired);
    store.broken = true;
    EXPECT_EQ(run(access.authenticate(issued.token)).error(), TokenFailure::unavailable);
}

TEST_F(AccessTest, LogoutEndsTheTokenAtOnce) {
    make_admin();
    const auto issued = log_in();
    const auto other = log_in();
    ASSERT_TRUE(run(access.logout(issued.identity)));
    EXPECT_EQ(run(access.authenticate(issued.token)).error(), TokenFailure::unknown);
    EXPECT_TRUE(run(access.authenticate(other.token)));
}

TEST_F(AccessTest, AChangedPasswordEndsTheOtherSessions) {
    auto made = run(access.ensure_administrator(std::nullopt));
    const auto old = *(*made)->generated_password;
    const auto mine = log_in("admin", old);
    const auto other = log_in("admin", old);
    ASSERT_TRUE(run(access.change_password(mine.identity, old, "a-new-pass-phrase", "10.0.0.1")));
    auto identity = run(access.authenticate(mine.token));
    ASSERT_TRUE(identity);
    EXPECT_FALSE(identity->must_change_password);
    EXPECT_EQ(run(access.authenticate(other.token)).error(), TokenFailure::unknown);
    EXPECT_FALSE(run(access.login("admin", old, "10.0.0.1")));
    log_in("admin", "a-new-pass-phrase");
}

TEST_F(AccessTest, APasswordChangeIsRefusedForAReason) {
    make_admin();
    const auto me = log_in().identity;
    const auto change = [&](std::string current, std::string next) {
        return run(access.change_password(me, current, next, "10.0.0.1")).error();
    };
    EXPECT_EQ(change("not-the-password", "a-new-pass-phrase").kind, Kind::wrong_credentials);
    EXPECT_EQ(change("not-the-password", "a-new-pass-phrase").detail,
              "the current password is wrong");
    EXPECT_EQ(change(password, "short").kind, Kind::invalid);
    EXPECT_THAT(change(password, password).detail, HasSubstr("must differ"));
}

TEST_F(AccessTest, AnApiTokenLivesAsLongAsAsked) {
    make_admin();
    const auto me = log_in().identity;
    auto made = run(access.create_api_token(me, "ci", std::chrono::days(30)));
    ASSERT_TRUE(made);
    clock.advance(29LL * 24 * 3'600'000);
    EXPECT_EQ(run(access.authenticate(made->token))->token_name, "ci");
    clock.advance(24LL * 3'600'000);
    EXPECT_EQ(run(access.authenticate(made->token)).error(), TokenFailure::expired);
    EXPECT_EQ(run(access.create_api_token(me, "ci", std::chrono::days(367))).error().detail,
              "an API token lives 1 to 366 days");
    EXPECT_FALSE(run(access.create_api_token(me, "", std::chrono::days(1))));
}

TEST_F(AccessTest, ExpiredTokensAreForgottenAfterAWhile) {
    make_admin();
    log_in();
    clock.advance(2 * 3'600'000);
    EXPECT_EQ(*run(access.sweep_expired_tokens()), 0);
    clock.advance(7LL * 24 * 3'600'000);
    EXPECT_EQ(*run(access.sweep_expired_tokens()), 1);
}

TEST_F(AccessTest, AnAdministratorMakesAViewer) {
    make_admin();
    const auto admin = log_in().identity;
    auto made = run(access.create_user(
        admin, {.username = "vera", .password = password, .permissions = {"cockpit_agents:read"}}));
    ASSERT_TRUE(made);
    const auto vera = log_in("vera").identity;
    EXPECT_TRUE(vera.may("cockpit_agents:read"));
    EXPECT_FALSE(vera.may("cockpit_agents:write"));
    EXPECT_THAT(*run(access.list_users()), SizeIs(2));
    EXPECT_EQ(
        run(access.create_user(admin, {.username = "vera", .password = password})).error().detail,
        "there is a user 'vera' already");
}

TEST_F(AccessTest, NobodyGivesOrTouchesWhatTheyDoNotHold) {
    make_admin();
    const auto admin = log_in().identity;
    ASSERT_TRUE(run(access.create_user(
        admin, {.username = "hr", .password = password, .permissions = {"users:write"}})));
    const auto hr = log_in("hr").identity;
    auto made = run(
        access.create_user(hr, {.username = "mine", .password = password, .permissions = {"*"}}));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, Kind::not_permitted);
    EXPECT_THAT(made.error().detail, HasSubstr("'*' is not yours"));
    EXPECT_EQ(run(access.change_user(hr, "admin", {.password = "a-new-pass-phrase"})).error().kind,
              Kind::not_permitted);
    EXPECT_EQ(run(access.change_user(admin, "admin", {.disabled = true})).error().kind,
              Kind::not_permitted);
    EXPECT_EQ(run(access.change_user(admin, "ghost", {.disabled = true})).error().kind,
              Kind::not_found);
    log_in();
}

TEST_F(AccessTest, DisablingAUserEndsTheirSessions) {
    make_admin();
    const auto admin = log_in().identity;
    ASSERT_TRUE(run(access.create_user(admin, {.username = "vera", .password = password})));
    const auto vera = log_in("vera");
    ASSERT_TRUE(run(access.change_user(admin, "vera", {.disabled = true})));
    EXPECT_FALSE(run(access.authenticate(vera.token)));
    EXPECT_FALSE(run(access.login("vera", password, "10.0.0.1")));
    ASSERT_TRUE(run(access.change_user(admin, "vera", {.disabled = false})));
    log_in("vera");
}

TEST_F(AccessTest, ABrokenStoreIsToldWithoutItsDetails) {
    make_admin();
    store.broken = true;
    auto refused = run(access.login("admin", password, "10.0.0.1"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Kind::unavailable);
    EXPECT_EQ(refused.error().detail, "the account store is unavailable; try again later");
}

TEST(PasswordHasher, TurnsAwayWhatExceedsTheQueue) {
    boost::asio::io_context io;
    runtime::BlockingPool pool(io.get_executor(), 2);
    PasswordHasher hasher(pool, 1, 1);
    int hashed = 0;
    int busy = 0;
    for (int i = 0; i < 3; ++i) {
        boost::asio::co_spawn(io, hasher.hash("some password"),
                              [&](std::exception_ptr, std::expected<std::string, HashFailure> got) {
                                  (got ? hashed : busy) += 1;
                              });
    }
    const auto work = boost::asio::make_work_guard(io);
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (hashed + busy < 3 && io.run_one_until(limit) > 0) {
    }
    EXPECT_EQ(hashed, 2);
    EXPECT_EQ(busy, 1);
}

}  // namespace
}  // namespace cockpit::auth

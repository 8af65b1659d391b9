#include "redis/connection_state.hpp"

#include <gtest/gtest.h>

namespace cockpit::redis {
namespace {

using std::chrono::milliseconds;
using Phase = ConnectionState::Phase;
using News = std::optional<std::optional<std::string>>;

const Value ok{std::string("OK")};

Settings full_settings() {
    Settings settings;
    settings.username = "bob";
    settings.password = "sesame";
    settings.database = 3;
    settings.client_name = "cockpit agent";
    return settings;
}

TEST(ConnectionState, asks_for_what_the_settings_say) {
    const Settings full = full_settings();
    ConnectionState state(full);
    state.connect();
    const std::vector<Command> expected{{"AUTH", "bob", "sesame"},
                                        {"SELECT", "3"},
                                        {"CLIENT", "SETNAME", "cockpit-agent"},
                                        {"PING"}};
    EXPECT_EQ(state.connected(), expected);

    Settings password_only;
    password_only.password = "sesame";
    ConnectionState with_password(password_only);
    with_password.connect();
    EXPECT_EQ(with_password.connected(), (std::vector<Command>{{"AUTH", "sesame"}, {"PING"}}));

    const Settings plain;
    ConnectionState bare(plain);
    bare.connect();
    EXPECT_EQ(bare.connected(), (std::vector<Command>{{"PING"}}));
}

TEST(ConnectionState, goes_from_connect_to_up_and_lost_and_again) {
    const Settings settings = full_settings();
    ConnectionState state(settings);
    EXPECT_EQ(state.phase(), Phase::idle);
    state.connect();
    EXPECT_EQ(state.phase(), Phase::connecting);
    state.connected();
    EXPECT_EQ(state.phase(), Phase::handshaking);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(state.handshake_answer(ok, 0), false);
    EXPECT_EQ(state.take_news(), News());
    EXPECT_EQ(state.handshake_answer(ok, 0), true);
    EXPECT_EQ(state.phase(), Phase::up);
    EXPECT_EQ(state.take_news(), News(std::in_place));
    EXPECT_EQ(state.take_news(), News());
    EXPECT_EQ(state.lost("cut", 100'000, 1.0), settings.backoff_first);
    EXPECT_EQ(state.phase(), Phase::pausing);
    EXPECT_EQ(state.take_news(), News("cut"));
    state.connect();
    EXPECT_EQ(state.phase(), Phase::connecting);
    state.stop();
    EXPECT_EQ(state.phase(), Phase::stopped);
    state.connect();
    EXPECT_EQ(state.phase(), Phase::stopped) << "for good";
}

TEST(ConnectionState, tells_the_same_failure_once) {
    const Settings settings;
    ConnectionState state(settings);
    state.connect();
    state.lost("refused", 0, 0);
    EXPECT_EQ(state.take_news(), News("refused"));
    state.connect();
    state.lost("refused", 0, 0);
    EXPECT_EQ(state.take_news(), News());
    state.connect();
    state.lost("no answer", 0, 0);
    EXPECT_EQ(state.take_news(), News("no answer"));
}

TEST(ConnectionState, pauses_grow_until_a_connection_has_lasted) {
    Settings settings;
    settings.backoff_first = milliseconds(50);
    settings.backoff_cap = milliseconds(5000);
    ConnectionState state(settings);
    const auto up_for = [&](std::int64_t duration) {
        state.connect();
        state.connected();
        EXPECT_EQ(state.handshake_answer(ok, 1000), true);
        return state.lost("cut", 1000 + duration, 1.0);
    };
    EXPECT_EQ(up_for(0), milliseconds(50));
    EXPECT_EQ(up_for(10), milliseconds(100));
    EXPECT_EQ(up_for(4999), milliseconds(200));
    EXPECT_EQ(up_for(5000), milliseconds(50));
}

TEST(ConnectionState, names_the_setting_to_mend_and_never_the_password) {
    Settings plain;
    Settings password = plain;
    password.password = "sesame";
    Settings user = password;
    user.username = "bob";
    Settings database = plain;
    database.database = 99;
    const struct {
        const Settings& settings;
        const char* answer;
        const char* sentence;
    } cases[] = {
        {plain, "NOAUTH Authentication required.",
         "Redis at localhost:6379 asks for a password; set REDIS_PASSWORD"},
        {plain, "LOADING Redis is loading the dataset in memory",
         "Redis at localhost:6379 is still loading its data"},
        {plain, "DENIED Redis is running in protected mode because …",
         "Redis at localhost:6379 is in protected mode and talks to its own machine only; give "
         "Redis "
         "a password and set REDIS_PASSWORD"},
        {plain, "ERR max number of clients reached",
         "Redis at localhost:6379 refused to talk to us: ERR max number of clients reached"},
        {password, "WRONGPASS invalid username-password pair or user is disabled.",
         "Redis at localhost:6379 refused the password; check REDIS_PASSWORD"},
        {password,
         "ERR AUTH <password> called without any password configured for the default user.",
         "Redis at localhost:6379 has no password, but one was given; unset REDIS_PASSWORD"},
        {password, "ERR unknown command 'AUTH', with args beginning with: 'sesame'",
         "Redis at localhost:6379 refused to log us in (ERR); check REDIS_USERNAME and "
         "REDIS_PASSWORD"},
        {user, "WRONGPASS invalid username-password pair or user is disabled.",
         "Redis at localhost:6379 refused the user bob or the password; check REDIS_USERNAME and "
         "REDIS_PASSWORD"},
        {database, "ERR DB index is out of range",
         "Redis at localhost:6379 has no database 99; check REDIS_DB (ERR DB index is out of "
         "range)"},
        {database, "NOPERM this user has no permissions to run the 'select' command",
         "Redis at localhost:6379 does not let us select database 99; allow the user +select or "
         "set "
         "REDIS_DB=0"},
    };
    for (const auto& each : cases) {
        ConnectionState state(each.settings);
        state.connect();
        state.connected();
        const auto outcome = state.handshake_answer(Value{ErrorReply{each.answer}}, 0);
        ASSERT_FALSE(outcome) << each.answer;
        EXPECT_EQ(outcome.error(), each.sentence);
        EXPECT_EQ(outcome.error().find("sesame"), std::string::npos);
    }
}

TEST(ConnectionState, a_user_who_may_not_name_himself_or_ping_is_let_in) {
    Settings settings;
    settings.client_name = "x";
    ConnectionState state(settings);
    state.connect();
    state.connected();
    EXPECT_EQ(state.handshake_answer(Value{ErrorReply{"NOPERM no client|setname"}}, 0), false);
    EXPECT_EQ(state.handshake_answer(Value{ErrorReply{"NOPERM no ping"}}, 0), true);
}

TEST(ConnectionState, describes_where_redis_is) {
    Settings settings;
    settings.host = "::1";
    EXPECT_EQ(describe(settings), "Redis at [::1]:6379");
    settings.unix_socket = "/run/redis.sock";
    EXPECT_EQ(describe(settings), "Redis at /run/redis.sock");
}

}  // namespace
}  // namespace cockpit::redis

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "fakes/run_task.hpp"
#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class AuthEndpointsTest : public ApiTest {
  protected:
    AuthEndpointsTest() { accounts.users.clear(); }
    Answer login(std::string password) {
        return call("POST", "/auth/login", R"({"username":"admin","password":")" + password + "\"}",
                    "");
    }
    std::string first_password() {
        auto made = fakes::run_task(io, access.ensure_administrator(std::nullopt));
        return *(*made)->generated_password;
    }
};

TEST_F(AuthEndpointsTest, FromAPasswordThatMustBeChangedToAWorkingToken) {
    const auto password = first_password();
    accounts.users.at("admin").must_change_password = true;
    const auto session = login(password);
    ASSERT_EQ(session.status, 200) << session.detail();
    EXPECT_EQ(session.text("token_type"), "bearer");
    EXPECT_EQ(session.body.at("expires_in").as_int64(), 12 * 3600);
    EXPECT_TRUE(session.body.at("must_change_password").as_bool());
    EXPECT_THAT(boost::json::value_to<std::vector<std::string>>(session.body.at("permissions")),
                ElementsAre("*"));
    const auto token = session.text("access_token");
    EXPECT_THAT(token, StartsWith("ckp_"));
    EXPECT_EQ(call("GET", "/api/cockpit-agent/list", "", token).status, 403);

    const auto changed = call(
        "POST", "/auth/password",
        R"({"current_password":")" + password + R"(","new_password":"a-new-pass-phrase"})", token);
    EXPECT_EQ(changed.status, 200) << changed.detail();
    EXPECT_EQ(call("GET", "/api/cockpit-agent/list", "", token).status, 200);
    EXPECT_EQ(login("a-new-pass-phrase").status, 200);

    const auto me = call("GET", "/auth/me", "", token);
    EXPECT_EQ(me.text("username"), "admin");
    EXPECT_FALSE(me.body.at("must_change_password").as_bool());

    EXPECT_EQ(call("POST", "/auth/logout", "", token).status, 200);
    EXPECT_EQ(call("GET", "/auth/me", "", token).status, 401);
}

TEST_F(AuthEndpointsTest, AWrongPasswordIs401AndTooManyAre429) {
    first_password();
    for (int i = 0; i < 5; ++i) {
        const auto refused = login("wrong");
        EXPECT_EQ(refused.status, 401);
        EXPECT_EQ(refused.detail(), "the user name or the password is wrong");
        EXPECT_EQ(refused.header("WWW-Authenticate"), "Bearer realm=\"cockpit\"");
    }
    const auto limited = login("wrong");
    EXPECT_EQ(limited.status, 429);
    EXPECT_EQ(limited.header("Retry-After"), "12");
    EXPECT_THAT(limited.detail(), HasSubstr("try again in 12 s"));
}

TEST_F(AuthEndpointsTest, ABadBodyIs400) {
    const auto say = [&](std::string body) {
        const auto answer = call("POST", "/auth/login", std::move(body), "");
        EXPECT_EQ(answer.status, 400);
        return answer.detail();
    };
    EXPECT_THAT(say(""), HasSubstr("the body is empty"));
    EXPECT_EQ(say(R"({"username":"admin"})"), "'password' is missing; it must be a string");
    EXPECT_EQ(say(R"({"username":1,"password":"x"})"), "'username' must be a string");
    EXPECT_THAT(say(R"({"username":"a","password":"x\u0000"})"), HasSubstr("NUL"));
    EXPECT_THAT(say("{\"username\":\"\xff\",\"password\":\"x\"}"), HasSubstr("UTF-8"));
}

TEST_F(AuthEndpointsTest, AWrongCurrentPasswordIs403NotTheEndOfTheSession) {
    const auto token = login(first_password()).text("access_token");
    const auto refused =
        call("POST", "/auth/password",
             R"({"current_password":"wrong","new_password":"a-new-pass-phrase"})", token);
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.detail(), "the current password is wrong");
    EXPECT_EQ(call("GET", "/auth/me", "", token).status, 200);
}

TEST_F(AuthEndpointsTest, AnAdministratorMakesChangesAndSeesUsers) {
    const auto boss = token_for("boss", {"*"});
    const auto made = call(
        "POST", "/auth/users",
        R"({"username":"vera","password":"correct-horse","permissions":["cockpit_agents:read"]})",
        boss);
    EXPECT_EQ(made.status, 201) << made.detail();
    EXPECT_EQ(made.text("username"), "vera");
    EXPECT_FALSE(made.body.contains("password_hash"));
    const auto session =
        call("POST", "/auth/login", R"({"username":"vera","password":"correct-horse"})", "");
    const auto token = session.text("access_token");
    EXPECT_EQ(call("GET", "/api/cockpit-agent/list", "", token).status, 200);
    EXPECT_EQ(call("POST", "/api/cockpit-agent/command", R"({"agent_id":"web-1","command":"echo"})",
                   token)
                  .status,
              403);

    const auto changed =
        call("PATCH", "/auth/users/vera", R"({"permissions":["cockpit_agents:write"]})", boss);
    EXPECT_EQ(changed.status, 200) << changed.detail();
    EXPECT_EQ(call("GET", "/api/cockpit-agent/list", "", token).status, 403);
    EXPECT_EQ(call("PATCH", "/auth/users/vera", R"({"disabled":true})", boss).status, 200);
    EXPECT_EQ(call("GET", "/auth/me", "", token).status, 401);

    const auto users = call("GET", "/auth/users", "", boss);
    EXPECT_EQ(users.body.at("total").as_int64(), 2);
    EXPECT_TRUE(users.body.at("users").at(1).at("disabled").as_bool());
}

TEST_F(AuthEndpointsTest, BadUsersAreRefused) {
    const auto boss = token_for("boss", {"*"});
    const auto make = [&](std::string body) { return call("POST", "/auth/users", body, boss); };
    EXPECT_THAT(
        make(R"({"username":"Ve ra","password":"correct-horse","permissions":[]})").detail(),
        HasSubstr("lower-case letters"));
    EXPECT_THAT(make(R"({"username":"vera","password":"short","permissions":[]})").detail(),
                HasSubstr("at least 12 characters"));
    EXPECT_THAT(
        make(R"({"username":"vera","password":"correct-horse","permissions":["root"]})").detail(),
        HasSubstr("there is no permission 'root'"));
    EXPECT_EQ(make(R"({"username":"vera","password":"correct-horse"})").detail(),
              "'permissions' is missing; it must be a list of strings");
    EXPECT_EQ(make(R"({"username":"boss","password":"correct-horse","permissions":[]})").status,
              409);
    EXPECT_EQ(call("PATCH", "/auth/users/ghost", R"({"disabled":true})", boss).status, 404);
    EXPECT_EQ(call("PATCH", "/auth/users/boss", R"({"disabled":true})", boss).status, 403);
}

TEST_F(AuthEndpointsTest, ATokenForAProgram) {
    const auto boss = token_for("boss", {"cockpit_agents:read"});
    const auto made = call("POST", "/auth/tokens", R"({"name":"ci","expires_in_days":30})", boss);
    EXPECT_EQ(made.status, 201) << made.detail();
    EXPECT_EQ(made.body.at("expires_in").as_int64(), 30 * 24 * 3600);
    const auto me = call("GET", "/auth/me", "", made.text("access_token"));
    EXPECT_EQ(me.text("token_name"), "ci");
    EXPECT_EQ(call("POST", "/auth/tokens", R"({"name":"ci","expires_in_days":0})", boss).detail(),
              "'expires_in_days' must be from 1 to 366");
}

TEST_F(AuthEndpointsTest, OwnTokensAreListedWithoutThemselvesAndRevoked) {
    const auto boss = token_for("boss", {"cockpit_agents:read"});
    const auto other = token_for("other", {"cockpit_agents:read"});
    const auto made = call("POST", "/auth/tokens", R"({"name":"ci"})", boss).text("access_token");
    const auto listed = call("GET", "/auth/tokens", "", boss);
    ASSERT_EQ(listed.body.at("total"), 2);
    std::string ci;
    for (const auto& token : listed.body.at("tokens").as_array()) {
        EXPECT_EQ(boost::json::serialize(token).find(made), std::string::npos);
        EXPECT_EQ(token.at("current").as_bool(), token.at("name") != "ci");
        if (token.at("name") == "ci") ci = token.at("id").as_string();
    }
    EXPECT_EQ(call("DELETE", "/auth/tokens/" + ci, "", other).status, 404) << "it is not theirs";
    EXPECT_EQ(call("GET", "/auth/me", "", made).status, 200);
    EXPECT_EQ(call("DELETE", "/auth/tokens/" + ci, "", boss).text("name"), "ci");
    EXPECT_EQ(call("GET", "/auth/me", "", made).status, 401);
    EXPECT_EQ(call("DELETE", "/auth/tokens/" + ci, "", boss).status, 404);
    EXPECT_EQ(call("DELETE", "/auth/tokens/", "", boss).status, 404);
}

}  // namespace
}  // namespace cockpit::api

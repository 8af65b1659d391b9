// Who gets in: every endpoint there is, against every kind of token.

#include "crypto/encoding.hpp"
#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string example_path(std::string pattern) {
    const auto begin = pattern.find('{');
    if (begin == std::string::npos) return pattern;
    return pattern.replace(begin, pattern.find('}') - begin + 1, "example");
}

std::string name_of(const Endpoint& endpoint) {
    return endpoint.method + " " + endpoint.pattern;
}

class AccessTable : public ApiTest {
  protected:
    Answer call_with(const Endpoint& endpoint, std::string token) {
        return call(endpoint.method, example_path(endpoint.pattern), "", token);
    }
    std::vector<Endpoint> guarded() {
        std::vector<Endpoint> found;
        for (const auto& endpoint : rest.endpoints()) {
            if (endpoint.guard != Endpoint::Guard::open) found.push_back(endpoint);
        }
        return found;
    }
    void expect_401_everywhere(std::string token, std::string_view says) {
        for (const auto& endpoint : guarded()) {
            const auto answer = call_with(endpoint, token);
            EXPECT_EQ(answer.status, 401) << name_of(endpoint);
            EXPECT_THAT(answer.detail(), HasSubstr(says)) << name_of(endpoint);
            EXPECT_THAT(answer.header("WWW-Authenticate"), StartsWith("Bearer"));
            EXPECT_EQ(answer.content_type, "application/problem+json");
        }
    }
};

TEST_F(AccessTable, OnlyFiveEndpointsAreOpen) {
    std::vector<std::string> open;
    for (const auto& endpoint : rest.endpoints()) {
        if (endpoint.guard == Endpoint::Guard::open) open.push_back(name_of(endpoint));
    }
    EXPECT_THAT(open, ElementsAre("POST /auth/login", "POST /api/cockpit-agent/webhooks/{name}",
                                  "GET /healthz", "GET /readyz", "GET /openapi.json"));
    EXPECT_GE(guarded().size(), 33u);
}

TEST_F(AccessTable, WithoutATokenEveryEndpointSays401) {
    expect_401_everywhere("", "this needs a token");
}

TEST_F(AccessTable, WithAMalformedTokenEveryEndpointSays401) {
    expect_401_everywhere("ckp_nonsense", "must be 'Bearer ' and a token");
    expect_401_everywhere("' OR 1=1 --", "must be 'Bearer ' and a token");
}

TEST_F(AccessTable, WithAnUnknownTokenEveryEndpointSays401) {
    expect_401_everywhere("ckp_" + crypto::to_base64url(std::string(32, 'x')),
                          "the token is unknown");
}

TEST_F(AccessTable, WithAnExpiredTokenEveryEndpointSays401) {
    clock.advance(3'600'000);
    expect_401_everywhere(admin, "the token has expired");
}

TEST_F(AccessTable, WithADisabledAccountEveryEndpointSays401) {
    accounts.users.at("admin").disabled = true;
    expect_401_everywhere(admin, "disabled");
}

TEST_F(AccessTable, WithoutThePermissionEveryEndpointSays403AndNamesIt) {
    for (const auto& endpoint : guarded()) {
        if (endpoint.guard != Endpoint::Guard::permission) continue;
        std::vector<std::string> all_but_it;
        for (const auto& permission : auth::known_permissions()) {
            if (permission.name == auth::everything || permission.name == endpoint.permission) {
                continue;
            }
            all_but_it.emplace_back(permission.name);
        }
        const auto answer = call_with(endpoint, token_for("vera", all_but_it));
        EXPECT_EQ(answer.status, 403) << name_of(endpoint);
        EXPECT_EQ(answer.detail(), "this needs the permission '" + endpoint.permission +
                                       "', which 'vera' does not have");
    }
    EXPECT_TRUE(link.runs.empty());
    EXPECT_TRUE(commands.rows.empty());
}

TEST_F(AccessTable, WithThePermissionEveryEndpointLetsIn) {
    for (const auto& endpoint : guarded()) {
        if (endpoint.guard != Endpoint::Guard::permission) continue;
        const auto status = call_with(endpoint, token_for("vera", {endpoint.permission})).status;
        EXPECT_TRUE(status == 200 || status == 400 || status == 404)
            << name_of(endpoint) << " said " << status;
    }
}

TEST_F(AccessTable, WhoMustChangeThePasswordMayDoNothingElse) {
    const auto token = token_for("new", {"*"}, true);
    std::vector<std::string> allowed;
    for (const auto& endpoint : guarded()) {
        if (endpoint.pattern == "/auth/logout") continue;  // would end the token
        const auto answer = call_with(endpoint, token);
        if (answer.status != 403) {
            allowed.push_back(name_of(endpoint));
            continue;
        }
        EXPECT_THAT(answer.detail(), HasSubstr("the password must be changed first"));
    }
    EXPECT_THAT(allowed, ElementsAre("POST /auth/password", "GET /auth/me"));
    EXPECT_EQ(call("POST", "/auth/logout", "", token).status, 200);
}

TEST_F(AccessTable, AStoreThatFailsLetsNobodyIn) {
    accounts.broken = true;
    const auto answer = get("/api/cockpit-agent/list");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.detail(), "the account store is unavailable; try again later");
}

TEST_F(AccessTable, UnknownPathsAndMethodsAreTold) {
    EXPECT_EQ(get("/api/cockpit-agent/nothing/here/at/all").status, 404);
    const auto answer = call("DELETE", "/api/cockpit-agent/list", "", admin);
    EXPECT_EQ(answer.status, 405);
    EXPECT_THAT(answer.header("Allow"), HasSubstr("GET"));
}

TEST_F(AccessTable, AnswersAreNotToBeCached) {
    EXPECT_EQ(get("/auth/me").header("Cache-Control"), "no-store");
}

}  // namespace
}  // namespace cockpit::api

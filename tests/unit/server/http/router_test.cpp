#include "server/http/router.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace cockpit::http {
namespace {

struct RouterTest : testing::Test {
    Router router;
    std::size_t list = router.add("GET", "/api/cockpit-agent/list");
    std::size_t status = router.add("GET", "/api/cockpit-agent/{agent_id}/status");
    std::size_t history = router.add("GET", "/api/cockpit-agent/{agent_id}/history");
    std::size_t all = router.add("GET", "/api/cockpit-agent/history/all");
    std::size_t command = router.add("POST", "/api/cockpit-agent/command");
    std::size_t agent = router.add("GET", "/api/cockpit-agent/{agent_id}");
    std::size_t remove = router.add("DELETE", "/api/cockpit-agent/{agent_id}");
    std::size_t root = router.add("GET", "/");

    using Parameters = std::map<std::string, std::string>;

    void expect(std::string_view method, std::string_view path, std::size_t route,
                const Parameters& parameters) {
        const auto match = router.match(method, path);
        ASSERT_TRUE(match) << path << ": " << match.error().detail;
        EXPECT_EQ(match->route, route) << path;
        EXPECT_EQ(match->parameters, parameters) << path;
    }
    RouteFailure failure(std::string_view method, std::string_view path) {
        const auto match = router.match(method, path);
        return match ? RouteFailure{200, "matched", ""} : match.error();
    }
};

TEST_F(RouterTest, fixed_segments_win_over_parameters) {
    expect("GET", "/api/cockpit-agent/list", list, {});
    expect("GET", "/api/cockpit-agent/web-1", agent, {{"agent_id", "web-1"}});
    expect("GET", "/api/cockpit-agent/history/all", all, {});
    expect("GET", "/api/cockpit-agent/history/history", history, {{"agent_id", "history"}});
    expect("GET", "/api/cockpit-agent/all/history", history, {{"agent_id", "all"}});
    expect("GET", "/api/cockpit-agent/web-1/status", status, {{"agent_id", "web-1"}});
    expect("GET", "/", root, {});
}

TEST_F(RouterTest, the_method_is_part_of_the_choice) {
    expect("POST", "/api/cockpit-agent/command", command, {});
    expect("GET", "/api/cockpit-agent/command", agent, {{"agent_id", "command"}});
    expect("DELETE", "/api/cockpit-agent/web-1", remove, {{"agent_id", "web-1"}});
}

TEST_F(RouterTest, head_is_answered_by_the_route_of_get) {
    expect("HEAD", "/api/cockpit-agent/list", list, {});
    const auto own = router.add("HEAD", "/api/cockpit-agent/list");
    expect("HEAD", "/api/cockpit-agent/list", own, {});
}

TEST_F(RouterTest, captured_values_are_decoded_and_an_encoded_slash_stays_inside) {
    expect("GET", "/api/cockpit-agent/a%2Fb%20c/status", status, {{"agent_id", "a/b c"}});
    expect("GET", "/api/cockpit-agent/%2A/status", status, {{"agent_id", "*"}});
    expect("GET", "/api/cockpit-agent/%C3%A4%0A", agent, {{"agent_id", "ä\n"}});
    expect("GET", "/api/cockpit-agent/l%69st", list, {});
    EXPECT_EQ(failure("GET", "/api/cockpit-agent%2Flist").status, 404);
}

TEST_F(RouterTest, unknown_paths_are_404) {
    for (const auto* path : {"/nothing", "/api", "/api/cockpit-agent", "/api/cockpit-agent/",
                             "/api/cockpit-agent/list/", "//api/cockpit-agent/list",
                             "/api/cockpit-agent//status", "/API/cockpit-agent/list"}) {
        EXPECT_EQ(failure("GET", path).status, 404) << path;
    }
    EXPECT_EQ(failure("GET", "/nothing").detail, "there is nothing at /nothing");
}

TEST_F(RouterTest, another_method_is_405_with_allow) {
    const auto refused = failure("PUT", "/api/cockpit-agent/list");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.allow, "DELETE, GET, HEAD");
    EXPECT_EQ(refused.detail, "the method PUT is not allowed here, but: DELETE, GET, HEAD");
    EXPECT_EQ(failure("POST", "/api/cockpit-agent/history/all").allow, "GET, HEAD");
    EXPECT_EQ(failure("get", "/").status, 405);
}

TEST_F(RouterTest, ill_formed_paths_are_400) {
    const auto refused = failure("GET", "/api/cockpit-agent/%zz");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.detail,
              "in the path: '%zz' is no percent escape: % is followed by two hexadecimal digits, "
              "and % itself is written %25");
    EXPECT_EQ(failure("GET", "/api/cockpit-agent/%00").status, 400);
    EXPECT_EQ(failure("GET", "/api/cockpit-agent/%FF").status, 400);
    EXPECT_EQ(failure("GET", "").status, 400);
    EXPECT_EQ(failure("GET", "api").status, 400);
}

TEST(Router, refuses_patterns_that_cannot_be_meant) {
    Router router;
    router.add("GET", "/a/{id}");
    const auto reason = [&](std::string_view pattern) -> std::string {
        try {
            router.add("GET", pattern);
        } catch (const std::invalid_argument& wrong) {
            return wrong.what();
        }
        return "accepted";
    };
    EXPECT_EQ(reason("a"), "route 'a': it must begin with /");
    EXPECT_EQ(reason(""), "route '': it must begin with /");
    EXPECT_EQ(reason("/x{id}"), "route '/x{id}': a parameter is a whole segment such as {name}");
    EXPECT_EQ(reason("/{}"), "route '/{}': a parameter is a whole segment such as {name}");
    EXPECT_EQ(reason("/{a}/{a}"), "route '/{a}/{a}': two parameters have the same name");
    EXPECT_EQ(reason("/a/{other}"),
              "route '/a/{other}': there is already a route of this method and shape");
    EXPECT_EQ(reason("/a/b"), "accepted");
}

TEST(Router, of_two_parameters_the_first_fixed_segment_decides) {
    Router router;
    const auto late = router.add("GET", "/{a}/x");
    const auto early = router.add("GET", "/x/{b}");
    EXPECT_EQ(router.match("GET", "/x/x")->route, early);
    EXPECT_EQ(router.match("GET", "/y/x")->route, late);
}

}  // namespace
}  // namespace cockpit::http

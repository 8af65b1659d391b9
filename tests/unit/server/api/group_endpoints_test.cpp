#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class GroupEndpointsTest : public ApiTest {
  protected:
    GroupEndpointsTest() {
        connect("web-1");
        connect("web-2");
        connect("db-1");
    }
    static std::string ids(const Answer& answer) {
        if (answer.status != 200) return answer.detail();
        std::string all;
        for (const auto& one : answer.body.at("agents").as_array())
            all += (all.empty() ? "" : " ") + std::string(one.at("agent_id").as_string());
        return all;
    }
    Answer put(std::string_view target, std::string body) {
        return call("PUT", target, std::move(body), admin);
    }
    Answer remove(std::string_view target) { return call("DELETE", target, "", admin); }
    Answer make(std::string body) { return post("/api/cockpit-agent/groups", std::move(body)); }
    Answer targets(std::string_view encoded) {
        return get("/api/cockpit-agent/targets?expression=" + std::string(encoded));
    }
};

TEST_F(GroupEndpointsTest, WhoAnExpressionMeansNow) {
    directory.restore({{.agent_id = "web-3", .hostname = "web-3"}});
    const auto answer = targets("web-*%20and%20not%20web-2");
    ASSERT_EQ(answer.status, 200) << answer.detail();
    EXPECT_EQ(answer.text("expression"), "web-* and not web-2");
    EXPECT_EQ(ids(answer), "web-1 web-3");
    EXPECT_EQ(answer.body.at("agents").at(0).at("status").as_string(), "online");
    EXPECT_EQ(answer.body.at("agents").at(1).at("status").as_string(), "unknown");
    EXPECT_EQ(answer.body.at("total").to_number<int>(), 2);
    EXPECT_EQ(answer.body.at("online").to_number<int>(), 1);
    EXPECT_TRUE(answer.body.at("notes").as_array().empty());
    EXPECT_EQ(json::serialize(targets("app-*").body.at("notes")),
              R"(["column 1: no host's id matches app-*"])");
}

TEST_F(GroupEndpointsTest, AWrongExpressionIs400AndSaysWhere) {
    const auto syntax = targets("web-1%20or%20or");
    EXPECT_EQ(syntax.status, 400);
    EXPECT_EQ(
        syntax.detail(),
        "'expression' is wrong: column 10: 'or' cannot stand here; expected an id, group:NAME, "
        "name=value, has:NAME, 'all', 'not' or '('");
    EXPECT_EQ(syntax.body.at("column").to_number<int>(), 10);
    EXPECT_EQ(syntax.content_type, "application/problem+json");
    const auto unknown = targets("all%20and%20not%20web-7");
    EXPECT_EQ(unknown.status, 400);
    EXPECT_EQ(unknown.detail(),
              "'expression' is wrong: column 13: no host is known as 'web-7'; did "
              "you mean 'web-1' or 'web-2'?");
    EXPECT_EQ(unknown.body.at("column").to_number<int>(), 13);
    EXPECT_EQ(get("/api/cockpit-agent/targets").detail(),
              "'expression' is missing; it must be a string");
    EXPECT_THAT(targets(std::string(5'000, 'a')).detail(), HasSubstr("has 5000 bytes"));
}

TEST_F(GroupEndpointsTest, TheListIsFilteredByTarget) {
    EXPECT_EQ(ids(get("/api/cockpit-agent/list?target=web-*")), "web-1 web-2");
    EXPECT_EQ(ids(get("/api/cockpit-agent/list?target=web-*&search=2&status=online")), "web-2");
    const auto wrong = get("/api/cockpit-agent/list?target=web-9");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_THAT(wrong.detail(),
                HasSubstr("'target' is wrong: column 1: no host is known as 'web-9'"));
}

TEST_F(GroupEndpointsTest, AGroupIsMadeShownChangedAndRemoved) {
    const auto made = make(R"({"name":"web","expression":"web-*","description":"in front"})");
    ASSERT_EQ(made.status, 201) << made.detail();
    EXPECT_EQ(made.text("name"), "web");
    EXPECT_EQ(made.text("description"), "in front");
    EXPECT_EQ(made.text("expression"), "web-*");
    EXPECT_TRUE(made.body.at("members").is_null());
    EXPECT_EQ(made.text("created_by"), "admin");
    EXPECT_EQ(made.text("updated_by"), "admin");
    EXPECT_EQ(made.text("created_at"), "2023-11-14T22:13:20.003Z");

    const auto vera = token_for("vera", {"cockpit_groups:write"});
    clock.advance(1'000);
    const auto changed = call("PUT", "/api/cockpit-agent/groups/web",
                              R"({"members":["web-2","db-1","web-2"]})", vera);
    ASSERT_EQ(changed.status, 200) << changed.detail();
    EXPECT_EQ(json::serialize(changed.body.at("members")), R"(["db-1","web-2"])");
    EXPECT_TRUE(changed.body.at("expression").is_null());
    EXPECT_EQ(changed.text("description"), "");
    EXPECT_EQ(changed.text("created_by"), "admin");
    EXPECT_EQ(changed.text("updated_by"), "vera");
    EXPECT_EQ(changed.text("updated_at"), "2023-11-14T22:13:21.003Z");

    const auto found = get("/api/cockpit-agent/groups/web");
    EXPECT_EQ(ids(found), "db-1 web-2");
    EXPECT_EQ(found.body.at("total").to_number<int>(), 2);
    const auto list = get("/api/cockpit-agent/groups");
    EXPECT_EQ(list.body.at("total").to_number<int>(), 1);
    EXPECT_EQ(list.body.at("groups").at(0).at("name").as_string(), "web");
    EXPECT_EQ(list.body.at("groups").at(0).at("total").to_number<int>(), 2);

    EXPECT_EQ(remove("/api/cockpit-agent/groups/web").text("name"), "web");
    EXPECT_EQ(remove("/api/cockpit-agent/groups/web").status, 404);
    EXPECT_EQ(get("/api/cockpit-agent/groups/web").detail(), "there is no group 'web'");
    EXPECT_TRUE(groups.groups.empty());
}

TEST_F(GroupEndpointsTest, WrongGroupsAreRefused) {
    ASSERT_EQ(make(R"({"name":"web","expression":"web-*"})").status, 201);
    ASSERT_EQ(make(R"({"name":"odd","expression":"group:web and not web-2"})").status, 201);
    const auto taken = make(R"({"name":"web","members":[]})");
    EXPECT_EQ(taken.status, 409);
    EXPECT_EQ(taken.detail(), "there is a group 'web' already");
    EXPECT_EQ(put("/api/cockpit-agent/groups/wbe", R"({"members":[]})").status, 404);
    const auto circle =
        put("/api/cockpit-agent/groups/web", R"({"expression":"all or group:odd"})");
    EXPECT_EQ(circle.status, 400);
    EXPECT_EQ(circle.detail(),
              "'expression' is wrong: column 8: the group would mention itself: web → odd → web");
    EXPECT_EQ(circle.body.at("column").to_number<int>(), 8);
    const auto mentioned = remove("/api/cockpit-agent/groups/web");
    EXPECT_EQ(mentioned.status, 409);
    EXPECT_EQ(mentioned.detail(), "group 'web' is mentioned by 'odd': change these first");
    EXPECT_THAT(make(R"({"name":"x","members":["web-4"]})").detail(),
                HasSubstr("no host is known as 'web-4'; did you mean 'web-1' or 'web-2'?"));
    EXPECT_EQ(make(R"({"name":"x"})").status, 400);
    EXPECT_EQ(make(R"({"name":"a b","members":[]})").status, 400);
    EXPECT_EQ(groups.groups.size(), 2u);
}

TEST_F(GroupEndpointsTest, LabelsOfTheServerStandBesideTheHostsOwn) {
    const auto path = "/api/cockpit-agent/web-1/labels";
    const auto saved = put(path, R"({"labels":{"site":"basel","rack":"r1"}})");
    ASSERT_EQ(saved.status, 200) << saved.detail();
    EXPECT_EQ(json::serialize(saved.body.at("labels")), R"({"rack":"r1","site":"bern"})");
    EXPECT_EQ(json::serialize(saved.body.at("own_labels")), R"({"site":"bern"})");
    EXPECT_EQ(json::serialize(saved.body.at("server_labels")), R"({"rack":"r1","site":"basel"})");
    EXPECT_EQ(json::serialize(saved.body.at("shadowed_labels")), R"(["site"])");
    EXPECT_EQ(groups.labels.at("web-1").updated_by, "admin");
    EXPECT_EQ(ids(targets("rack=r1")), "web-1");
    EXPECT_EQ(ids(targets("site=basel")), "");

    ASSERT_EQ(make(R"({"name":"rack1","expression":"rack=r*"})").status, 201);
    const auto status = get("/api/cockpit-agent/web-1/status");
    EXPECT_EQ(json::serialize(status.body.at("groups")), R"(["rack1"])");
    EXPECT_EQ(json::serialize(status.body.at("labels")), R"({"rack":"r1","site":"bern"})");
    const auto list = get("/api/cockpit-agent/list");
    EXPECT_EQ(json::serialize(list.body.at("agents").at(0).at("groups")), "[]");
    EXPECT_EQ(json::serialize(list.body.at("agents").at(1).at("groups")), R"(["rack1"])");

    EXPECT_EQ(put(path, R"({"labels":{}})").status, 200);
    EXPECT_EQ(ids(targets("rack=r1")), "");
}

TEST_F(GroupEndpointsTest, WrongLabelsAreRefused) {
    const auto path = "/api/cockpit-agent/web-1/labels";
    EXPECT_EQ(put(path, R"({"labels":{"a":1}})").detail(),
              "'labels' is wrong: the value of 'a' must be a string");
    EXPECT_EQ(put(path, R"({"labels":{"a b":"x"}})").status, 400);
    EXPECT_EQ(put(path, "{}").status, 400);
    EXPECT_EQ(put("/api/cockpit-agent/web-9/labels", R"({"labels":{}})").status, 404);
    EXPECT_EQ(put("/api/cockpit-agent/web*/labels", R"({"labels":{}})").status, 400);
    EXPECT_TRUE(groups.labels.empty());
}

TEST_F(GroupEndpointsTest, WithoutTheDatabaseNothingChanges) {
    groups.broken = true;
    const auto failed = make(R"({"name":"web","expression":"web-*"})");
    EXPECT_EQ(failed.status, 503);
    EXPECT_EQ(failed.detail(), "the database is unavailable; try again later");
    EXPECT_EQ(put("/api/cockpit-agent/web-1/labels", R"({"labels":{}})").status, 503);
    EXPECT_EQ(ids(targets("all")), "db-1 web-1 web-2");
}

}  // namespace
}  // namespace cockpit::api

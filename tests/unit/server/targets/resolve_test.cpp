#include "server/targets/resolve.hpp"

#include <gmock/gmock.h>

#include "unit/server/targets/fleet.hpp"

namespace cockpit::targets {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ResolveTest : public testing::Test {
  protected:
    std::vector<std::string> notes(std::string_view text) {
        const auto choice = resolve(parsed(text), hosts, groups);
        return choice ? choice->notes : std::vector{choice.error().text()};
    }
    std::string ids(std::string_view text) {
        return ids_of(resolve(parsed(text), hosts, groups), hosts);
    }
    std::string refused(const std::string& name, std::string_view expression) {
        const auto allowed = check_references(name, {.expression = parsed(expression)}, groups);
        return allowed ? "allowed" : allowed.error().text();
    }

    std::vector<Host> hosts = six_hosts();
    Definitions groups = four_groups();
};

TEST_F(ResolveTest, WhatMeansNobodyIsTold) {
    EXPECT_THAT(notes("web-* and env=prod"), IsEmpty());
    EXPECT_THAT(notes("web-1 or app-*"), ElementsAre("column 10: no host's id matches app-*"));
    EXPECT_THAT(notes("not env=qa"),
                ElementsAre("column 5: no host's label 'env' has the value qa"));
    EXPECT_THAT(notes("evn!=qa"),
                ElementsAre("column 1: no host has a label 'evn'; did you mean 'env'?"));
    EXPECT_THAT(notes("has:colour"), ElementsAre("column 1: no host has a label 'colour'"));
}

TEST_F(ResolveTest, WhatAGroupHasLostIsTold) {
    EXPECT_THAT(notes("group:stale"),
                ElementsAre("group 'stale' lists 'gone-9', and no host is known as that"));
    groups["old"] = {.expression = parsed("web-1 or gone-8 or gone-*")};
    EXPECT_EQ(ids("group:old"), "web-1");
    EXPECT_THAT(notes("all and not group:old"),
                ElementsAre("in group 'old', column 10: no host is known as 'gone-8'",
                            "in group 'old', column 20: no host's id matches gone-*"));
}

TEST_F(ResolveTest, NotesAreBounded) {
    for (int i = 0; i < 100; ++i)
        groups["stale"].members.push_back("gone-" + std::to_string(i));
    EXPECT_THAT(notes("group:stale"), SizeIs(max_notes + 1));
    EXPECT_EQ(notes("group:stale").back(), "there is more to say; these are the first");
}

TEST_F(ResolveTest, AMistakeIsToldWhateverStandsBesideIt) {
    EXPECT_EQ(ids("all or web-11"),
              "column 8: no host is known as 'web-11'; did you mean 'web-1' or 'web-10'?");
    EXPECT_EQ(ids("nothing-* and group:wbe"),
              "column 15: there is no group 'wbe'; did you mean 'web'?");
}

TEST_F(ResolveTest, WithoutHostsGlobsMeanNobody) {
    hosts.clear();
    EXPECT_EQ(ids("all"), "");
    EXPECT_EQ(ids("group:web or *-1"), "");
    EXPECT_EQ(ids("web-1"), "column 1: no host is known as 'web-1'");
}

TEST_F(ResolveTest, ACircleThatWasSavedAllTheSameIsAnErrorAndNoEnd) {
    groups["a"] = {.expression = parsed("group:b")};
    groups["b"] = {.expression = parsed("web-1 or group:c")};
    groups["c"] = {.expression = parsed("group:a and all")};
    EXPECT_EQ(ids("db-1 or group:a"),
              "column 9: groups mention each other in a circle: a → b → c → a");
    groups["c"] = {.expression = parsed("group:d")};
    EXPECT_EQ(ids("db-1 or group:a"), "column 9: group 'a' needs group 'd', which does not exist");
}

TEST_F(ResolveTest, GroupsOfEachHost) {
    const auto names = groups_of(hosts, groups);
    ASSERT_EQ(names.size(), 6u);
    EXPECT_THAT(names[0], IsEmpty());
    EXPECT_THAT(names[3], ElementsAre("canary", "stale", "web"));
    EXPECT_THAT(names[5], ElementsAre("Odd.1_x", "web"));
    // Of one host alone it is the same.
    EXPECT_EQ(groups_of(std::span(hosts).subspan(5, 1), groups).at(0), names[5]);
    groups["web"] = {.expression = parsed("group:gone")};
    EXPECT_THAT(groups_of(hosts, groups)[3], ElementsAre("canary", "stale"));
}

TEST_F(ResolveTest, CirclesAreRefusedByName) {
    EXPECT_EQ(refused("web", "role=web and not group:canary"), "allowed");
    EXPECT_EQ(refused("self", "all and group:self"),
              "column 9: the group would mention itself: self → self");
    EXPECT_EQ(refused("web", "group:canary or group:Odd.1_x"),
              "column 17: the group would mention itself: web → Odd.1_x → web");
    groups["more"] = {.expression = parsed("env=qa or group:Odd.1_x")};
    EXPECT_EQ(refused("canary", "not group:more"),
              "column 5: the group would mention itself: canary → more → Odd.1_x → canary");
}

TEST_F(ResolveTest, MissingGroupsAreRefused) {
    EXPECT_EQ(refused("new", "group:web or group:canry"),
              "column 14: there is no group 'canry'; did you mean 'canary'?");
}

TEST_F(ResolveTest, DepthOfGroupsIsBounded) {
    groups["g01"] = {.members = {"web-1"}};
    for (int i = 2; i <= 16; ++i) {
        const auto name = [](int n) { return (n < 10 ? "g0" : "g") + std::to_string(n); };
        ASSERT_EQ(refused(name(i), "group:" + name(i - 1)), "allowed") << i;
        groups[name(i)] = {.expression = parsed("group:" + name(i - 1))};
    }
    EXPECT_EQ(ids("group:g16"), "web-1");
    const std::string deep = "column 1: group '";
    const std::string end = "' would have more than 16 groups within each other; expected less";
    EXPECT_EQ(refused("g17", "group:g16"), deep + "g17" + end);
    // Below a group that others stand on, too.
    groups["low"] = {.members = {"web-1"}};
    EXPECT_EQ(refused("g01", "group:low"), deep + "g16" + end);
    groups["g17"] = {.expression = parsed("group:g16")};
    EXPECT_THAT(
        ids("group:g17"),
        testing::StartsWith("column 1: groups are too deep within each other: g17 → g16 → g15 → "));
}

TEST_F(ResolveTest, WhoMentionsAGroup) {
    EXPECT_THAT(mentioned_by("web", groups), ElementsAre("Odd.1_x"));
    EXPECT_THAT(mentioned_by("stale", groups), IsEmpty());
}

TEST_F(ResolveTest, TenThousandHostsAndALongExpression) {
    std::vector<Host> many;
    for (int i = 10'000; i < 20'000; ++i) {
        many.push_back({"host-" + std::to_string(i), {{"env", i % 2 == 0 ? "prod" : "test"}}});
    }
    std::string text = "env=prod and not host-10000";
    for (int i = 0; text.size() < 4'000; ++i)
        text += " and not host-" + std::to_string(10'002 + 2 * i);
    const auto choice = resolve(parsed(text), many, {});
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->hosts.size(), 5'000 - parsed(text).root().children.size() + 1);
}

}  // namespace
}  // namespace cockpit::targets

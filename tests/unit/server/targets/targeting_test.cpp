#include "server/targets/targeting.hpp"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "fakes/memory_group_store.hpp"
#include "fakes/set_clock.hpp"

namespace cockpit::targets {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using Kind = ChangeError::Kind;

class TargetingTest : public testing::Test {
  protected:
    TargetingTest() {
        directory.on_link_restored(clock.wall_ms());
        hello("db-1", {{"role", "db"}});
        hello("web-1", {{"role", "web"}, {"env", "prod"}});
        hello("web-2", {{"role", "web"}});
    }
    void hello(std::string_view id, std::map<std::string, std::string> labels) {
        clock.advance(1);
        directory.on_hello({.agent = agent(id), .labels = std::move(labels), .at_ms = clock.wall},
                           clock.wall);
    }
    static protocol::AgentId agent(std::string_view id) {
        return protocol::AgentId::parse(id).value();
    }
    void run() {
        io.restart();
        io.run();
    }
    template <typename T>
    Change<T> wait(auto start) {
        std::optional<Change<T>> result;
        start([&](Change<T> value) { result.emplace(std::move(value)); });
        EXPECT_FALSE(result) << "the callback came from inside the call";
        run();
        return std::move(result).value();
    }
    Change<GroupRecord> create(GroupDraft draft) {
        return wait<GroupRecord>(
            [&](auto done) { targeting.create(std::move(draft), "vera", std::move(done)); });
    }
    Change<GroupRecord> create(std::string name, std::string expression) {
        return create({.name = std::move(name), .expression = std::move(expression)});
    }
    Change<GroupRecord> replace(std::string name, std::string expression) {
        return wait<GroupRecord>([&](auto done) {
            targeting.replace({.name = std::move(name), .expression = std::move(expression)},
                              "otto", std::move(done));
        });
    }
    Change<GroupRecord> remove(std::string name) {
        return wait<GroupRecord>(
            [&](auto done) { targeting.remove(std::move(name), "otto", std::move(done)); });
    }
    Change<LabelRecord> set_labels(std::string_view id, Labels labels) {
        return wait<LabelRecord>([&](auto done) {
            targeting.set_labels(agent(id), std::move(labels), "vera", std::move(done));
        });
    }
    std::string ids(std::string_view expression) {
        const auto selection = targeting.select(expression);
        if (!selection) return selection.error().text();
        std::string all;
        for (const auto& one : selection->agents)
            all += (all.empty() ? "" : " ") + one.id.text();
        return all;
    }
    Standing standing(std::string_view id) {
        const auto view = directory.find(agent(id), clock.wall).value();
        return targeting.standing(std::span(&view, 1)).at(0);
    }

    boost::asio::io_context io;
    fakes::SetClock clock;
    fakes::MemoryGroupStore store{io.get_executor()};
    dispatch::AgentDirectory directory;
    Targeting targeting{clock, directory, store};
};

TEST_F(TargetingTest, SelectsHostsByWhatTheySayOfThemselves) {
    EXPECT_EQ(ids("role=web"), "web-1 web-2");
    EXPECT_EQ(ids("role=web and env=prod or db-*"), "db-1 web-1");
    EXPECT_EQ(ids("web-3"),
              "column 1: no host is known as 'web-3'; did you mean 'web-1' or 'web-2'?");
    EXPECT_EQ(ids("web-1 or"),
              "column 9: the expression ends here; expected an id, group:NAME, "
              "name=value, has:NAME, 'all', 'not' or '('");
    EXPECT_THAT(targeting.select("has:site").value().notes,
                ElementsAre("column 1: no host has a label 'site'"));
}

TEST_F(TargetingTest, LabelsOfTheServerAreAddedToThoseOfTheHost) {
    const auto saved = set_labels("web-2", {{"env", "test"}, {"rack", "r1"}});
    ASSERT_TRUE(saved) << saved.error().detail;
    EXPECT_EQ(saved->updated_by, "vera");
    EXPECT_EQ(store.labels.at("web-2").labels.size(), 2u);
    EXPECT_EQ(ids("env=test and rack=r1"), "web-2");
    EXPECT_THAT(standing("web-2").labels,
                ElementsAre(Pair("env", "test"), Pair("rack", "r1"), Pair("role", "web")));
    EXPECT_THAT(standing("web-2").shadowed, IsEmpty());
}

TEST_F(TargetingTest, OfOneNameTheHostsOwnLabelStands) {
    ASSERT_TRUE(set_labels("web-1", {{"env", "test"}, {"rack", "r1"}}));
    EXPECT_EQ(ids("env=prod"), "web-1");
    EXPECT_EQ(ids("env=test"), "");
    EXPECT_THAT(standing("web-1").shadowed, ElementsAre("env"));
    EXPECT_THAT(standing("web-1").server_labels,
                ElementsAre(Pair("env", "test"), Pair("rack", "r1")));
    hello("web-1", {{"role", "web"}});
    EXPECT_EQ(ids("env=test"), "web-1") << "its owner took the label away";
}

TEST_F(TargetingTest, LabelsAreChecked) {
    const auto refused = [&](Labels labels) { return set_labels("web-1", labels).error().detail; };
    EXPECT_EQ(
        refused({{"a b", "x"}}),
        "'labels' is wrong: 'a b' cannot be the name of a label: 1 to 63 of A-Z a-z 0-9 . _ - /");
    EXPECT_EQ(
        refused({{"a", std::string(256, 'x')}}),
        "'labels' is wrong: the value of label 'a' must have at most 255 bytes and no control "
        "characters");
    EXPECT_THAT(refused({{"a", "x\n"}}), HasSubstr("no control characters"));
    Labels many;
    for (int i = 0; i < 65; ++i)
        many["l" + std::to_string(i)] = "x";
    EXPECT_EQ(refused(many), "'labels' is wrong: a host may have 64 labels of the server at most");
    const auto unknown = set_labels("web-9", {});
    EXPECT_EQ(unknown.error().kind, Kind::not_found);
    EXPECT_EQ(unknown.error().detail, "there is no agent 'web-9'");
    EXPECT_THAT(store.labels, IsEmpty());
}

TEST_F(TargetingTest, AGroupOfMembersIsSortedAndKept) {
    const auto made = create({.name = "canary",
                              .description = "first",
                              .members = std::vector<std::string>{"web-2", "db-1", "web-2"}});
    ASSERT_TRUE(made) << made.error().detail;
    EXPECT_THAT(*made->members, ElementsAre("db-1", "web-2"));
    EXPECT_EQ(made->created_by, "vera");
    EXPECT_EQ(made->created_at_ms, clock.wall);
    EXPECT_EQ(made->updated_at_ms, clock.wall);
    EXPECT_EQ(ids("group:canary and web-*"), "web-2");
    EXPECT_THAT(standing("db-1").groups, ElementsAre("canary"));
    EXPECT_EQ(store.groups.at("canary").description, "first");
}

TEST_F(TargetingTest, AGroupByExpressionFollowsTheHosts) {
    ASSERT_TRUE(create("web", "role=web"));
    EXPECT_EQ(ids("group:web"), "web-1 web-2");
    hello("web-3", {{"role", "web"}});
    EXPECT_EQ(ids("group:web"), "web-1 web-2 web-3");
}

TEST_F(TargetingTest, AChangeKeepsWhoMadeIt) {
    ASSERT_TRUE(create("web", "role=web"));
    const auto made_at = clock.wall;
    clock.advance(1'000);
    const auto changed = replace("web", "web-1");
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->created_by, "vera");
    EXPECT_EQ(changed->created_at_ms, made_at);
    EXPECT_EQ(changed->updated_by, "otto");
    EXPECT_EQ(changed->updated_at_ms, clock.wall);
    EXPECT_EQ(ids("group:web"), "web-1");
    EXPECT_EQ(create("web", "all").error().detail, "there is a group 'web' already");
    EXPECT_EQ(replace("wbe", "all").error().detail, "there is no group 'wbe'");
}

TEST_F(TargetingTest, WrongGroupsAreRefused) {
    const auto refused = [&](GroupDraft draft) {
        const auto made = create(std::move(draft));
        if (made) return std::string("made");
        EXPECT_EQ(made.error().kind, Kind::invalid);
        return made.error().detail;
    };
    EXPECT_EQ(refused({.name = "a b", .expression = "all"}),
              "'name' must be 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit");
    EXPECT_EQ(refused({.name = "a"}),
              "'members' or 'expression' is missing: ids, or an expression that says who is in the "
              "group");
    EXPECT_EQ(refused({.name = "a", .members = std::vector<std::string>{}, .expression = "all"}),
              "a group has 'members' or an 'expression', not both");
    EXPECT_EQ(refused({.name = "a", .members = std::vector<std::string>{"web-1", "wbe-2"}}),
              "'members' is wrong: no host is known as 'wbe-2'; did you mean 'web-2'?");
    EXPECT_THAT(refused({.name = "a", .members = std::vector<std::string>{"web-*"}}),
                HasSubstr("'members' is wrong: 'web-*': an agent id has"));
    EXPECT_EQ(refused({.name = "a", .expression = "web-1 and"}),
              "'expression' is wrong: column 10: the expression ends here; expected an id, "
              "group:NAME, name=value, has:NAME, 'all', 'not' or '('");
    EXPECT_EQ(
        refused({.name = "a", .expression = "all and not web-3"}),
        "'expression' is wrong: column 13: no host is known as 'web-3'; did you mean 'web-1' or "
        "'web-2'?");
    EXPECT_EQ(refused({.name = "a", .expression = "group:b"}),
              "'expression' is wrong: column 1: there is no group 'b'");
    EXPECT_EQ(refused({.name = "a", .expression = "web-1 or group:a"}),
              "'expression' is wrong: column 10: the group would mention itself: a → a");
    EXPECT_THAT(store.groups, IsEmpty());
}

TEST_F(TargetingTest, ACircleIsRefusedAndNamed) {
    ASSERT_TRUE(create("a", "web-1"));
    ASSERT_TRUE(create("b", "group:a"));
    ASSERT_TRUE(create("c", "db-1 or group:b"));
    const auto circle = replace("a", "web-1 or group:c");
    ASSERT_FALSE(circle);
    EXPECT_EQ(circle.error().detail,
              "'expression' is wrong: column 10: the group would mention itself: a → c → b → a");
    EXPECT_EQ(circle.error().column, 10u);
    EXPECT_EQ(ids("group:c"), "db-1 web-1");
}

TEST_F(TargetingTest, TwoChangesAtOnceCannotMakeACircleTogether) {
    ASSERT_TRUE(create("a", "web-1"));
    ASSERT_TRUE(create("b", "web-2"));
    std::vector<std::string> said;
    const auto keep = [&](Change<GroupRecord> change) {
        said.push_back(change ? "changed" : change.error().detail);
    };
    targeting.replace({.name = "a", .expression = "group:b"}, "vera", keep);
    targeting.replace({.name = "b", .expression = "group:a"}, "otto", keep);
    run();
    EXPECT_THAT(said,
                ElementsAre("changed",
                            "'expression' is wrong: column 1: the group would mention itself: "
                            "b → a → b"));
}

TEST_F(TargetingTest, ChangesAreCheckedAgainstWhatOtherServersSaved) {
    store.groups["a"] = {.name = "a", .expression = "group:b", .created_by = "other"};
    EXPECT_EQ(create("b", "group:a").error().detail,
              "'expression' is wrong: column 1: the group would mention itself: b → a → b");
    EXPECT_EQ(create("a", "all").error().detail, "there is a group 'a' already");
}

TEST_F(TargetingTest, WhatIsMentionedIsNotRemoved) {
    ASSERT_TRUE(create("a", "web-1"));
    ASSERT_TRUE(create("b", "not group:a"));
    ASSERT_TRUE(create("c", "group:a or group:b"));
    const auto refused = remove("a");
    EXPECT_EQ(refused.error().kind, Kind::conflict);
    EXPECT_EQ(refused.error().detail, "group 'a' is mentioned by 'b', 'c': change these first");
    EXPECT_TRUE(remove("c"));
    EXPECT_TRUE(remove("b"));
    EXPECT_EQ(remove("a").value().expression, "web-1");
    EXPECT_EQ(remove("a").error().kind, Kind::not_found);
    EXPECT_EQ(ids("group:a"), "column 1: there is no group 'a'");
    EXPECT_THAT(store.groups, IsEmpty());
}

TEST_F(TargetingTest, WhatOtherServersChangedIsReadNowAndThen) {
    store.groups["canary"] = {.name = "canary", .members = std::vector<std::string>{"web-1"}};
    store.labels["db-1"] = {.agent_id = "db-1", .labels = {{"env", "prod"}}};
    EXPECT_EQ(ids("group:canary"), "column 1: there is no group 'canary'");
    targeting.refresh();
    run();
    EXPECT_EQ(ids("group:canary or env=prod"), "db-1 web-1");
    store.groups.clear();
    store.labels.clear();
    targeting.refresh();
    run();
    EXPECT_EQ(ids("env=prod"), "web-1");
    EXPECT_EQ(ids("group:canary"), "column 1: there is no group 'canary'");
}

TEST_F(TargetingTest, WhatWasReadBeforeAChangeDoesNotUndoIt) {
    std::optional<Change<GroupRecord>> made;
    targeting.create({.name = "a", .expression = "web-1"}, "vera",
                     [&](auto change) { made = std::move(change); });
    // The change reads first; this reads before the change writes.
    targeting.refresh();
    while (!made)
        io.run_one();
    run();
    EXPECT_EQ(ids("group:a"), "web-1");
}

TEST_F(TargetingTest, ABrokenStoreChangesNothingAndForgetsNothing) {
    ASSERT_TRUE(create("a", "web-1"));
    store.broken = true;
    targeting.refresh();
    run();
    const auto failed = create("b", "web-2");
    EXPECT_EQ(failed.error().kind, Kind::store_unavailable);
    EXPECT_EQ(failed.error().detail, "the database is unavailable; try again later");
    EXPECT_EQ(ids("group:a"), "web-1");
    store.broken = false;
    store.writes_broken = true;
    EXPECT_EQ(replace("a", "web-2").error().kind, Kind::store_unavailable);
    EXPECT_EQ(remove("a").error().kind, Kind::store_unavailable);
    EXPECT_EQ(set_labels("web-1", {}).error().kind, Kind::store_unavailable);
    EXPECT_EQ(ids("group:a"), "web-1");
    store.writes_broken = false;
    EXPECT_TRUE(replace("a", "web-2")) << "the next change has its turn";
}

TEST_F(TargetingTest, AnExpressionOfAnotherVersionIsNoEmptyGroup) {
    store.groups["new"] = {.name = "new", .expression = "online:yes"};
    std::optional<dispatch::StoreResult<bool>> restored;
    targeting.restore([&](auto result) { restored = std::move(result); });
    run();
    EXPECT_TRUE(restored.value().has_value());
    EXPECT_EQ(ids("not group:new"), "column 5: there is no group 'new'");
    EXPECT_EQ(targeting.groups().at("new").expression, "online:yes");
}

}  // namespace
}  // namespace cockpit::targets

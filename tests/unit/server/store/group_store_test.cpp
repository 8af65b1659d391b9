#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using targets::GroupRecord;
using targets::LabelRecord;
using targets::TargetRecords;

constexpr std::int64_t now_ms = 1'790'000'000'123;

class GroupStoreTest : public StoreTest {
  protected:
    dispatch::StoreResult<TargetRecords> loaded() {
        return store_.wait<dispatch::StoreResult<TargetRecords>>(
            [&](auto done) { store_->load_targets(std::move(done)); });
    }
    bool add(const GroupRecord& group) {
        return store_
            .wait<dispatch::StoreResult<bool>>(
                [&](auto done) { store_->add_group(group, std::move(done)); })
            .value();
    }
    bool replace(const GroupRecord& group) {
        return store_
            .wait<dispatch::StoreResult<bool>>(
                [&](auto done) { store_->replace_group(group, std::move(done)); })
            .value();
    }
    bool remove(const std::string& name) {
        return store_
            .wait<dispatch::StoreResult<bool>>(
                [&](auto done) { store_->remove_group(name, std::move(done)); })
            .value();
    }
    bool save(const LabelRecord& labels) {
        return store_
            .wait<dispatch::StoreResult<bool>>(
                [&](auto done) { store_->save_labels(labels, std::move(done)); })
            .value();
    }
    static GroupRecord group(const std::string& name) {
        return {.name = name,
                .description = "the \"web\" hosts, züri",
                .members = std::vector<std::string>{"web-1", "web-2"},
                .created_by = "vera",
                .created_at_ms = now_ms,
                .updated_by = "vera",
                .updated_at_ms = now_ms};
    }

    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(GroupStoreTest);

TEST_P(GroupStoreTest, AGroupComesBackAsItWasAdded) {
    EXPECT_TRUE(loaded()->groups.empty());
    EXPECT_TRUE(add(group("web")));
    auto by_expression = group("odd");
    by_expression.members.reset();
    by_expression.expression = "web-* and note=\"a \\\" b\"";
    EXPECT_TRUE(add(by_expression));

    const auto groups = loaded()->groups;
    ASSERT_EQ(groups.size(), 2u);
    EXPECT_EQ(groups[0].name, "odd");
    EXPECT_EQ(groups[0].members, std::nullopt);
    EXPECT_EQ(groups[0].expression, "web-* and note=\"a \\\" b\"");
    EXPECT_EQ(groups[1].name, "web");
    EXPECT_EQ(groups[1].description, "the \"web\" hosts, züri");
    EXPECT_EQ(groups[1].members, (std::vector<std::string>{"web-1", "web-2"}));
    EXPECT_EQ(groups[1].expression, std::nullopt);
    EXPECT_EQ(groups[1].created_by, "vera");
    EXPECT_EQ(groups[1].created_at_ms, now_ms);
    EXPECT_EQ(groups[1].updated_at_ms, now_ms);
}

TEST_P(GroupStoreTest, AnEmptyListOfMembersIsNoMissingOne) {
    auto empty = group("empty");
    empty.members = std::vector<std::string>{};
    EXPECT_TRUE(add(empty));
    EXPECT_EQ(loaded()->groups.at(0).members, std::vector<std::string>{});
}

TEST_P(GroupStoreTest, ATakenNameChangesNothing) {
    EXPECT_TRUE(add(group("web")));
    auto other = group("web");
    other.members = std::vector<std::string>{"db-1"};
    EXPECT_FALSE(add(other));
    EXPECT_EQ(loaded()->groups.at(0).members, (std::vector<std::string>{"web-1", "web-2"}));
}

TEST_P(GroupStoreTest, ReplacingKeepsWhoMadeItAndWhen) {
    EXPECT_FALSE(replace(group("web")));
    EXPECT_TRUE(loaded()->groups.empty());
    add(group("web"));
    EXPECT_TRUE(replace({.name = "web",
                         .expression = "role=web",
                         .created_by = "otto",
                         .created_at_ms = now_ms + 5,
                         .updated_by = "otto",
                         .updated_at_ms = now_ms + 5}));
    const auto changed = loaded()->groups.at(0);
    EXPECT_EQ(changed.description, "");
    EXPECT_EQ(changed.members, std::nullopt);
    EXPECT_EQ(changed.expression, "role=web");
    EXPECT_EQ(changed.created_by, "vera");
    EXPECT_EQ(changed.created_at_ms, now_ms);
    EXPECT_EQ(changed.updated_by, "otto");
    EXPECT_EQ(changed.updated_at_ms, now_ms + 5);
}

TEST_P(GroupStoreTest, RemovingTellsWhetherThereWasOne) {
    add(group("web"));
    EXPECT_TRUE(remove("web"));
    EXPECT_FALSE(remove("web"));
    EXPECT_TRUE(loaded()->groups.empty());
}

TEST_P(GroupStoreTest, LabelsOfAHostAreReplacedAsAWhole) {
    EXPECT_TRUE(loaded()->labels.empty());
    save({"web-1", {{"env", "prod"}, {"note", "a \"b\""}}, "vera", now_ms});
    save({"db-1", {}, "vera", now_ms});
    save({"web-1", {{"env", "test"}}, "otto", now_ms + 1});
    const auto labels = loaded()->labels;
    ASSERT_EQ(labels.size(), 2u);
    EXPECT_EQ(labels[0].agent_id, "db-1");
    EXPECT_TRUE(labels[0].labels.empty());
    EXPECT_EQ(labels[1].labels, (targets::Labels{{"env", "test"}}));
    EXPECT_EQ(labels[1].updated_by, "otto");
    EXPECT_EQ(labels[1].updated_at_ms, now_ms + 1);
}

TEST_P(GroupStoreTest, WhatIsBrokenIsNotReadAsEmpty) {
    add(group("web"));
    connect()->execute("UPDATE cockpit_groups SET members = '[\"web-1\"'");
    const auto broken = loaded();
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().message,
              "the members of group web are ill-formed in the database: [\"web-1\"");
    connect()->execute("UPDATE cockpit_groups SET members = '[]'");
    save({"web-1", {}, "vera", now_ms});
    connect()->execute("UPDATE cockpit_agent_labels SET labels = '{\"a\":1}'");
    EXPECT_EQ(loaded().error().message,
              "the labels of host web-1 are ill-formed in the database: {\"a\":1}");
}

}  // namespace
}  // namespace cockpit::store

#include "server/notify/notifier.hpp"

#include <boost/json/parse.hpp>

#include "fakes/memory_command_store.hpp"
#include "unit/server/notify/notify_fixture.hpp"

namespace cockpit::notify {
namespace {

using dispatch::CommandRecord;
using protocol::CommandState;
using testing::HasSubstr;

class NotifierTest : public NotifyTest {
  protected:
    static CommandRecord record(unsigned char n, CommandState state = CommandState::error) {
        const unsigned char bytes[16] = {n};
        return {.agent_id = "web-1",
                .command_id = protocol::CommandId::from_random_bytes(bytes).text(),
                .command = "echo",
                .params = "{}",
                .state = state,
                .output = "out",
                .error = "it broke",
                .completed_at_ms = 1'700'000'000'000,
                .sent_by = "admin"};
    }
    std::vector<dispatch::AgentView> host(dispatch::Presence presence) {
        return {{.id = *protocol::AgentId::parse("web-1"),
                 .presence = presence,
                 .evidence = "because"}};
    }
    // The host is seen like that for long enough.
    void stand(Notifier& notifier, dispatch::Presence presence) {
        notifier.on_hosts(host(presence));
        clock.advance(30'000);
        notifier.on_hosts(host(presence));
        turn();
    }
    Notifier make() {
        return Notifier({}, 30'000,
                        {.store = store,
                         .targets = targets,
                         .clock = clock,
                         .new_id = new_id,
                         .command_json =
                             [](const CommandRecord& one) {
                                 return boost::json::object{{"command_id", one.command_id},
                                                            {"output", one.output.value_or("")}};
                             },
                         .published = [this] { ++published; }});
    }
    int published = 0;
};

TEST_F(NotifierTest, AnEndIsWrittenDownForWhoWantsIt) {
    add_webhook("errors", {"command.ended:error"});
    add_webhook("all");
    auto notifier = make();
    notifier.on_end(record(1));
    turn();
    ASSERT_EQ(store.rows.size(), 2u);
    EXPECT_EQ(published, 1);
    const auto body = boost::json::parse(store.rows[0].delivery.body).as_object();
    EXPECT_EQ(body.at("event"), "command.ended");
    EXPECT_EQ(body.at("outcome"), "error");
    EXPECT_EQ(body.at("text"), "echo on web-1 ended: error (it broke)");
    EXPECT_EQ(body.at("occurred_at"), "2023-11-14T22:13:20.000Z");
    EXPECT_EQ(body.at("data").at("output"), "out");
    EXPECT_EQ(body.at("data").at("output_truncated"), false);
    notifier.on_end(record(2, CommandState::success));
    turn();
    EXPECT_EQ(store.rows.size(), 3u);
}

TEST_F(NotifierTest, ToldTwiceItIsWrittenOnce) {
    add_webhook("all");
    auto notifier = make();
    auto other_server = make();
    notifier.on_end(record(1));
    notifier.on_end(record(1));
    other_server.on_end(record(1));
    turn();
    EXPECT_EQ(store.rows.size(), 1u);
    EXPECT_EQ(published, 1);
}

TEST_F(NotifierTest, LongOutputIsCutBetweenCharacters) {
    add_webhook("all");
    auto notifier = make();
    auto long_one = record(1);
    long_one.output = "x";
    for (int n = 0; n < 40'000; ++n)
        *long_one.output += "\xc3\xa4";
    notifier.on_end(long_one);
    turn();
    const auto data = boost::json::parse(store.rows.at(0).delivery.body).at("data");
    EXPECT_EQ(data.at("output_truncated"), true);
    EXPECT_EQ(data.at("output").as_string().size(), 65'535u);
}

TEST_F(NotifierTest, WhatTheDatabaseWouldNotTakeIsWrittenLater) {
    add_webhook("all");
    auto notifier = make();
    store.broken = true;
    notifier.on_end(record(1));
    notifier.on_end(record(2));
    turn();
    EXPECT_EQ(notifier.unwritten(), 2u);
    notifier.on_tick();
    turn();
    EXPECT_EQ(notifier.unwritten(), 2u);
    store.broken = false;
    for (int n = 0; n < 2; ++n) {
        notifier.on_tick();
        turn();
    }
    EXPECT_EQ(notifier.unwritten(), 0u);
    EXPECT_EQ(store.rows.size(), 2u);
}

TEST_F(NotifierTest, AHostIsToldOfWhenItChangedAndByOneServer) {
    add_webhook("all");
    auto a = make();
    auto b = make();
    EXPECT_TRUE(a.watches_hosts());
    stand(a, dispatch::Presence::online);
    stand(b, dispatch::Presence::online);
    EXPECT_TRUE(store.rows.empty()) << "the first time is no change";
    stand(a, dispatch::Presence::offline);
    stand(b, dispatch::Presence::offline);
    ASSERT_EQ(store.rows.size(), 1u);
    EXPECT_EQ(store.rows[0].delivery.event, "host.changed");
    EXPECT_THAT(store.rows[0].delivery.body, HasSubstr("host web-1 is offline: because"));
}

TEST_F(NotifierTest, NobodyWatchesHostsUnlessSomebodyWantsTo) {
    add_webhook("commands", {"command.ended"});
    EXPECT_FALSE(make().watches_hosts());
}

TEST_F(NotifierTest, CatchesUpWithEndsThatNobodyToldOf) {
    fakes::MemoryCommandStore commands(io.get_executor());
    add_webhook("all");
    const auto insert = [&](CommandRecord one) { commands.insert(std::move(one), [](auto) {}); };
    clock.advance(60'000);
    auto fresh = record(1);
    fresh.completed_at_ms = clock.wall_ms() - 1'000;
    auto old = record(2);
    old.completed_at_ms = clock.wall_ms() - 700'000;
    auto before_the_target = record(3);
    before_the_target.completed_at_ms = clock.wall_ms() - 61'000;
    insert(fresh);
    insert(old);
    insert(before_the_target);
    insert(record(4, CommandState::running));
    turn();
    auto notifier = make();
    notifier.catch_up(commands);
    turn();
    notifier.catch_up(commands);
    turn();
    ASSERT_EQ(store.rows.size(), 1u);
    EXPECT_EQ(store.rows[0].delivery.subject, fresh.command_id);
}

}  // namespace
}  // namespace cockpit::notify

#include "server/transport/news_router.hpp"

#include <gtest/gtest.h>

#include "crypto/sodium.hpp"
#include "fakes/recording_agent_link.hpp"
#include "fakes/set_clock.hpp"
#include "unit/server/transport/server_parts.hpp"

namespace cockpit::transport {
namespace {

using protocol::EntryKind;

class NewsRouterTest : public ::testing::Test {
  protected:
    NewsRouterTest() {
        crypto::initialize();
        directory.on_link_restored(clock.wall);
        directory.set_keys(web.id, web.key.public_key().to_base64(), std::nullopt);
        directory.set_keys(other.id, other.key.public_key().to_base64(), std::nullopt);
        store.rows.push_back(pending_row(web, 1));
    }
    bool take_in(const protocol::Entry& entry) {
        std::optional<bool> settled;
        router.on_result(entry, [&](bool ok) { settled = ok; });
        io.restart();
        io.run();
        EXPECT_TRUE(settled.has_value());
        return settled.value_or(false);
    }
    protocol::CommandState state() const { return store.rows.front().state; }
    void expect_rejected(const protocol::Entry& entry) {
        const auto before = router.rejected();
        EXPECT_TRUE(take_in(entry)) << "reading it again would change nothing";
        EXPECT_EQ(router.rejected(), before + 1);
        EXPECT_EQ(state(), protocol::CommandState::pending);
    }

    Host web{"web-1"};
    Host other{"web-2"};
    boost::asio::io_context io;
    fakes::SetClock clock;
    fakes::MemoryCommandStore store{io.get_executor()};
    fakes::MemoryAgentStore agents{io.get_executor()};
    fakes::RecordingAgentLink link{io.get_executor()};
    dispatch::AgentDirectory directory;
    dispatch::Admission admission{clock, directory, agents, link};
    dispatch::Dispatcher dispatcher{
        {.allow_unsigned_agents = true}, clock, directory, store, link, [] {
            return *protocol::CommandId::parse("");
        }};
    fakes::MemoryOutputStore output_store{io.get_executor(), store};
    dispatch::OutputLog output{{}, clock, output_store, link};
    NewsRouter router{clock, directory, admission, dispatcher, output};
};

TEST_F(NewsRouterTest, a_signed_result_is_believed) {
    EXPECT_TRUE(take_in(web.say(EntryKind::finished, web.finished(store.rows[0]))));
    EXPECT_EQ(state(), protocol::CommandState::success);
    EXPECT_EQ(router.rejected(), 0);
}

TEST_F(NewsRouterTest, a_result_altered_at_any_byte_is_rejected) {
    const auto good = web.say(EntryKind::finished, web.finished(store.rows[0]));
    for (std::size_t i = 0; i < good.body.size(); ++i) {
        auto altered = good;
        altered.body[i] ^= 1;
        expect_rejected(altered);
    }
    auto short_signature = good;
    short_signature.signature.resize(10);
    expect_rejected(short_signature);
}

TEST_F(NewsRouterTest, another_host_cannot_speak_for_this_one) {
    expect_rejected(other.say(EntryKind::finished, web.finished(store.rows[0])));
}

TEST_F(NewsRouterTest, an_unknown_host_is_rejected) {
    const Host stranger("stranger");
    expect_rejected(stranger.say(EntryKind::finished, stranger.finished(store.rows[0])));
}

TEST_F(NewsRouterTest, a_signature_over_one_kind_does_not_serve_for_another) {
    const protocol::AttemptId attempt{*protocol::CommandId::parse(store.rows[0].command_id), 1};
    auto entry = web.say(EntryKind::received, protocol::Received{web.id, attempt, 5});
    entry.kind = EntryKind::started;
    expect_rejected(entry);
}

TEST_F(NewsRouterTest, kinds_that_hosts_do_not_send_are_rejected) {
    expect_rejected(web.say(EntryKind::cancel, web.finished(store.rows[0])));
}

TEST_F(NewsRouterTest, a_hello_must_be_signed_by_the_key_it_carries) {
    auto hello = web.hello(clock.wall);
    hello.public_key = other.key.public_key().to_base64();
    expect_rejected(web.say(EntryKind::hello, hello));
}

TEST_F(NewsRouterTest, a_signed_heartbeat_makes_the_host_online_and_a_replay_does_not) {
    const auto heartbeat = to_channel_message(web.say(EntryKind::hello, web.hello(clock.wall)));
    router.on_heartbeat(heartbeat);
    EXPECT_EQ(directory.find(web.id, clock.wall)->presence, dispatch::Presence::online);
    clock.advance(1'000'000);
    router.on_heartbeat(heartbeat);
    EXPECT_EQ(directory.find(web.id, clock.wall)->presence, dispatch::Presence::offline);
}

TEST_F(NewsRouterTest, junk_on_the_channels_changes_nothing) {
    for (const auto* junk : {"", "{}", "null", "[1", R"({"t":"hello","k":"","b":"","s":""})"}) {
        const auto before = router.rejected();
        router.on_heartbeat(junk);
        router.on_original_response("py-1", junk);
        router.on_original_response("*", "{}");
        EXPECT_EQ(router.rejected(), before + 3) << junk;
    }
}

}  // namespace
}  // namespace cockpit::transport

// What the executor tells the output sender, and what it lets through to it.
#include "output_fixture.hpp"

namespace cockpit::executor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ExecutorOutput : public ExecutorTest {
  protected:
    ExecutorOutput() { make().stream_outputs(source, {}); }
    void pass(std::int64_t milliseconds) {
        clock.pass(milliseconds);
        do {
            executor->on_time();
            source.answer();
        } while (*executor->next_deadline_ms() <= clock.steady);
    }
    void fetch(protocol::Fetch body) {
        give(sign(protocol::EntryKind::fetch, body, server));
        source.answer();
    }
    protocol::Fetch good_fetch() const {
        return {agent, attempt(1), "f1", 0, 100, clock.wall, clock.wall + 5'000};
    }
    void ack_output(int number, std::int64_t next) {
        give(sign(protocol::EntryKind::ack,
                  protocol::Ack{.agent = agent,
                                .attempt = attempt(number),
                                .issued_at_ms = clock.wall,
                                .output_next = next},
                  server));
    }
    FakeSource source;
};

TEST_F(ExecutorOutput, goes_out_while_the_command_runs_and_until_acknowledged) {
    executor->restore({});
    give(pull(1));
    source.print(attempt(1), "\xff live");
    pass(250);
    ASSERT_THAT(reports.outputs, SizeIs(1));
    EXPECT_EQ(crypto::from_base64(reports.outputs[0].data), "\xff live");
    git().end(0, {CommandState::success, "\xff live", std::nullopt, 0});
    ASSERT_THAT(reports.finished, SizeIs(1));
    pass(0);
    ack_output(1, 6);
    EXPECT_EQ(executor->counts().unacknowledged, 1) << "that says nothing of the result";
    pass(20'000);
    EXPECT_THAT(reports.outputs, SizeIs(1));
    EXPECT_THAT(reports.finished, SizeIs(2)) << "the result is said again";
    ack(1);
    EXPECT_EQ(executor->counts().unacknowledged, 0);
    EXPECT_EQ(source.outputs[attempt(1)].saved, 6);
}

TEST_F(ExecutorOutput, is_not_looked_for_where_commands_are_pure) {
    executor->restore({});
    give(run(1, "echo", {{"message", "x"}}));
    ASSERT_THAT(echo().started, SizeIs(1));
    pass(10'000);
    EXPECT_THAT(source.wishes, IsEmpty());
}

TEST_F(ExecutorOutput, is_sent_again_when_the_link_is_up) {
    executor->restore({});
    give(pull(1));
    source.print(attempt(1), "abc");
    pass(250);
    executor->on_link_up();
    pass(100);
    EXPECT_THAT(reports.outputs, SizeIs(2));
}

TEST_F(ExecutorOutput, of_before_a_restart_goes_on) {
    for (const int number : {1, 2, 3})
        source.outputs[attempt(number)].bytes = "\xff output";
    source.at_start = {{attempt(1), 0, 8, clock.wall},
                       {attempt(2), 2, 8, clock.wall},
                       {attempt(3), 3, 8, clock.wall}};
    make().stream_outputs(source, {});
    executor->restore(
        {.attempts = {{.attempt = attempt(1),
                       .expires_at_ms = clock.wall + 10'000,
                       .run = pull(1),
                       .started = StartedRecord{attempt(1), clock.wall, "boot-1"}},
                      {.attempt = attempt(2),
                       .expires_at_ms = clock.wall + 10'000,
                       .finished = protocol::Finished{
                           .agent = agent, .attempt = attempt(2), .at_ms = clock.wall}}}});
    pass(300);
    ASSERT_THAT(reports.outputs, SizeIs(3));
    for (const auto& piece : reports.outputs) {
        EXPECT_EQ(piece.offset, piece.attempt.command == attempt(1).command   ? 0
                                : piece.attempt.command == attempt(2).command ? 2
                                                                              : 3);
    }
}

TEST_F(ExecutorOutput, is_fetched_by_who_may) {
    source.outputs[attempt(1)].bytes = "0123456789";
    fetch(good_fetch());
    ASSERT_THAT(reports.outputs, SizeIs(1));
    EXPECT_EQ(crypto::from_base64(reports.outputs[0].data), "0123456789");
    EXPECT_EQ(reports.outputs[0].fetch_id, "f1");
    EXPECT_EQ(executor->counts().rejected, 0);

    auto late = good_fetch();
    late.expires_at_ms = clock.wall;
    fetch(late);
    EXPECT_THAT(reports.outputs, SizeIs(1)) << "too late";
    EXPECT_EQ(executor->counts().rejected, 0);

    auto misaddressed = good_fetch();
    misaddressed.agent = *protocol::AgentId::parse("other");
    fetch(misaddressed);
    give(sign(protocol::EntryKind::fetch, good_fetch(), crypto::SigningKey::generate()));
    auto broken = sign(protocol::EntryKind::fetch, good_fetch(), server);
    broken.body = "{}";
    broken.signature = server.sign(protocol::signing_input(broken.kind, broken.body));
    give(broken);
    source.answer();
    EXPECT_THAT(reports.outputs, SizeIs(1));
    EXPECT_EQ(executor->counts().rejected, 3);
}

TEST_F(ExecutorOutput, without_a_source_a_fetch_is_answered_with_the_reason) {
    make();
    fetch(good_fetch());
    ASSERT_THAT(reports.outputs, SizeIs(1));
    EXPECT_EQ(reports.outputs[0].problem, "this host keeps no output of commands");
    ack_output(1, 5);
    EXPECT_EQ(executor->counts().rejected, 0);
}

}  // namespace
}  // namespace cockpit::executor

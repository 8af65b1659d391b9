#include "server/dispatch/output_log.hpp"

#include <gtest/gtest.h>

#include "crypto/encoding.hpp"
#include "fakes/memory_output_store.hpp"
#include "unit/server/dispatch/dispatcher_fixture.hpp"

namespace cockpit::dispatch {
namespace {

class OutputLogTest : public DispatcherTest {
  protected:
    bool tell(const CommandRecord& record, std::int64_t offset, std::string_view bytes,
              std::int64_t missing_before = 0) {
        std::optional<bool> settled;
        log.on_output({.agent = web,
                       .attempt = attempt(record),
                       .offset = offset,
                       .data = crypto::to_base64(bytes),
                       .missing_before = missing_before},
                      [&](bool ok) { settled = ok; });
        answers.deliver();
        EXPECT_TRUE(settled.has_value());
        return settled.value_or(false);
    }
    std::int64_t acknowledged() {
        EXPECT_FALSE(link.acks.empty());
        return link.acks.back().output_next.value_or(-1);
    }

    fakes::MemoryOutputStore output{answers.io.get_executor(), store};
    OutputLog log{{}, clock, output, link};
};

TEST_F(OutputLogTest, a_piece_is_kept_acknowledged_announced_and_wakes_readers) {
    const auto record = echo();
    int woken = 0;
    auto watch = log.watch(attempt(record).command, [&] { ++woken; });
    EXPECT_TRUE(tell(record, 0, "hello"));
    EXPECT_EQ(acknowledged(), 5);
    EXPECT_EQ(link.output, std::vector{record.command_id});
    EXPECT_EQ(woken, 1);
    EXPECT_TRUE(tell(record, 9, "late")) << "settled, for the host sends it again";
    EXPECT_EQ(acknowledged(), 5) << "go on from there";
    watch.reset();
    tell(record, 5, "!");
    EXPECT_EQ(woken, 2) << "one for each that came before";
}

TEST_F(OutputLogTest, what_was_not_written_is_read_again_and_not_acknowledged) {
    const auto record = echo();
    output.broken = true;
    EXPECT_FALSE(tell(record, 0, "hello"));
    EXPECT_TRUE(link.acks.empty());
}

TEST_F(OutputLogTest, output_of_an_unknown_command_is_given_up) {
    auto record = echo();
    record.command_id = next_id().text();
    EXPECT_TRUE(tell(record, 10, "hello", 10));
    EXPECT_EQ(acknowledged(), 15);
    EXPECT_TRUE(link.output.empty());
}

TEST_F(OutputLogTest, a_host_is_asked_until_it_answers) {
    const auto record = echo();
    std::optional<OutputLog::Fetched> got;
    log.fetch(web, attempt(record), 100, 1 << 20, [&](auto answer) { got = std::move(answer); });
    ASSERT_EQ(link.fetches.size(), 1u);
    EXPECT_EQ(link.fetches[0].length, protocol::max_output_bytes);
    clock.advance(2'000);
    log.on_tick();
    ASSERT_EQ(link.fetches.size(), 2u);
    const auto& asked = link.fetches[1];
    EXPECT_EQ(asked.fetch_id, link.fetches[0].fetch_id);

    protocol::Output answer{.agent = agent_named("web-2"),
                            .attempt = asked.attempt,
                            .offset = 100,
                            .data = crypto::to_base64("bytes"),
                            .fetch_id = asked.fetch_id};
    log.on_fetched(answer);
    EXPECT_FALSE(got.has_value()) << "another host may not answer for it";
    answer.agent = web;
    log.on_fetched(answer);
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ((*got)->bytes, "bytes");
    EXPECT_EQ((*got)->offset, 100);
    log.on_fetched(answer);
    clock.advance(60'000);
    log.on_tick();
    EXPECT_EQ(link.fetches.size(), 2u);
}

TEST_F(OutputLogTest, a_host_that_says_no_or_nothing) {
    const auto record = echo();
    std::optional<OutputLog::Fetched> refused;
    std::optional<OutputLog::Fetched> silent;
    log.fetch(web, attempt(record), 0, 10, [&](auto answer) { refused = std::move(answer); });
    log.on_fetched({.agent = web,
                    .attempt = attempt(record),
                    .fetch_id = link.fetches[0].fetch_id,
                    .problem = "not kept any more"});
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->error(), "not kept any more");
    log.fetch(web, attempt(record), 0, 10, [&](auto answer) { silent = std::move(answer); });
    clock.advance(10'000);
    log.on_tick();
    ASSERT_TRUE(silent.has_value());
    EXPECT_EQ(silent->error(), "the host did not answer within 10 s");
}

}  // namespace
}  // namespace cockpit::dispatch

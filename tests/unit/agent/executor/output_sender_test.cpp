#include "agent/executor/output_sender.hpp"

#include <random>

#include "output_fixture.hpp"

namespace cockpit::executor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using Sender = OutputSenderTest;

std::string some_bytes(std::size_t count, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::string bytes(count, '\0');
    for (auto& byte : bytes)
        byte = static_cast<char>(random());
    return bytes;
}

TEST_F(Sender, a_short_command_whose_result_holds_its_output_sends_no_piece) {
    make().started(attempt(1));
    source.print(attempt(1), "done\n");
    pass(249);
    EXPECT_EQ(source.wishes.size(), 0u);
    sender->ended(result(1, "done\n"));
    EXPECT_EQ(sender->unfinished(), 0u);
    pass(10'000);
    EXPECT_THAT(reports.outputs, IsEmpty());
    EXPECT_EQ(source.outputs[attempt(1)].saved, 5) << "so that nothing is sent after a restart";
}

TEST_F(Sender, a_short_command_whose_result_cannot_hold_its_bytes_sends_them) {
    make().started(attempt(1));
    source.print(attempt(1), "\xff\xfe");
    sender->ended(result(1, "\xef\xbf\xbd\xef\xbf\xbd"));
    run();
    ASSERT_THAT(reports.outputs, SizeIs(1));
    const auto& piece = reports.outputs[0];
    EXPECT_EQ(piece.agent, agent);
    EXPECT_EQ(piece.attempt, attempt(1));
    EXPECT_EQ(piece.offset, 0);
    EXPECT_EQ(piece.missing_before, 0);
    EXPECT_EQ(crypto::from_base64(piece.data), "\xff\xfe");
    EXPECT_EQ(piece.at_ms, clock.wall);
    EXPECT_EQ(piece.fetch_id, std::nullopt);
    EXPECT_EQ(sender->unfinished(), 1u);
    ack(1, 2);
    EXPECT_EQ(sender->unfinished(), 0u);
    EXPECT_EQ(source.outputs[attempt(1)].saved, 2);
}

TEST_F(Sender, what_never_was_an_output_is_left_alone) {
    make().ended({.agent = agent, .attempt = attempt(1), .output = "hello"});
    EXPECT_EQ(sender->unfinished(), 0u);
    sender->ended({.agent = agent,
                   .attempt = attempt(2),
                   .output = "x",
                   .output_bytes = 1,
                   .output_sha256 = crypto::to_hex(crypto::sha256("x"))});
    EXPECT_EQ(sender->unfinished(), 0u);
    sender->started(attempt(3));
    pass(5'000);
    sender->ended({.agent = agent, .attempt = attempt(3), .output = "restarted"});
    run();
    EXPECT_EQ(sender->unfinished(), 0u);
    EXPECT_THAT(reports.outputs, IsEmpty());
}

TEST_F(Sender, bytes_go_out_while_the_command_runs) {
    make().started(attempt(1));
    source.print(attempt(1), "one ");
    pass(250);
    EXPECT_EQ(sent(), "one ");
    ack(1, 4);
    pass(5'000);
    source.print(attempt(1), "two ");
    run();
    EXPECT_EQ(sent(), "one two ") << "at once, since nothing was sent for long";
    source.print(attempt(1), "thr");
    source.print(attempt(1), "ee");
    pass(99);
    EXPECT_EQ(sent(), "one two ") << "waits for company";
    pass(1);
    EXPECT_EQ(sent(), "one two three");
    EXPECT_THAT(reports.outputs, SizeIs(3));
}

TEST_F(Sender, an_output_that_appears_late_is_found) {
    make().started(attempt(1));
    pass(700);
    source.print(attempt(1), "late");
    pass(1'000);
    EXPECT_EQ(sent(), "late");
}

TEST_F(Sender, no_more_than_the_window_is_on_the_way) {
    make({.limit = 8 << 20}).started(attempt(1));
    const auto all = some_bytes(1'000'000);
    source.print(attempt(1), all);
    pass(1'000);
    EXPECT_TRUE(sent() == all.substr(0, 256 * 1024));
    ack(1, 65'536);
    EXPECT_TRUE(sent() == all.substr(0, 5 * 65'536));
    ack(1, 65'536);
    ack(1, 1'000'001);
    ack(1, 100);
    EXPECT_TRUE(sent() == all.substr(0, 5 * 65'536)) << "old news, and nonsense";
    reports.outputs.clear();
    ack(1, 5 * 65'536);
    EXPECT_TRUE(sent() == all.substr(5 * 65'536, 4 * 65'536));
}

TEST_F(Sender, all_attempts_share_a_window_and_all_have_their_turn) {
    make({.limit = 8 << 20});
    for (int i = 1; i <= 8; ++i) {
        sender->started(attempt(i));
        source.print(attempt(i), some_bytes(400'000, static_cast<unsigned>(i)));
    }
    pass(300);
    EXPECT_EQ(sent().size(), 1024u * 1024);
    for (int round = 0; round < 300 && sender->unfinished() > 0; ++round) {
        take_some();
        run();
        if (round == 20) {
            for (int i = 1; i <= 8; ++i) {
                EXPECT_GT(server[attempt(i)].next, 0) << i;
                end(i);
            }
        }
    }
    for (int i = 1; i <= 8; ++i)
        EXPECT_TRUE(server[attempt(i)].bytes == source.outputs[attempt(i)].bytes);
    EXPECT_EQ(sender->unfinished(), 0u);
}

TEST_F(Sender, what_is_not_acknowledged_is_sent_again_in_small_pieces_and_ever_more_rarely) {
    make().started(attempt(1));
    const auto all = some_bytes(100'000);
    source.print(attempt(1), all);
    pass(250);
    auto last = clock.steady;
    pass(100);
    EXPECT_TRUE(sent() == all);
    std::vector<std::int64_t> pauses;
    while (pauses.size() < 8) {
        reports.outputs.clear();
        clock.steady = *sender->next_deadline_ms();
        run();
        if (reports.outputs.empty()) continue;
        EXPECT_TRUE(sent() == all.substr(0, 4'096));
        pauses.push_back(clock.steady - last);
        last = clock.steady;
    }
    EXPECT_THAT(pauses, ElementsAre(2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000, 60'000));
    reports.outputs.clear();
    ack(1, 4'096);
    pass(100);
    EXPECT_TRUE(sent() == all.substr(4'096)) << "somebody is there again";
}

TEST_F(Sender, goes_on_from_the_acknowledged_offset_when_the_link_is_up) {
    make().started(attempt(1));
    source.print(attempt(1), "0123456789");
    pass(250);
    ack(1, 4);
    reports.outputs.clear();
    pass(100);
    sender->on_link_up();
    run();
    EXPECT_EQ(sent(), "456789");
    EXPECT_EQ(reports.outputs.at(0).offset, 4);
}

TEST_F(Sender, a_late_acknowledgement_of_what_was_taken_back_counts) {
    make().started(attempt(1));
    source.print(attempt(1), some_bytes(100'000));
    pass(250);
    clock.pass(2'000);
    run();
    reports.outputs.clear();
    ack(1, 100'000);
    EXPECT_THAT(reports.outputs, IsEmpty());
    source.print(attempt(1), "more");
    pass(100);
    EXPECT_EQ(sent(), "more");
}

TEST_F(Sender, a_read_that_is_out_of_date_is_not_sent) {
    make().started(attempt(1));
    source.print(attempt(1), "0123456789");
    pass(250);
    source.print(attempt(1), "abc");
    clock.pass(100);
    sender->on_time();
    ASSERT_EQ(source.reading(), 1u);
    sender->on_link_up();
    reports.outputs.clear();
    run();
    EXPECT_EQ(sent(), "0123456789abc") << "once, from the acknowledged offset";
}

TEST_F(Sender, sending_goes_on_after_the_end_until_all_is_acknowledged) {
    make().started(attempt(1));
    const auto all = some_bytes(400'000);
    source.print(attempt(1), all.substr(0, 1'000));
    pass(250);
    source.print(attempt(1), all.substr(1'000));
    end(1);
    EXPECT_EQ(sender->unfinished(), 1u);
    take_all();
    EXPECT_TRUE(server[attempt(1)].bytes == all);
    EXPECT_EQ(sender->unfinished(), 0u);
    EXPECT_EQ(source.outputs[attempt(1)].saved, 400'000);
}

TEST_F(Sender, an_end_in_the_middle_of_a_read_is_not_missed) {
    make().started(attempt(1));
    source.print(attempt(1), "first");
    clock.pass(250);
    sender->on_time();
    ASSERT_EQ(source.reading(), 1u);
    source.answer();
    ack(1, 5);
    source.print(attempt(1), "x");
    clock.pass(100);
    sender->on_time();
    ASSERT_EQ(source.reading(), 1u);
    source.print(attempt(1), "last");
    end(1);
    take_all();
    EXPECT_EQ(server[attempt(1)].bytes, "firstxlast");
    EXPECT_EQ(server[attempt(1)].next, 10);
    EXPECT_EQ(sender->unfinished(), 0u);
}

TEST_F(Sender, growth_in_the_middle_of_a_read_is_not_missed) {
    make().started(attempt(1));
    source.print(attempt(1), "seen");
    clock.pass(250);
    sender->on_time();
    ASSERT_EQ(source.reading(), 1u);
    source.print(attempt(1), " and unseen");
    source.answer();
    pass(100);
    EXPECT_EQ(sent(), "seen and unseen");
}

TEST_F(Sender, how_far_the_server_is_is_saved_at_most_once_a_second) {
    make({.limit = 8 << 20}).started(attempt(1));
    source.print(attempt(1), some_bytes(2'000'000));
    pass(250);
    EXPECT_EQ(source.outputs[attempt(1)].saved, 0) << "it has begun";
    for (int i = 1; i <= 20; ++i)
        ack(1, i * 10'000);
    EXPECT_EQ(source.outputs[attempt(1)].saves, 1);
    pass(1'000);
    EXPECT_EQ(source.outputs[attempt(1)].saved, 200'000);
    EXPECT_EQ(source.outputs[attempt(1)].saves, 2);
}

}  // namespace
}  // namespace cockpit::executor

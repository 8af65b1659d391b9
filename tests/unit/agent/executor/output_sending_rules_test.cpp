// Of large outputs, after a restart, and of what is asked for.
#include <random>

#include "output_fixture.hpp"

namespace cockpit::executor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using SendingRules = OutputSenderTest;

constexpr OutputSettings small{.limit = 2'000, .piece = 100, .window = 400, .window_of_all = 1'000};

std::string numbered(std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i)
        bytes += static_cast<char>((i * 31 + i / 251) & 0xff);
    return bytes;
}

TEST_F(SendingRules, of_a_large_output_its_first_and_its_last_half_of_the_limit_arrive) {
    make(small).started(attempt(1));
    const auto all = numbered(100'000);
    source.print(attempt(1), all);
    end(1);
    take_all();
    const auto& taken = server[attempt(1)];
    EXPECT_TRUE(taken.bytes == all.substr(0, 1'000) + all.substr(99'000));
    EXPECT_EQ(taken.missing, 98'000);
    EXPECT_EQ(taken.next, 100'000);
    EXPECT_EQ(sender->unfinished(), 0u);
}

TEST_F(SendingRules, up_to_the_limit_nothing_is_left_out) {
    for (const std::size_t size : {1'000, 1'001, 1'999, 2'000, 2'001}) {
        server.clear();
        source.outputs.clear();
        make(small).started(attempt(1));
        const auto all = numbered(size);
        source.print(attempt(1), all);
        end(1);
        take_all();
        EXPECT_EQ(server[attempt(1)].missing, size > 2'000 ? 1 : 0);
        if (size <= 2'000) EXPECT_TRUE(server[attempt(1)].bytes == all) << size;
    }
}

TEST_F(SendingRules, a_command_that_prints_faster_than_it_is_sent_is_skipped_through) {
    make(small).started(attempt(1));
    std::int64_t most_under_way = 0;
    const auto all = numbered(3'000'000);
    std::size_t printed = 0;
    std::size_t pieces = 0;
    for (int i = 0; i < 300; ++i) {
        source.print(attempt(1), all.substr(printed, 10'000));
        printed += 10'000;
        pass(10);
        most_under_way = std::max<std::int64_t>(most_under_way, std::ssize(sent()));
        pieces += reports.outputs.size();
        take_some();
        run();
    }
    EXPECT_LE(most_under_way, small.window);
    EXPECT_LE(pieces, 10u + 3'000 / 100 + 2) << "ten of the head, then one in 100 ms";
    EXPECT_GE(pieces, 30u);
    end(1);
    take_all();
    const auto& taken = server[attempt(1)];
    EXPECT_EQ(taken.next, std::ssize(all));
    EXPECT_EQ(taken.missing + std::ssize(taken.bytes), std::ssize(all));
    EXPECT_TRUE(taken.bytes.starts_with(all.substr(0, 1'000)));
    EXPECT_TRUE(taken.bytes.ends_with(all.substr(all.size() - 1'000)))
        << "the whole last half of the limit";
}

TEST_F(SendingRules, bytes_that_the_host_does_not_keep_are_declared_missing) {
    make().started(attempt(1));
    source.outputs[attempt(1)] = {.bytes = numbered(1'000), .gone_from = 100, .gone_until = 1'000};
    pass(250);
    ASSERT_THAT(reports.outputs, SizeIs(1));
    end(1);
    take_all();
    EXPECT_EQ(server[attempt(1)].missing, 0) << "the model reads over the hole";
    EXPECT_EQ(server[attempt(1)].next, 1'000);

    source.outputs[attempt(2)] = {.bytes = numbered(500), .gone_from = 0, .gone_until = 500};
    sender->started(attempt(2));
    end(2);
    run();
    ASSERT_THAT(reports.outputs, SizeIs(1));
    EXPECT_EQ(reports.outputs[0].offset, 500);
    EXPECT_EQ(reports.outputs[0].missing_before, 500);
    EXPECT_EQ(reports.outputs[0].data, "");
    ack(2, 500);
    EXPECT_EQ(sender->unfinished(), 0u);
}

TEST_F(SendingRules, a_result_with_a_nul_does_not_hold_its_output) {
    const std::string all("a\0b", 3);
    source.outputs[attempt(1)].bytes = all;
    make();
    sender->started(attempt(1));
    sender->ended(result(1, all));
    run();
    ASSERT_THAT(reports.outputs, SizeIs(1)) << "databases would keep another text";
    EXPECT_EQ(reports.outputs[0].data, "YQBi");
}

TEST_F(SendingRules, after_a_restart_what_is_not_acknowledged_goes_on) {
    auto all = numbered(1'000);
    std::ranges::replace(all, '\0', '0');  // a result holds no NUL as it is
    for (const int number : {1, 2, 3, 4, 5})
        source.outputs[attempt(number)].bytes = all;
    source.at_start = {{attempt(1), 300, 1'000, clock.wall},    // ended, its result is acknowledged
                       {attempt(2), 1'000, 1'000, clock.wall},  // the server has all of it
                       {attempt(3), 200, 1'000, clock.wall},    // ended, its result is still kept
                       {attempt(4), 100, 1'000, clock.wall},    // still runs
                       {attempt(5), std::nullopt, 1'000, clock.wall}};  // its result holds it
    make();
    EXPECT_THAT(reports.outputs, IsEmpty());
    sender->ended(result(3, "lossy"));
    sender->ended(result(5, all));
    sender->restored([](const auto& which) { return which == attempt(4); });
    EXPECT_EQ(sender->unfinished(), 3u);
    for (const int number : {1, 3, 4})
        server[attempt(number)].next = number == 1 ? 300 : number == 3 ? 200 : 100;
    take_all();
    EXPECT_TRUE(server[attempt(1)].bytes == all.substr(300));
    EXPECT_TRUE(server[attempt(3)].bytes == all.substr(200));
    EXPECT_TRUE(server[attempt(4)].bytes == all.substr(100));
    EXPECT_FALSE(server.contains(attempt(2)));
    EXPECT_FALSE(server.contains(attempt(5)));
    EXPECT_EQ(sender->unfinished(), 1u) << "one runs";
    EXPECT_EQ(source.outputs[attempt(5)].saved, 1'000);
}

TEST_F(SendingRules, an_output_of_which_pieces_were_sent_is_sent_to_its_end_after_a_restart) {
    source.outputs[attempt(1)].bytes = "short";
    source.at_start = {{attempt(1), 0, 5, clock.wall}};
    make();
    sender->ended(result(1, "short"));
    take_all();
    EXPECT_EQ(server[attempt(1)].bytes, "short");
}

TEST_F(SendingRules, the_server_may_know_more_than_was_saved) {
    source.outputs[attempt(1)].bytes = numbered(1'000);
    source.at_start = {{attempt(1), 100, 1'000, clock.wall}};
    make(small).restored([](const auto&) { return false; });
    run();
    reports.outputs.clear();
    ack(1, 900);
    EXPECT_EQ(reports.outputs.at(0).offset, 900);
    ack(1, 1'000);
    EXPECT_EQ(sender->unfinished(), 0u);
}

TEST_F(SendingRules, what_no_server_takes_for_seven_days_is_given_up) {
    make().started(attempt(1));
    source.print(attempt(1), "x");
    pass(250);
    pass(8LL * 24 * 3600 * 1000);
    EXPECT_EQ(sender->unfinished(), 1u) << "it runs";
    end(1);
    pass(7LL * 24 * 3600 * 1000);
    EXPECT_EQ(sender->unfinished(), 1u);
    pass(60'000);
    EXPECT_EQ(sender->unfinished(), 0u);
}

TEST_F(SendingRules, old_outputs_are_discarded_but_for_those_in_use) {
    make();
    sender->started(attempt(1));
    sender->started(attempt(2));
    source.print(attempt(1), "\xff");
    source.print(attempt(2), "\xff");
    pass(1'000);
    EXPECT_THAT(source.discards, ElementsAre(std::set{attempt(1), attempt(2)}));
    end(1);
    take_all();
    EXPECT_THAT(source.discards,
                ElementsAre(std::set{attempt(1), attempt(2)}, std::set{attempt(2)}));
    take_all();
    EXPECT_THAT(source.discards, SizeIs(2)) << "not all the time";
}

protocol::Fetch fetch(const protocol::AttemptId& attempt, std::int64_t offset,
                      std::int64_t length) {
    return {.agent = *protocol::AgentId::parse("host"),
            .attempt = attempt,
            .fetch_id = "f1",
            .offset = offset,
            .length = length};
}

TEST_F(SendingRules, a_fetch_is_answered_with_bytes) {
    make();
    source.outputs[attempt(1)].bytes = "0123456789";
    sender->fetch(fetch(attempt(1), 3, 4));
    EXPECT_THAT(reports.outputs, IsEmpty());
    source.answer();
    ASSERT_THAT(reports.outputs, SizeIs(1));
    const auto& answer = reports.outputs[0];
    EXPECT_EQ(answer.fetch_id, "f1");
    EXPECT_EQ(answer.attempt, attempt(1));
    EXPECT_EQ(answer.offset, 3);
    EXPECT_EQ(crypto::from_base64(answer.data), "3456");
    EXPECT_EQ(answer.problem, std::nullopt);
    EXPECT_EQ(sender->unfinished(), 0u);
}

TEST_F(SendingRules, a_fetch_of_bytes_that_begin_in_a_hole_says_how_many_are_missing) {
    make();
    source.outputs[attempt(1)] = {.bytes = "0123456789", .gone_from = 2, .gone_until = 5};
    sender->fetch(fetch(attempt(1), 3, 4));
    source.answer();
    const auto& answer = reports.outputs.at(0);
    EXPECT_EQ(answer.offset, 5);
    EXPECT_EQ(answer.missing_before, 2);
    EXPECT_EQ(crypto::from_base64(answer.data), "56");
}

TEST_F(SendingRules, a_fetch_without_bytes_is_answered_with_the_reason) {
    make();
    source.outputs[attempt(1)] = {.bytes = numbered(100), .gone_from = 20, .gone_until = 50};
    source.outputs[attempt(2)] = {.bytes = numbered(100), .gone_from = 0, .gone_until = 50};
    source.outputs[attempt(3)] = {.bytes = numbered(100), .gone_from = 20, .gone_until = 100};
    source.outputs[attempt(4)] = {.bytes = numbered(100), .gone_from = 0, .gone_until = 100};
    const auto problem = [&](int number, std::int64_t offset, std::int64_t length) {
        reports.outputs.clear();
        sender->fetch(fetch(attempt(number), offset, length));
        source.answer();
        EXPECT_EQ(reports.outputs.at(0).data, "");
        EXPECT_EQ(reports.outputs.at(0).fetch_id, "f1");
        return reports.outputs.at(0).problem.value_or("");
    };
    EXPECT_EQ(problem(1, 30, 10),
              "the bytes 30 to 40 are gone: this host keeps 0 to 20 and 50 to 100 of them "
              "(OUTPUT_SPOOL_LIMIT)");
    EXPECT_EQ(problem(2, 30, 10),
              "the bytes 30 to 40 are gone: this host keeps 50 to 100 (OUTPUT_SPOOL_LIMIT)");
    EXPECT_EQ(problem(3, 30, 10),
              "the bytes 30 to 40 are gone: this host keeps 0 to 20; what follows could not be "
              "written to its disk");
    EXPECT_EQ(problem(4, 30, 10),
              "the bytes 30 to 40 are gone: this host keeps none of them, since it crashed or its "
              "disk was full");
    EXPECT_EQ(problem(1, 100, 10), "there is nothing at offset 100: the command wrote 100 bytes");
    EXPECT_EQ(problem(9, 0, 10), "nothing is kept of it");
}

TEST_F(SendingRules, fetches_are_bounded) {
    make();
    source.outputs[attempt(1)].bytes = "0123456789";
    for (int i = 0; i < 40; ++i)
        sender->fetch(fetch(attempt(1), 0, 10));
    EXPECT_EQ(source.reading(), 32u);
    source.answer();
    EXPECT_THAT(reports.outputs, SizeIs(32));
}

/// The server and the wire lose what they like, agents restart: in the end the bytes are the same.
TEST_F(SendingRules, whatever_is_lost_all_bytes_arrive_in_the_end) {
    for (unsigned seed = 1; seed <= 30; ++seed) {
        std::mt19937 random(seed);
        source = FakeSource();
        server.clear();
        const OutputSettings settings{
            .limit = 200'000, .piece = 1'000, .probe = 100, .window = 4'000};
        make(settings).started(attempt(1));
        const auto all = numbered(20'000 + random() % 50'000);
        std::size_t printed = 0;
        bool over = false;
        for (int step = 0; step < 400; ++step) {
            const auto now = std::min<std::size_t>(random() % 500, all.size() - printed);
            source.print(attempt(1), all.substr(printed, now));
            printed += now;
            if (step == 300) {
                source.print(attempt(1), all.substr(printed));
                printed = all.size();
                end(1);
                over = true;
            }
            pass(static_cast<std::int64_t>(random() % 300));
            if (random() % 3 == 0) reports.outputs.clear();  // lost on the way
            std::shuffle(reports.outputs.begin(), reports.outputs.end(), random);
            take_some();
            if (random() % 40 == 0) {
                // The agent is killed and starts again.
                source.at_start = {{attempt(1), source.outputs[attempt(1)].saved,
                                    std::ssize(source.outputs[attempt(1)].bytes), clock.wall}};
                make(settings).restored([&](const auto&) { return !over; });
            }
            if (random() % 20 == 0) sender->on_link_up();
        }
        for (int i = 0; i < 100 && sender->unfinished() > 0; ++i)
            take_all();
        EXPECT_TRUE(server[attempt(1)].bytes == all) << "seed " << seed;
        EXPECT_EQ(sender->unfinished(), 0u) << "seed " << seed;
    }
}

}  // namespace
}  // namespace cockpit::executor

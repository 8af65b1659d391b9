// What the store keeps of the output of commands.

#include <gtest/gtest.h>

#include "unit/server/store/store_fixture.hpp"

namespace cockpit::store {
namespace {

using dispatch::OutputRead;
using dispatch::StoreResult;

class OutputTest : public StoreTest {
  protected:
    OutputTest() { store_.insert(command_record(1)); }

    std::optional<std::int64_t> add(std::int64_t offset, std::string bytes,
                                    std::int64_t missing_before = 0, std::int64_t limit = 1 << 20,
                                    const std::string& agent = "host-1", unsigned n = 1,
                                    int attempt = 1) {
        return *store_.wait<StoreResult<std::optional<std::int64_t>>>([&](auto done) {
            store_->add_output({.attempt = {command_id(n), attempt},
                                .agent_id = agent,
                                .piece = {offset, std::move(bytes)},
                                .missing_before = missing_before,
                                .limit = limit},
                               std::move(done));
        });
    }
    OutputRead read(std::int64_t from, int max_pieces = 100) {
        return *store_.wait<StoreResult<OutputRead>>([&](auto done) {
            store_->read_output({command_id(1), 1}, from, max_pieces, std::move(done));
        });
    }
    static std::string text(const OutputRead& read) {
        std::string all;
        for (const auto& piece : read.pieces)
            all += std::to_string(piece.offset) + ":" + piece.bytes + " ";
        return all;
    }

    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(OutputTest);

TEST_P(OutputTest, PiecesGoOnWhereTheKeptOnesEnd) {
    EXPECT_EQ(read(0).end, 0);
    EXPECT_EQ(add(0, "abc"), 3);
    EXPECT_EQ(add(3, "def"), 6);
    EXPECT_EQ(add(3, "XXX"), 6) << "a repeat changes nothing";
    EXPECT_EQ(add(2, "XXXXXXX"), 6) << "nor does a piece that overlaps";
    EXPECT_EQ(add(9, "jkl"), 6) << "nor one after a gap that it does not declare";
    EXPECT_EQ(text(read(0)), "0:abc 3:def ");
    EXPECT_EQ(add(9, "jkl", 3), 12) << "a declared hole";
    EXPECT_EQ(text(read(0)), "0:abc 3:def 9:jkl ");
    EXPECT_EQ(read(0).end, 12);
}

TEST_P(OutputTest, AnEndThatIsMissingIsKeptAsAPieceWithoutBytes) {
    add(0, "abc");
    EXPECT_EQ(add(10, "", 7), 10);
    EXPECT_EQ(add(10, "", 7), 10);
    EXPECT_EQ(text(read(0)), "0:abc 10: ");
    EXPECT_EQ(read(0).end, 10);
}

TEST_P(OutputTest, ReadingBeginsAtThePieceThatHoldsTheOffset) {
    add(0, "abc");
    add(3, "def");
    add(9, "jkl", 3);
    EXPECT_EQ(text(read(2)), "0:abc 3:def 9:jkl ");
    EXPECT_EQ(text(read(3)), "3:def 9:jkl ");
    EXPECT_EQ(text(read(5)), "3:def 9:jkl ");
    EXPECT_EQ(text(read(6)), "9:jkl ") << "a hole";
    EXPECT_EQ(text(read(12)), "");
    EXPECT_EQ(read(100).end, 12);
    EXPECT_EQ(text(read(0, 2)), "0:abc 3:def ");
}

TEST_P(OutputTest, AnyBytesSurvive) {
    std::string every;
    for (int byte = 0; byte < 256; ++byte)
        every += static_cast<char>(byte);
    EXPECT_EQ(add(0, every), 256);
    EXPECT_EQ(read(0).pieces.at(0).bytes, every);
}

TEST_P(OutputTest, OverTheLimitHeadAndTailAreKept) {
    for (std::int64_t at = 0; at < 200; at += 10)
        EXPECT_EQ(add(at, std::string(10, static_cast<char>('a' + at / 10)), 0, 80), at + 10);
    const auto all = read(0);
    EXPECT_EQ(all.end, 200);
    std::vector<std::int64_t> offsets;
    for (const auto& piece : all.pieces)
        offsets.push_back(piece.offset);
    EXPECT_EQ(offsets, (std::vector<std::int64_t>{0, 10, 20, 30, 160, 170, 180, 190}));
}

TEST_P(OutputTest, OnlyTheCommandsOwnHostAddsToIt) {
    EXPECT_EQ(add(0, "abc", 0, 1 << 20, "host-2"), std::nullopt);
    EXPECT_EQ(add(0, "abc", 0, 1 << 20, "host-1", 1, 2), std::nullopt) << "an attempt to come";
    EXPECT_EQ(add(0, "abc", 0, 1 << 20, "host-1", 7), std::nullopt) << "no such command";
    EXPECT_EQ(read(0).end, 0);
}

TEST_P(OutputTest, DigestAndUseAreKeptOfEachAttempt) {
    auto update = command_update(1, protocol::CommandState::error);
    update.output_bytes = 5'000'000'000;
    update.output_sha256 = std::string(64, 'a');
    update.cpu_ms = 7;
    update.retry_at_ms = 1'700'000'000'000;
    store_.update(update);
    using Attempts = StoreResult<std::vector<dispatch::AttemptRecord>>;
    const auto attempts = *store_.wait<Attempts>(
        [&](auto done) { store_->attempts(command_id(1), std::move(done)); });
    ASSERT_EQ(attempts.size(), 1u);
    EXPECT_EQ(attempts[0].output_bytes, 5'000'000'000);
    EXPECT_EQ(attempts[0].output_sha256, std::string(64, 'a'));
    EXPECT_EQ(attempts[0].cpu_ms, 7);

    auto second = command_update(1, protocol::CommandState::success);
    second.attempt.attempt = 2;
    second.output_bytes = 3;
    second.output_sha256 = std::string(64, 'b');
    const auto outcome = store_.update(second);
    EXPECT_EQ(outcome->record->output_bytes, 3);
    EXPECT_EQ(outcome->record->output_sha256, std::string(64, 'b'));
}

}  // namespace
}  // namespace cockpit::store

#include "server/metrics/process.hpp"

#include <gmock/gmock.h>

namespace cockpit::metrics {
namespace {

TEST(Process, FieldsAreThoseOfTheManualPage) {
    const auto process =
        parse_process("7 (a) b (c) S 1 7 7 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 3000 8192 2 99 1 1",
                      100, 4096, 1'000);
    EXPECT_DOUBLE_EQ(process.cpu_seconds, 2);
    EXPECT_DOUBLE_EQ(process.started_at_s, 1'030);
    EXPECT_EQ(process.virtual_bytes, 8192);
    EXPECT_EQ(process.resident_bytes, 8192);
}

TEST(Process, NothingIsMadeUpOfWhatCannotBeRead) {
    EXPECT_EQ(parse_process("", 100, 4096, 1).resident_bytes, 0);
    EXPECT_EQ(parse_process("7 (x) S 1", 100, 4096, 1).resident_bytes, 0);
}

TEST(Process, OfThisOne) {
    const auto process = this_process();
    EXPECT_GT(process.resident_bytes, 0);
    EXPECT_GT(process.started_at_s, 1'600'000'000);
    EXPECT_GE(process.open_descriptors, 3);
    EXPECT_GE(process.most_descriptors, process.open_descriptors);
}

}  // namespace
}  // namespace cockpit::metrics

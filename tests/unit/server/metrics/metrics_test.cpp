#include "server/metrics/metrics.hpp"

#include <gmock/gmock.h>

namespace cockpit::metrics {
namespace {

using protocol::CommandState;

dispatch::CommandRecord ended(std::string command, CommandState state) {
    dispatch::CommandRecord record;
    record.command = std::move(command);
    record.state = state;
    return record;
}

TEST(Metrics, EndsAreCountedByCommandAndState) {
    Metrics metrics;
    auto record = ended("echo", CommandState::success);
    record.execution_time_ms = 20;
    metrics.on_end(record);
    metrics.on_end(record);
    metrics.on_end(ended("echo", CommandState::expired));
    const auto& success = metrics.ended().at({"echo", CommandState::success});
    EXPECT_EQ(success.count, 2u);
    EXPECT_EQ(success.seconds.count(), 2u);
    EXPECT_DOUBLE_EQ(success.seconds.sum(), 0.04);
    const auto& expired = metrics.ended().at({"echo", CommandState::expired});
    EXPECT_EQ(expired.count, 1u);
    EXPECT_EQ(expired.seconds.count(), 0u);  // it never ran
}

TEST(Metrics, OnlyFirstAttemptsTellHowLongCommandsWait) {
    Metrics metrics;
    auto record = ended("echo", CommandState::success);
    record.sent_at_ms = 1'000;
    record.started_at_ms = 1'500;
    metrics.on_end(record);
    record.attempt = 2;
    metrics.on_end(record);
    EXPECT_EQ(metrics.waited().count(), 1u);
    EXPECT_DOUBLE_EQ(metrics.waited().sum(), 0.5);
}

TEST(Metrics, AHostWhoseClockIsBehindDoesNotMakeTimesNegative) {
    Metrics metrics;
    auto record = ended("echo", CommandState::success);
    record.sent_at_ms = 2'000;
    record.started_at_ms = 1'000;
    metrics.on_end(record);
    EXPECT_DOUBLE_EQ(metrics.waited().sum(), 0);
    metrics.on_lag(-0.001);
    EXPECT_DOUBLE_EQ(metrics.lag().sum(), 0);
}

}  // namespace
}  // namespace cockpit::metrics

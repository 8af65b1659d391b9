#include "cli/run_commands.hpp"

#include <gmock/gmock.h>

#include "cli/host_commands.hpp"

namespace cockpit::cli {
namespace {

TEST(RunCommands, NumbersAndShares) {
    EXPECT_EQ(number_or_share("--concurrency", "3"), 3);
    EXPECT_EQ(number_or_share("--concurrency", "10%"), "10%");
    for (const auto* wrong : {"", "%", "-1", "3x", "ten", "5 %"}) {
        try {
            number_or_share("--concurrency", wrong);
            FAIL() << wrong;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.code, Exit::usage);
            EXPECT_EQ(failure.hint, "as in --concurrency 3 or --concurrency 10%");
        }
    }
}

TEST(RunCommands, OnlyFullSuccessIsZero) {
    for (const auto* good : {"success", "succeeded", "unchanged"})
        EXPECT_EQ(exit_of(good), Exit::success);
    for (const auto* bad :
         {"error", "timeout", "finished_with_failures", "failed", "cancelled", ""})
        EXPECT_EQ(exit_of(bad), Exit::failed) << bad;
}

TEST(RunCommands, IdsOfCommands) {
    EXPECT_TRUE(is_command_id("7ff17341-2a90-4f43-85d3-a9eae6a82737"));
    for (const auto* other : {"", "web-1", "7ff17341-2a90-4f43-85d3-a9eae6a8273g",
                              "7ff173412a90-4f43-85d3-a9eae6a82737--"})
        EXPECT_FALSE(is_command_id(other)) << other;
}

}  // namespace
}  // namespace cockpit::cli

#include "agent/keeper/order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "fakes/run_program.hpp"

namespace cockpit::keeper {
namespace {

TEST(Order, keeps_every_byte_of_arguments_and_environment) {
    const Order order{.arguments = {"/bin/x", "", "line\nline", "\xff\xfe", "\"q\""},
                      .environment = {{"A", "b=c"}, {"BYTES", "\x80"}},
                      .working_directory = "/srv/\xff",
                      .user = runtime::ChildUser{1000, 1001, {4, 27}},
                      .directory = "/state/spool/x.1",
                      .cookie = "x.1",
                      .cgroup = "/sys/fs/cgroup/cockpit-agent/x.1",
                      .cgroup_required = true,
                      .time_limit_ms = 30'000,
                      .grace_ms = 2'000,
                      .kill_wait_ms = 5'000,
                      .spool_head = 1,
                      .spool_tail = 2,
                      .outlives_agent = false};
    const auto text = encode(order);
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("\n"))) << "it is one line";
    const auto again = decode_order(text);
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->arguments, order.arguments);
    EXPECT_EQ(again->environment, order.environment);
    EXPECT_EQ(again->working_directory, order.working_directory);
    EXPECT_EQ(again->user->uid, 1000u);
    EXPECT_EQ(again->user->gid, 1001u);
    EXPECT_EQ(again->user->groups, (std::vector<gid_t>{4, 27}));
    EXPECT_EQ(again->cgroup, order.cgroup);
    EXPECT_TRUE(again->cgroup_required);
    EXPECT_EQ(again->time_limit_ms, 30'000);
    EXPECT_EQ(again->spool_tail, 2u);
    EXPECT_FALSE(again->outlives_agent);
}

TEST(Order, what_is_none_is_said_to_be_none) {
    const auto wrong = decode_order("{\"arguments\":[]}");
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error(), testing::StartsWith("not an order for a keeper: "));
}

TEST(KeeperStatus, is_read_as_it_was_written) {
    const test::TemporaryDirectory directory;
    EXPECT_FALSE(read_status(directory.path()));
    for (const auto by :
         {EndedBy::itself, EndedBy::time_limit, EndedBy::request, EndedBy::not_started}) {
        ASSERT_TRUE(write_status(directory.path(), {.by = by,
                                                    .signal = 9,
                                                    .problem = "why",
                                                    .execution_time_ms = 1,
                                                    .cpu_ms = 2,
                                                    .peak_memory_bytes = 3,
                                                    .containment = "cgroup",
                                                    .output_bytes = 4,
                                                    .output_sha256 = "abc",
                                                    .survivors = {5, 6}}));
        const auto status = read_status(directory.path());
        ASSERT_TRUE(status);
        EXPECT_EQ(status->by, by);
        EXPECT_EQ(status->exit_code, std::nullopt);
        EXPECT_EQ(status->signal, 9);
        EXPECT_EQ(status->problem, "why");
        EXPECT_EQ(status->peak_memory_bytes, 3);
        EXPECT_EQ(status->output_sha256, "abc");
        EXPECT_THAT(status->survivors, testing::ElementsAre(5, 6));
    }
    clear(directory.path());
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(KeeperStatus, one_that_is_torn_is_none) {
    const test::TemporaryDirectory directory;
    std::ofstream(directory.path() / status_file) << "{\"ended_by\":\"itself\",\"exit";
    EXPECT_FALSE(read_status(directory.path()));
}

}  // namespace
}  // namespace cockpit::keeper

#include "agent/keeper/cgroup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cockpit::keeper {
namespace {

TEST(OwnCgroup, is_found_where_the_unified_hierarchy_stands_alone) {
    const auto own = own_cgroup(
        "24 22 0:21 / /proc rw - proc proc rw\n"
        "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
        "0::/system.slice/cockpit-agent.service\n");
    EXPECT_EQ(own, "/sys/fs/cgroup/system.slice/cockpit-agent.service");
}

TEST(OwnCgroup, is_found_beside_hierarchies_of_version_1) {
    const auto own = own_cgroup(
        "31 30 0:28 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
        "40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
        "4:memory:/a\n1:cpu:/b\n0::/\n");
    EXPECT_EQ(own, "/sys/fs/cgroup/unified/");
}

TEST(OwnCgroup, is_found_below_a_mount_that_shows_a_part) {
    const std::string mounts =
        "40 30 0:37 /docker/ab /sys/fs/my\\040cgroup rw - cgroup2 cgroup2 rw\n";
    EXPECT_EQ(own_cgroup(mounts, "0::/docker/ab/x\n"), "/sys/fs/my cgroup/x");
    EXPECT_FALSE(own_cgroup(mounts, "0::/docker/abc\n")) << "another one that begins alike";
}

TEST(OwnCgroup, says_why_there_is_none) {
    EXPECT_EQ(own_cgroup("", "3:cpu:/\n").error(),
              "this host has no control groups of version 2 (no line 0:: in /proc/self/cgroup)");
    EXPECT_EQ(own_cgroup("24 22 0:21 / /proc rw - proc proc rw\n", "0::/\n").error(),
              "no control groups of version 2 are mounted that show this process");
}

TEST(Cgroup, that_is_not_there_is_empty_and_gone) {
    const Cgroup none("/nonexistent/group");
    EXPECT_FALSE(none.populated());
    EXPECT_THAT(none.processes(), testing::IsEmpty());
    EXPECT_EQ(none.cpu_ms(), std::nullopt);
    EXPECT_EQ(none.peak_memory_bytes(), std::nullopt);
    EXPECT_TRUE(none.remove());
    EXPECT_THAT(Cgroup::make("/nonexistent/group").error(),
                testing::StartsWith("the control group '/nonexistent/group' cannot be made: "));
}

}  // namespace
}  // namespace cockpit::keeper

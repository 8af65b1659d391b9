#include "runtime/process_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace cockpit::runtime {
namespace {

ProcessInfo process(pid_t pid, pid_t parent, char state = 'S') {
    return {.pid = pid, .state = state, .parent = parent};
}

std::vector<pid_t> pids(const std::vector<ProcessInfo>& processes) {
    std::vector<pid_t> found;
    for (const auto& each : processes)
        found.push_back(each.pid);
    return found;
}

TEST(ProcessTable, tells_of_this_process) {
    const auto self = process_info(::getpid());
    ASSERT_TRUE(self);
    EXPECT_EQ(self->parent, ::getppid());
    EXPECT_EQ(self->group, ::getpgid(0));
    EXPECT_EQ(self->session, ::getsid(0));
    EXPECT_GT(self->start_time, 0u);
    EXPECT_EQ(process_info(::getpid())->start_time, self->start_time);
    EXPECT_THAT(pids(all_processes()), testing::Contains(::getpid()));
    EXPECT_FALSE(process_info(-1));
}

TEST(ProcessTable, descendants_come_after_their_parents_and_without_zombies) {
    const std::vector<ProcessInfo> all = {process(40, 30),      process(30, 20), process(20, 10),
                                          process(21, 10, 'Z'), process(22, 21), process(10, 1),
                                          process(50, 1),       process(51, 50)};
    EXPECT_THAT(pids(descendants_of(all, {10})), testing::ElementsAre(20, 30, 22, 40));
    EXPECT_THAT(pids(descendants_of(all, {20, 50})), testing::ElementsAre(30, 51, 40));
    EXPECT_THAT(descendants_of(all, {99}), testing::IsEmpty());
}

TEST(ProcessTable, a_table_read_while_numbers_went_round_is_walked_once) {
    const std::vector<ProcessInfo> all = {process(10, 20), process(20, 10)};
    EXPECT_THAT(pids(descendants_of(all, {10})), testing::ElementsAre(20, 10));
}

TEST(ProcessTable, a_number_that_another_process_has_now_is_not_signalled) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    auto info = process_info(child);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->parent, ::getpid());
    EXPECT_THAT(pids(descendants_of(::getpid())), testing::Contains(child));
    auto earlier = *info;
    --earlier.start_time;
    EXPECT_FALSE(signal_process(earlier, SIGKILL));
    EXPECT_TRUE(signal_process(*info, SIGKILL));
    int how = 0;
    ASSERT_EQ(::waitpid(child, &how, 0), child);
    EXPECT_EQ(WTERMSIG(how), SIGKILL);
    EXPECT_FALSE(signal_process(*info, SIGKILL)) << "it is gone";
}

TEST(ProcessTable, tells_the_environment_a_program_was_started_with) {
    EXPECT_THAT(initial_environment(::getpid()),
                testing::HasSubstr(std::string("PATH=") + std::getenv("PATH")));
    EXPECT_EQ(initial_environment(-1), "");
}

}  // namespace
}  // namespace cockpit::runtime

#include "agent/app/growth_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

namespace cockpit::agent_app {
namespace {

using namespace std::chrono_literals;

protocol::AttemptId attempt(char digit) {
    return {*protocol::CommandId::parse(std::string("00000000-0000-4000-8000-00000000000") + digit),
            1};
}

class GrowthWatchTest : public testing::TestWithParam<bool> {
  protected:
    GrowthWatchTest() {
        char name[] = "/tmp/cockpit-watch-XXXXXX";
        if (::mkdtemp(name) == nullptr) throw std::runtime_error("cannot make a directory in /tmp");
        directory = name;
    }
    ~GrowthWatchTest() override { std::filesystem::remove_all(directory); }

    std::filesystem::path file(char digit) {
        const auto path = directory / std::string(1, digit);
        if (!std::filesystem::exists(path)) write(path);
        return path;
    }
    static void write(const std::filesystem::path& path) {
        std::ofstream(path, std::ios::app) << "x" << std::flush;
    }
    /// Until so many were told in all.
    bool told(std::size_t count) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (grown.size() < count && std::chrono::steady_clock::now() < deadline) {
            io.restart();
            io.run_one_for(100ms);
        }
        return grown.size() == count;
    }

    std::filesystem::path directory;
    boost::asio::io_context io;
    std::vector<protocol::AttemptId> grown;
    GrowthWatch watch{io.get_executor(), [this](const auto& which) { grown.push_back(which); },
                      GetParam()};
};

TEST_P(GrowthWatchTest, tells_of_a_file_that_grew_once_per_wish) {
    watch.watch(attempt('1'), file('1'));
    write(file('1'));
    ASSERT_TRUE(told(1));
    EXPECT_EQ(grown[0], attempt('1'));
    write(file('1'));
    watch.watch(attempt('2'), file('2'));
    write(file('2'));
    ASSERT_TRUE(told(2));
    EXPECT_EQ(grown[1], attempt('2'));
    watch.watch(attempt('1'), file('1'));
    watch.watch(attempt('1'), file('1'));
    write(file('1'));
    ASSERT_TRUE(told(3));
    EXPECT_EQ(grown[2], attempt('1'));
}

INSTANTIATE_TEST_SUITE_P(Ways, GrowthWatchTest, testing::Bool(),
                         [](const auto& with) { return with.param ? "inotify" : "by_time"; });

TEST_P(GrowthWatchTest, a_file_that_goes_is_no_news_but_one_that_is_not_there_may_come) {
    watch.watch(attempt('1'), directory / "none");
    watch.watch(attempt('2'), file('2'));
    std::filesystem::remove(file('2'));
    watch.watch(attempt('3'), file('3'));
    write(file('3'));
    if (!GetParam()) {
        // Without inotify nobody knows; who reads finds out.
        ASSERT_TRUE(told(3));
        return;
    }
    ASSERT_TRUE(told(2));
    EXPECT_THAT(grown, testing::UnorderedElementsAre(attempt('1'), attempt('3')));
}

TEST_P(GrowthWatchTest, lets_the_loop_end_once_it_is_stopped) {
    watch.watch(attempt('1'), file('1'));
    watch.stop();
    watch.watch(attempt('2'), file('2'));
    write(file('1'));
    write(file('2'));
    io.restart();
    io.run();
    EXPECT_TRUE(grown.empty());
}

TEST_P(GrowthWatchTest, outlives_its_owner_in_silence) {
    {
        GrowthWatch brief(
            io.get_executor(), [this](const auto& which) { grown.push_back(which); }, GetParam());
        brief.watch(attempt('1'), file('1'));
        write(file('1'));
    }
    watch.watch(attempt('2'), file('2'));
    write(file('2'));
    ASSERT_TRUE(told(1));
    EXPECT_EQ(grown[0], attempt('2'));
}

}  // namespace
}  // namespace cockpit::agent_app

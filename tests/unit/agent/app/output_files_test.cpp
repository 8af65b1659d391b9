#include "agent/app/output_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "agent/spool/layout.hpp"
#include "agent/spool/writer.hpp"

namespace cockpit::agent_app {
namespace {

using namespace std::chrono_literals;
using executor::OutputPart;
using executor::OutputSource;
using executor::OutputWish;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

protocol::AttemptId attempt(char digit) {
    return {*protocol::CommandId::parse(std::string("00000000-0000-4000-8000-00000000000") + digit),
            1};
}

class OutputFilesTest : public testing::Test {
  protected:
    OutputFilesTest() {
        char name[] = "/tmp/cockpit-outputs-XXXXXX";
        if (::mkdtemp(name) == nullptr) throw std::runtime_error("cannot make a directory in /tmp");
        root = name;
        files.emplace(io.get_executor(), pool, clock, root, "boot-1",
                      spool::Keeping{.for_ms = 3'600'000, .total_bytes = 1 << 20});
        files->on_growth([this](const auto& which) { grown.push_back(which); });
    }
    ~OutputFilesTest() override { std::filesystem::remove_all(root); }

    spool::Writer writer(char digit, spool::Limits limits = {10, 10}) {
        auto directory = spool::create_directory(root, attempt(digit));
        if (!directory) throw std::runtime_error(directory.error());
        auto made = spool::Writer::create(*directory, limits, "boot-1");
        if (!made) throw std::runtime_error(made.error());
        return *std::move(made);
    }
    void until(const std::function<bool()>& reached) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!reached() && std::chrono::steady_clock::now() < deadline) {
            io.restart();
            io.run_one_for(100ms);
        }
        ASSERT_TRUE(reached());
    }
    OutputSource::Read read(char digit, const OutputWish& wish) {
        std::optional<OutputSource::Read> result;
        files->read(attempt(digit), wish, [&](auto read) { result = std::move(read); });
        EXPECT_FALSE(result) << "comes later";
        until([&] { return result.has_value(); });
        return *result;
    }
    void age(char digit, std::chrono::hours by) {
        const auto directory = spool::directory_of(root, attempt(digit));
        for (const auto& path : {directory / "length", directory}) {
            if (!std::filesystem::exists(path)) continue;
            std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) - by);
        }
    }

    std::filesystem::path root;
    boost::asio::io_context io;
    runtime::BlockingPool pool{io.get_executor(), 1};
    runtime::SystemClock clock;
    std::vector<protocol::AttemptId> grown;
    std::optional<OutputFiles> files;
};

TEST_F(OutputFilesTest, reads_what_is_kept_and_wanted) {
    auto out = writer('1');
    ASSERT_TRUE(out.append("0123456789abcdefghijKLMNO"));
    auto part = read('1', {.from = 2, .at_most = 5});
    ASSERT_TRUE(part) << part.error();
    EXPECT_EQ(part->offset, 2);
    EXPECT_EQ(part->bytes, "23456");
    EXPECT_EQ(part->total, 25);
    EXPECT_EQ(part->kept_head, 10);
    EXPECT_EQ(part->kept_from, 15);
    part = read('1', {.from = 10, .at_most = 100});
    ASSERT_TRUE(part) << part.error();
    EXPECT_EQ(part->offset, 15);
    EXPECT_EQ(part->bytes, "fghijKLMNO");
    part = read('1', {.from = 10, .at_most = 100, .head = 10, .tail = 3});
    ASSERT_TRUE(part) << part.error();
    EXPECT_EQ(part->offset, 22);
    EXPECT_EQ(part->bytes, "MNO");
    part = read('1', {.from = 25, .at_most = 100});
    ASSERT_TRUE(part) << part.error();
    EXPECT_EQ(part->offset, 25);
    EXPECT_EQ(part->bytes, "");
}

TEST_F(OutputFilesTest, says_why_there_is_nothing) {
    auto part = read('1', {.at_most = 5});
    ASSERT_FALSE(part);
    EXPECT_THAT(part.error(),
                HasSubstr("this host keeps no output of this attempt: it has been "
                          "removed (OUTPUT_KEEP, OUTPUT_KEEP_TOTAL, OUTPUT_KEEP_FREE)"));
    ASSERT_TRUE(spool::create_directory(root, attempt('1')));
    part = read('1', {.at_most = 5});
    ASSERT_FALSE(part);
    EXPECT_THAT(part.error(), HasSubstr("limits': No such file or directory"));
}

TEST_F(OutputFilesTest, tells_of_growth_since_a_watching_read) {
    auto out = writer('1', {1'000, 1'000});
    ASSERT_TRUE(read('1', {.at_most = 5, .watch = true}));
    EXPECT_THAT(grown, IsEmpty());
    for (int i = 0; i < 100; ++i)
        ASSERT_TRUE(out.append("x"));
    until([&] { return !grown.empty(); });
    EXPECT_THAT(grown, testing::ElementsAre(attempt('1'))) << "once";
}

TEST_F(OutputFilesTest, remembers_how_far_the_server_has_it) {
    auto first = writer('1');
    auto second = writer('2');
    auto third = writer('3');
    ASSERT_TRUE(first.append("0123"));
    ASSERT_TRUE(spool::create_directory(root, attempt('4')));
    files->save_acknowledged(attempt('1'), 3);
    files->save_acknowledged(attempt('2'), 0);
    files->save_acknowledged(attempt('9'), 7);
    ASSERT_FALSE(read('9', {.at_most = 1})) << "and by now it is saved";
    const auto kept = files->kept();
    ASSERT_THAT(kept, SizeIs(3));
    for (const auto& each : kept) {
        EXPECT_EQ(each.total, each.attempt == attempt('1') ? 4 : 0);
        EXPECT_LT(std::abs(each.written_at_ms - clock.wall_ms()), 600'000);
        const auto expected = each.attempt == attempt('1')   ? std::optional(std::int64_t{3})
                              : each.attempt == attempt('2') ? std::optional(std::int64_t{0})
                                                             : std::nullopt;
        EXPECT_EQ(each.acknowledged, expected);
    }
}

TEST_F(OutputFilesTest, removes_what_is_old_or_too_much_but_nothing_in_use) {
    for (const char digit : {'1', '2', '3', '4', '5'})
        ASSERT_TRUE(writer(digit, {1 << 20, 1 << 20}).append(std::string(400'000, 'x')));
    ASSERT_TRUE(spool::create_directory(root, attempt('6')));
    age('1', 2h);
    age('2', 2h);
    age('6', 2h);
    for (const char digit : {'3', '4'}) {
        const auto length = spool::directory_of(root, attempt(digit)) / "length";
        std::filesystem::last_write_time(
            length, std::filesystem::last_write_time(length) - (digit == '3' ? 20min : 10min));
    }
    files->discard_old({attempt('1')});
    ASSERT_FALSE(read('9', {.at_most = 1})) << "and by now it is done";
    // 1 is in use, 2 and 6 are old, and without 3 and 4 the rest fits.
    EXPECT_THAT(spool::attempts_in(root), UnorderedElementsAre(attempt('1'), attempt('5')));
}

}  // namespace
}  // namespace cockpit::agent_app

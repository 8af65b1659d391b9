#include "agent/app/unused_memory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <numeric>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

namespace cockpit::agent_app {
namespace {

long resident_file_kb() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssFile:")) return std::stol(line.substr(8));
    }
    return -1;
}

// Relocated constants: virtual tables and pointers to text, which are no longer as the file has
// them.
struct Shape {
    virtual ~Shape() = default;
    virtual std::string name() const = 0;
};
struct Circle : Shape {
    std::string name() const override { return "circle"; }
};
struct Square : Shape {
    std::string name() const override { return "square"; }
};
constexpr const char* const words[] = {"one", "two", "three"};

TEST(UnusedMemory, HoldsLessOfTheProgramFilesAfterwards) {
    const auto before = resident_file_kb();
    ASSERT_GT(before, 0);
    release_unused_memory();
    EXPECT_LT(resident_file_kb(), before);
}

TEST(UnusedMemory, KeepsVirtualTablesConstantsAndHeap) {
    const std::unique_ptr<Shape> shapes[] = {std::make_unique<Circle>(),
                                             std::make_unique<Square>()};
    std::vector<int> numbers(100'000);
    std::iota(numbers.begin(), numbers.end(), 0);
    release_unused_memory();
    EXPECT_EQ(shapes[0]->name(), "circle");
    EXPECT_EQ(shapes[1]->name(), "square");
    EXPECT_STREQ(words[2], "three");
    EXPECT_EQ(std::accumulate(numbers.begin(), numbers.end(), 0LL), 4'999'950'000LL);
}

TEST(UnusedMemory, ExceptionsAreStillCaught) {
    release_unused_memory();
    try {
        throw std::runtime_error("thrown afterwards");
    } catch (const std::exception& caught) {
        EXPECT_STREQ(caught.what(), "thrown afterwards");
    }
}

TEST(UnusedMemory, MayBeCalledAgainAndAgain) {
    for (int i = 0; i < 100; ++i)
        release_unused_memory();
    EXPECT_TRUE(std::regex_match("still here", std::regex("[a-z ]+")));
}

}  // namespace
}  // namespace cockpit::agent_app

// What the fuzz target starts from, and what it once found, is run as a test.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

TEST(FuzzCorpus, OfCronExpressionsIsRight) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(COCKPIT_FUZZ_CORPUS)) {
        SCOPED_TRACE(entry.path());
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        EXPECT_EQ(
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()),
            0);
        ++count;
    }
    EXPECT_GE(count, 20u);
}

}  // namespace

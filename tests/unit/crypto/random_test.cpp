#include "crypto/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "crypto/sodium.hpp"

namespace cockpit::crypto {
namespace {

TEST(Random, gives_as_many_bytes_as_asked_and_never_the_same) {
    initialize();
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i)
        seen.insert(random_bytes(16));
    EXPECT_EQ(seen.size(), 1000U);
    EXPECT_EQ(random_bytes(0), "");
    EXPECT_EQ(random_bytes(33).size(), 33U);
}

TEST(Random, fills_all_of_a_span) {
    initialize();
    std::array<bool, 32> touched{};
    for (int i = 0; i < 64; ++i) {
        std::array<unsigned char, 32> bytes{};
        fill_random(bytes);
        for (std::size_t at = 0; at < bytes.size(); ++at)
            touched[at] |= bytes[at] != 0;
    }
    for (const bool one : touched)
        EXPECT_TRUE(one);
}

}  // namespace
}  // namespace cockpit::crypto
